import Domain
import Logging
import Storage
import StorageMySQL
import StorageSQLite

/// Copies the installation in a SQLite file into an empty MySQL database.
struct DatabaseMove: Sendable {
    /// Whose instance lock the caller holds.
    let path: String
    let target: MySQLAddress
    let logger: Logger

    /// - Throws: ``CommandFailure`` with 1 when what was copied is not the same, 65 when the target is not empty or does
    ///   not take a row, 69 when one of the databases is out of reach, 78 when the server is not what the address says.
    func run(report: @escaping @Sendable (CopyStep) -> Void) async throws {
        do {
            let source: SQLiteDriver
            do {
                source = try SQLiteDriver(path: path, logger: logger)
            } catch let failure as StorageFailure {
                throw CopyFailure.source(failure)
            }
            let target = MySQLDriver(target, logger: logger)
            let copy = DatabaseCopy(
                from: source, to: target,
                targetTime: { Timestamp(milliseconds: try await target.databaseTime()) }, report: report)
            let result: Result<Void, any Error>
            do {
                result = .success(try await copy.run())
            } catch {
                result = .failure(error)
            }
            await target.close()
            await source.close()
            try result.get()
        } catch let failure as CopyFailure {
            throw CommandFailure(failure)
        }
    }
}

extension CommandFailure {
    fileprivate init(_ failure: CopyFailure) {
        switch failure {
        case .source(let cause): self.init(cause, of: "--from")
        case .target(let cause): self.init(cause, of: "--to")
        case .difference: self.init(ExitStatus.checksFailed, failure.description)
        case .schemas, .sourceHoldsNothing, .alreadyCopied, .targetIsNotEmpty, .targetHoldsAnotherCopy,
            .targetIsInUse, .rejected:
            self.init(ExitStatus.refused, failure.description)
        }
    }

    private init(_ failure: StorageFailure, of option: String) {
        switch failure {
        case .misconfigured(let text): self.init(ExitStatus.configuration, "\(option): \(text)")
        case .newerSchema(let found, let known):
            self.init(
                ExitStatus.configuration,
                "\(option): the database has schema \(found), written by a newer version; this one knows up to \(known)"
            )
        case .unavailable(let text), .broken(let text), .constraint(let text):
            self.init(ExitStatus.databaseOutOfReach, "\(option): \(text)")
        case .full: self.init(ExitStatus.databaseOutOfReach, "\(option): the disk is full")
        }
    }
}
