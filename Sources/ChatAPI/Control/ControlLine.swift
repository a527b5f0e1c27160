import NIOCore

/// The control socket's framing: one JSON object per line, both ways.
enum ControlLine {
    /// Bytes of a line without its end. Requests are a few hundred bytes, a doctor's report a few thousand; an article of
    /// the longest text that is imported has 1.2 MB where every character needs an escape.
    static let maximumBytes = 2 << 20

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

        /// Bytes at the front that hold no line end, so that a long line is looked through once.
        private var searched = 0

        mutating func decode(buffer: inout ByteBuffer) throws -> ByteBuffer? {
            let view = buffer.readableBytesView
            let unseen = view.prefix(ControlLine.maximumBytes + 1).dropFirst(searched)
            guard let end = unseen.firstIndex(of: UInt8(ascii: "\n")) else {
                if buffer.readableBytes > ControlLine.maximumBytes { throw TooLong() }
                searched = buffer.readableBytes
                return nil
            }
            searched = 0
            let line = buffer.readSlice(length: end - view.startIndex)
            buffer.moveReaderIndex(forwardBy: 1)
            return line
        }

        mutating func decodeLast(buffer: inout ByteBuffer, seenEOF: Bool) throws -> ByteBuffer? {
            try decode(buffer: &buffer)  // what has no line end was never sent whole
        }
    }
}
