public import NIOCore

/// A text message framed once, header and payload in one buffer, to be sent to any number of sockets without copying
/// or allocating anything per socket.
public struct TextFrame: Sendable {
    /// The whole frame as it goes over the wire.
    public let bytes: ByteBuffer

    /// The message, sharing storage with `bytes`. (Of frames that were joined: what follows the first header.)
    public var payload: ByteBuffer {
        let header = FrameHeader.byteCount(frame: bytes.readableBytes)
        return bytes.getSlice(at: bytes.readerIndex + header, length: bytes.readableBytes - header) ?? ByteBuffer()
    }

    /// Frames a message that `write` writes; it lands in its final place and is not copied.
    ///
    /// - Parameters:
    ///   - capacity: Expected size of the message in bytes; more only costs a reallocation.
    ///   - write: Appends the message, which must be UTF-8, and leaves what is in the buffer alone.
    public init(capacity: Int = 512, _ write: (inout ByteBuffer) throws -> Void) rethrows {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(FrameHeader.maximumBytes + max(0, capacity))
        // Room for the longest header; the real one is put directly in front of the payload.
        buffer.writeRepeatingByte(0, count: FrameHeader.maximumBytes)
        try write(&buffer)
        let end = buffer.writerIndex
        let length = max(0, end - FrameHeader.maximumBytes)
        let start = FrameHeader.maximumBytes - FrameHeader.byteCount(payload: length)
        var header = ByteBuffer()
        FrameHeader.write(FrameHeader.text, payload: length, into: &header)
        buffer.setBuffer(header, at: start)
        bytes = buffer.getSlice(at: start, length: end - start) ?? ByteBuffer()
    }

    /// Several frames behind each other in one buffer, so that they can be sent with one write.
    init(joining frames: [TextFrame]) {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(frames.reduce(0) { $0 + $1.bytes.readableBytes })
        for frame in frames { buffer.writeImmutableBuffer(frame.bytes) }
        bytes = buffer
    }

    /// Frames a message by copying it once.
    public init(_ payload: ByteBuffer) {
        self.init(capacity: payload.readableBytes) { $0.writeImmutableBuffer(payload) }
    }
}
