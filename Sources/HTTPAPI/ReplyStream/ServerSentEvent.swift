import NIOCore

/// One event of a `text/event-stream` (WHATWG HTML, 9.2).
enum ServerSentEvent {
    /// Keeps proxies from closing an idle connection. Contract: a comment every 15 s.
    static let comment = ByteBuffer(string: ":\n\n")

    /// The JSON has no line breaks of its own: encoders escape them inside texts and write none between.
    static func bytes(type: String, seq: Int64?, json: ByteBuffer) -> ByteBuffer {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(json.readableBytes + type.utf8.count + 48)
        bytes.writeString("event: \(type)\n")
        if let seq { bytes.writeString("id: \(seq)\n") }
        bytes.writeString("data: ")
        bytes.writeImmutableBuffer(json)
        bytes.writeString("\n\n")
        return bytes
    }
}
