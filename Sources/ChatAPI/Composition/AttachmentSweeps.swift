import Logging
import Storage

/// When the upkeep of files is due. Apart from the other sweeps, because looking through folders every second would be
/// much ado about what nobody waits for.
actor AttachmentSweeps {
    /// How often files that were not sent are looked for.
    static let unsentInterval = Duration.seconds(60)
    /// How often a shard of the folder is looked through: all of them in less than two days.
    static let strayInterval = Duration.seconds(600)

    private let upkeep: AttachmentUpkeep
    private var nextUnsent = ContinuousClock.now
    private var nextStrays = ContinuousClock.now
    private var shard: Int

    init(_ upkeep: AttachmentUpkeep) {
        self.upkeep = upkeep
        // Not always from the first one on: a process may be restarted often.
        shard = Int.random(in: 0..<AttachmentUpkeep.shards)
    }

    /// - Throws: `StorageFailure`; it is tried again when it is due again.
    func sweepIfDue() async throws {
        let now = ContinuousClock.now
        if now >= nextUnsent {
            nextUnsent = now + Self.unsentInterval
            try await upkeep.removeUnsent()
        }
        if now >= nextStrays {
            nextStrays = now + Self.strayInterval
            try await upkeep.removeStrays(in: shard)
            shard = (shard + 1) % AttachmentUpkeep.shards
        }
    }
}

extension AttachmentFolder {
    /// - Throws: ``CommandFailure`` with 78 when there can be no such folder.
    convenience init(_ configuration: ServerConfiguration.Attachments, logger: Logger) throws {
        do {
            try self.init(path: configuration.path, logger: logger)
        } catch let StorageFailure.misconfigured(text) {
            throw CommandFailure(ExitStatus.configuration, "ATTACHMENT_DIR: \(text)")
        }
    }
}
