import NIOCore

/// The control socket's framing: one JSON object per line, both ways.
enum ControlLine {
    /// Bytes of a line without its end. Requests are a few hundred bytes, a doctor's report a few thousand.
    static let maximumBytes = 64 * 1024

    /// The line is longer than that.
    struct TooLong: Error {}

    /// The line with its end.
    static func ended(_ line: ByteBuffer) -> ByteBuffer {
        var line = line
        line.writeInteger(UInt8(ascii: "\n"))
        return line
    }

    /// Splits what arrives into lines.
    struct Decoder: NIOSingleStepByteToMessageDecoder {
        typealias InboundOut = ByteBuffer

        func decode(buffer: inout ByteBuffer) throws -> ByteBuffer? {
            let view = buffer.readableBytesView
            guard let end = view.prefix(ControlLine.maximumBytes + 1).firstIndex(of: UInt8(ascii: "\n")) else {
                if buffer.readableBytes > ControlLine.maximumBytes { throw TooLong() }
                return nil
            }
            let line = buffer.readSlice(length: end - view.startIndex)
            buffer.moveReaderIndex(forwardBy: 1)
            return line
        }

        func decodeLast(buffer: inout ByteBuffer, seenEOF: Bool) throws -> ByteBuffer? {
            try decode(buffer: &buffer)  // what has no line end was never sent whole
        }
    }
}
