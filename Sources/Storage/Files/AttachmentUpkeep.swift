import Domain

/// Removes what nobody needs of the files: those that were not sent, and bytes without a row.
public struct AttachmentUpkeep: Sendable {
    /// Parts of the folder that ``removeStrays(in:)`` goes by.
    public static let shards = AttachmentFolder.shards
    /// Rows of one command.
    static let batch = 100
    /// Commands of one sweep. What is left waits for the next one.
    static let batches = 10

    private let store: ChatStore
    private let folder: AttachmentFolder

    public init(store: ChatStore, folder: AttachmentFolder) {
        self.store = store
        self.folder = folder
    }

    /// Removes files that were not sent within a day.
    /// - Returns: how many.
    @discardableResult
    public func removeUnsent() async throws -> Int {
        guard try await store.read({ try $0.hasUnsentAttachmentsToRemove() }) else { return 0 }
        var total = 0
        for _ in 0..<Self.batches {
            let removed = try await store.write { try $0.removeUnsentAttachments(limit: Self.batch) }
            total += removed
            if removed < Self.batch { break }
        }
        return total
    }

    /// Removes bytes that have been without a row for a day, in one part of the folder, and uploads that broke off.
    /// - Returns: how many.
    @discardableResult
    public func removeStrays(in shard: Int) async throws -> Int {
        let end = store.clock.now().adding(seconds: -Attachment.unsentSeconds)
        return try await folder.removeStrays(in: shard, olderThan: end) { [store] ids in
            try await store.read { try $0.knownAttachments(among: ids) }
        }
    }
}
