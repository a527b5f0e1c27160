/// A file that somebody uploaded, beside a message or waiting to be sent with one.
public struct Attachment: Sendable, Equatable, Codable {
    /// Files beside one message, at most.
    public static let maximumPerMessage = 10

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
