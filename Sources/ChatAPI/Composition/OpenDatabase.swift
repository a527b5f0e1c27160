import Domain
import Logging
import ServiceLifecycle
import Storage
import StorageMySQL
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
    /// Stored secrets as they were found and, where their key was an older one, renewed.
    let secrets: SecretUpkeep.Result
    /// Schema before and after.
    let migration: MigrationSummary
    /// This process's place among those on the same database; nil where it is alone.
    let membership: NodeMembership?
    /// What runs as long as the database is open.
    let services: [any Service]

    /// - Parameter nodeId: the name of this process, which no other living one has.
    /// - Throws: ``CommandFailure`` with 69 when the database is out of reach for 30 s, 78 when it is not what the
    ///   configuration says, or a newer build wrote it.
    static func open(
        _ configuration: ServerConfiguration, as nodeId: String, logger: Logger
    ) async throws -> OpenDatabase {
        do {
            switch configuration.database {
            case .sqlite(let path): return try await open(file: path, configuration, as: nodeId, logger: logger)
            case .mysql(let address): return try await open(address, configuration, as: nodeId, logger: logger)
            }
        } catch let StorageFailure.newerSchema(found, known) {
            throw CommandFailure(
                ExitStatus.configuration,
                "the database has schema \(found), written by a newer version; this one knows up to \(known)")
        } catch let StorageFailure.misconfigured(text) {
            throw CommandFailure(ExitStatus.configuration, "DATABASE_URL: \(text)")
        } catch let failure as StorageFailure {
            throw CommandFailure.databaseOutOfReach("the database cannot be used: \(failure)")
        }
    }

    /// Signs off and closes the database.
    func close() async {
        await membership?.leave()
        await store.close()
    }

    private static func open(
        file path: String, _ configuration: ServerConfiguration, as nodeId: String, logger: Logger
    ) async throws -> OpenDatabase {
        let driver = try await reach(logger) { try SQLiteDriver(path: path, logger: logger) }
        return try await closing(driver) {
            let migration = try await driver.migrate()
            let clock = SystemClock()
            let identifiers = IdentifierGenerator(clock: clock, highest: try await driver.highestIdentifier())
            let commits = CommitFeed()
            let store = ChatStore(
                driver: driver, settings: StoreSettings(configuration, nodeId: nodeId), clock: clock,
                identifiers: identifiers, observer: commits, logger: logger)
            return try await OpenDatabase(store, commits, migration, membership: nil, services: [])
        }
    }

    private static func open(
        _ address: MySQLAddress, _ configuration: ServerConfiguration, as nodeId: String, logger: Logger
    ) async throws -> OpenDatabase {
        let driver = MySQLDriver(address, logger: logger)
        return try await closing(driver) {
            let migration = try await reach(logger) { try await driver.migrate() }
            let clock = DatabaseClock()
            try await clock.set(by: driver.databaseTime)
            let settings = StoreSettings(configuration, nodeId: nodeId)
            // The number that goes into keys is known only once the process is enrolled, for which no key is needed.
            let enrolling = ChatStore(
                driver: driver, settings: settings, clock: clock, identifiers: IdentifierGenerator(clock: clock),
                observer: CommitFeed(), logger: logger)
            let membership = try await NodeMembership.join(
                enrolling, driver, components: configuration.components.map(\.rawValue).sorted().joined(separator: ","),
                logger: logger)
            let identifiers = IdentifierGenerator(
                clock: clock, node: membership.record.number, highest: try await driver.highestIdentifier())
            let commits = CommitFeed()
            let store = ChatStore(
                driver: driver, settings: settings, clock: clock, identifiers: identifiers, observer: commits,
                logger: logger)
            return try await OpenDatabase(
                store, commits, migration, membership: membership,
                services: [
                    NodeRenewal(membership: membership),
                    ClockKeeper(clock: clock, ask: driver.databaseTime, logger: logger),
                ])
        }
    }

    private init(
        _ store: ChatStore, _ commits: CommitFeed, _ migration: SchemaMigration, membership: NodeMembership?,
        services: [any Service]
    ) async throws {
        guard try await store.read({ try $0.installationValue(.unfinishedCopy) }) == nil else {
            await membership?.leave()
            throw CommandFailure(
                ExitStatus.configuration,
                "DATABASE_URL: a copy into this database was not completed; run chat-api migrate --from … again")
        }
        do {
            secrets = try await SecretUpkeep(store: store).run()
        } catch {
            await membership?.leave()
            throw error
        }
        let (key, epoch) = try await store.write { transaction in
            (
                try transaction.keep(Self.random(PublicIdentifiers.keyBytes), as: .identifierKey),
                try transaction.keep(Self.random(8), as: .logEpoch)
            )
        }
        guard let identifiers = PublicIdentifiers(key: key) else {
            throw CommandFailure(ExitStatus.software, "the installation's identifier key is damaged")
        }
        self.store = store
        self.commits = commits
        self.migration = MigrationSummary(version: migration.version, applied: migration.applied)
        self.membership = membership
        self.services = services
        views = ViewMaker(identifiers: identifiers)
        logEpoch = epoch.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// Closes the driver when the work fails.
    private static func closing(
        _ driver: any DatabaseDriver, _ work: () async throws -> OpenDatabase
    ) async throws -> OpenDatabase {
        do {
            return try await work()
        } catch {
            await driver.close()
            throw error
        }
    }

    /// Tries until it works or the patience is at its end.
    private static func reach<Value>(_ logger: Logger, _ open: () async throws -> Value) async throws -> Value {
        let clock = ContinuousClock()
        let end = clock.now + patience
        while true {
            do {
                return try await open()
            } catch let failure as StorageFailure {
                guard case .unavailable = failure else { throw failure }
                guard clock.now < end else {
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

extension StoreSettings {
    init(_ configuration: ServerConfiguration, nodeId: String) {
        self.init(
            lifetime: .init(
                idleSeconds: configuration.sessions.idle.components.seconds,
                expirySeconds: configuration.sessions.lifetime.components.seconds),
            nodeId: nodeId, makesReplies: configuration.components.contains(.assistant),
            secrets: SecretBox(
                key: configuration.secrets.encryption.bytes,
                former: configuration.secrets.formerEncryption.map(\.bytes)))
    }
}
