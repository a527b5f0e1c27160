import NIOCore

/// Headers of the frames that a server sends: unmasked, never fragmented (RFC 6455 §5.2).
enum FrameHeader {
    /// The longest header of an unmasked frame, in bytes.
    static let maximumBytes = 10

    static let text: UInt8 = 0x81
    static let close: UInt8 = 0x88
    static let ping: UInt8 = 0x89
    static let pong: UInt8 = 0x8A

    static func byteCount(payload: Int) -> Int {
        switch payload {
        case ...125: 2
        case ...0xFFFF: 4
        default: maximumBytes
        }
    }

    /// Bytes of the header of a frame that has so many bytes in all.
    static func byteCount(frame: Int) -> Int {
        switch frame {
        case ..<2: frame
        case ...127: 2
        case ...(0xFFFF + 4): 4
        default: maximumBytes
        }
    }

    static func write(_ first: UInt8, payload: Int, into buffer: inout ByteBuffer) {
        buffer.writeInteger(first)
        switch payload {
        case ...125: buffer.writeInteger(UInt8(truncatingIfNeeded: payload))
        case ...0xFFFF: buffer.writeMultipleIntegers(UInt8(126), UInt16(truncatingIfNeeded: payload))
        default: buffer.writeMultipleIntegers(UInt8(127), UInt64(payload))
        }
    }

    /// Headers of all text frames up to 125 bytes in one constant buffer: a short frame's header is a slice of it and
    /// costs no allocation.
    private static let shortTextHeaders: ByteBuffer = {
        var buffer = ByteBuffer()
        for length in 0...125 { write(text, payload: length, into: &buffer) }
        return buffer
    }()

    static func text(payload: Int) -> ByteBuffer {
        if payload <= 125, let header = shortTextHeaders.getSlice(at: payload * 2, length: 2) { return header }
        var header = ByteBuffer()
        header.reserveCapacity(maximumBytes)
        write(text, payload: payload, into: &header)
        return header
    }
}
