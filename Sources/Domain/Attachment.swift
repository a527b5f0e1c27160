/// A file that somebody uploaded, beside a message or waiting to be sent with one.
public struct Attachment: Sendable, Equatable, Codable {
    /// Files beside one message, at most.
    public static let maximumPerMessage = 10
    /// Bytes of one file where nothing else is configured: 20 MiB, some minutes of speech or a scanned contract.
    public static let defaultMaximumBytes: Int64 = 20 << 20
    /// Seconds for which a file waits to be sent. Then it is removed.
    public static let unsentSeconds: Int64 = 24 * 3600

    public var id: Identifier<Attachment>
    /// As the sender's system calls it, without any path. For showing only: nothing is stored under it.
    public var name: String
    /// What the file is by its own first bytes, not by what the sender says.
    public var mediaType: String
    /// Bytes.
    public var size: Int64

    public init(id: Identifier<Attachment>, name: String, mediaType: String, size: Int64) {
        self.id = id
        self.name = name
        self.mediaType = mediaType
        self.size = size
    }
}

/// A file as it is kept: what is shown of it, and what is checked before it is.
public struct StoredAttachment: Sendable, Equatable {
    public var attachment: Attachment
    public var workspaceId: Identifier<Workspace>
    /// SHA-256 of its bytes.
    public var digest: [UInt8]
    public var createdAt: Timestamp

    public init(
        attachment: Attachment, workspaceId: Identifier<Workspace>, digest: [UInt8], createdAt: Timestamp
    ) {
        self.attachment = attachment
        self.workspaceId = workspaceId
        self.digest = digest
        self.createdAt = createdAt
    }
}
