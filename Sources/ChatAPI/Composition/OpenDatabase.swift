import Crypto
import Domain
import Foundation
import Logging
import Storage
import StorageSQLite
import Wire

/// The database, migrated and ready: what `serve` and the other verbs build on.
struct OpenDatabase: Sendable {
    /// How long a database that is out of reach is waited for.
    static let patience = Duration.seconds(30)

    let store: ChatStore
    let commits: CommitFeed
    let views: ViewMaker
    /// Names the log's incarnation.
    let logEpoch: String
    /// Schema before and after.
    let migration: MigrationSummary

    /// - Throws: ``CommandFailure`` with 69 when the database is out of reach for 30 s, 78 when a newer build wrote it.
    static func open(_ configuration: ServerConfiguration, logger: Logger) async throws -> OpenDatabase {
        let path: String
        switch configuration.database {
        case .sqlite(let sqlitePath): path = sqlitePath
        case .mysql:
            throw CommandFailure(ExitStatus.configuration, "DATABASE_URL: this build serves SQLite only")
        }
        let driver = try await reach(logger) { try SQLiteDriver(path: path, logger: logger) }
        do {
            let migration = try await driver.migrate()
            let clock = SystemClock()
            let highest = try await driver.highestIdentifier()
            let commits = CommitFeed()
            let store = ChatStore(
                driver: driver,
                settings: StoreSettings(
                    lifetime: .init(
                        idleSeconds: configuration.sessions.idle.components.seconds,
                        expirySeconds: configuration.sessions.lifetime.components.seconds),
                    nodeId: configuration.nodeId),
                clock: clock, identifiers: IdentifierGenerator(clock: clock, highest: highest), observer: commits,
                logger: logger)
            let (key, epoch) = try await store.write { transaction in
                (
                    try transaction.keep(random(PublicIdentifiers.keyBytes), as: .identifierKey),
                    try transaction.keep(random(8), as: .logEpoch)
                )
            }
            guard let identifiers = PublicIdentifiers(key: key) else {
                throw CommandFailure(ExitStatus.software, "the installation's identifier key is damaged")
            }
            return OpenDatabase(
                store: store, commits: commits, views: ViewMaker(identifiers: identifiers),
                logEpoch: epoch.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined(),
                migration: MigrationSummary(version: migration.version, applied: migration.applied))
        } catch let StorageFailure.newerSchema(found, known) {
            await driver.close()
            throw CommandFailure(
                ExitStatus.configuration,
                "the database has schema \(found), written by a newer version; this one knows up to \(known)")
        } catch let failure as StorageFailure {
            await driver.close()
            throw CommandFailure.databaseOutOfReach("the database cannot be used: \(failure)")
        }
    }

    /// Tries until it works or the patience is at its end.
    private static func reach<Driver>(_ logger: Logger, _ open: () throws -> Driver) async throws -> Driver {
        let clock = ContinuousClock()
        let end = clock.now + patience
        while true {
            do {
                return try open()
            } catch let failure as StorageFailure {
                guard case .unavailable = failure, clock.now < end else {
                    throw CommandFailure.databaseOutOfReach("the database cannot be opened: \(failure)")
                }
                logger.warning("the database cannot be opened yet", metadata: ["error": "\(failure)"])
                try await clock.sleep(for: .seconds(1))
            }
        }
    }

    private static func random(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}
