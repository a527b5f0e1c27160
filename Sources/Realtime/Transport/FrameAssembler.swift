import NIOCore

/// The receiving half of RFC 6455 as a state machine without I/O: bytes of a client in, whole text messages, control
/// frames or the first violation out.
///
/// It checks what NIO's decoder leaves to others: masking, reserved bits and opcodes, the rules of fragmentation,
/// minimal lengths, UTF-8 across fragments, close codes. A message's size is judged by the *declared* length, before
/// any of the payload is read, and memory grows with what has arrived and not with what was promised.
/// Between messages it holds no buffer.
struct FrameAssembler {
    enum Event: Equatable {
        /// A whole message, valid UTF-8.
        case text(ByteBuffer)
        case ping(ByteBuffer)
        case pong(ByteBuffer)
        /// The peer's close frame; `nil` when it carried no code. Nothing follows.
        case close(CloseCode?)
        /// The connection has failed and must be closed with this code. Nothing follows.
        case violation(CloseCode, Violation)
    }

    /// What the peer did wrong, worded for the reason of our close frame.
    enum Violation: String {
        case notMasked = "frame not masked"
        case reservedBits = "reserved bits set"
        case reservedOpcode = "reserved opcode"
        case binary = "binary not accepted"
        case fragmentedControl = "fragmented control frame"
        case longControl = "control frame too long"
        case notMinimal = "length not minimal"
        case unexpectedContinuation = "nothing to continue"
        case interruptedMessage = "message not finished"
        case tooManyFragments = "too many fragments"
        case tooBig = "message too big"
        case notUTF8 = "not UTF-8"
        case badClose = "malformed close frame"
    }

    private enum Opcode: UInt8 {
        case continuation = 0x0
        case text = 0x1
        case binary = 0x2
        case close = 0x8
        case ping = 0x9
        case pong = 0xA
    }

    private enum Stage {
        case header
        case payload(Opcode)
        /// After a close frame or a violation: whatever still arrives is dropped unread.
        case finished
    }

    /// Bound on the fragments of one message: empty fragments cost the peer six bytes each and would let it keep the
    /// server busy without ever reaching the size limit.
    static let maximumFragments: UInt16 = 4096
    /// RFC 6455 §5.5.
    static let maximumControlPayload = 125
    /// Two bytes, eight of extended length, four of mask.
    private static let longestHeader = 14

    private let maximumMessageBytes: Int
    private var stage = Stage.header
    /// The header's bytes so far, most significant first in two words, since it may be cut anywhere.
    private var header: (UInt64, UInt64) = (0, 0)
    private var headerBytes: UInt8 = 0
    private var isFinal = false
    /// Little-endian, rotated so that its lowest byte is the one for the next payload byte.
    private var mask: UInt32 = 0
    private var missingPayload = 0
    private var isInMessage = false
    private var fragments: UInt16 = 0
    private var message = ByteBuffer()
    private var validator = UTF8Validator()
    /// Separate from `message`, since control frames come between a message's fragments.
    private var control = ByteBuffer()

    init(maximumMessageBytes: Int) {
        self.maximumMessageBytes = maximumMessageBytes
    }

    /// Consumes bytes up to the end of the next event.
    ///
    /// - Returns: `nil` when all bytes are consumed and more are needed.
    mutating func next(from bytes: inout ByteBuffer) -> Event? {
        while true {
            switch stage {
            case .finished:
                bytes.moveReaderIndex(to: bytes.writerIndex)
                return nil
            case .header:
                switch readHeader(from: &bytes) {
                case .needsMore: return nil
                case .complete: continue
                case .failed(let code, let violation): return fail(code, violation)
                }
            case .payload(let opcode):
                guard readPayload(opcode, from: &bytes) else { return fail(.invalidText, .notUTF8) }
                guard missingPayload == 0 else { return nil }
                stage = .header
                if let event = finishFrame(opcode) { return event }
            }
        }
    }

    private mutating func fail(_ code: CloseCode, _ violation: Violation) -> Event {
        stage = .finished
        message = ByteBuffer()
        control = ByteBuffer()
        return .violation(code, violation)
    }

    // MARK: Header

    private enum HeaderResult {
        case needsMore
        case complete
        case failed(CloseCode, Violation)
    }

    private mutating func readHeader(from bytes: inout ByteBuffer) -> HeaderResult {
        // The rules of the first two bytes are applied as soon as each is there: a peer that speaks something else
        // is answered at once and not when it happens to have sent a whole header.
        while let byte = bytes.readInteger(as: UInt8.self) {
            append(byte)
            switch headerBytes {
            case 1:
                if let (code, violation) = judgeFirstByte(byte) { return .failed(code, violation) }
            case 2:
                if let (code, violation) = judgeSecondByte(byte) { return .failed(code, violation) }
            default:
                break
            }
            if headerBytes >= 2, Int(headerBytes) == expectedHeaderBytes {
                return finishHeader()
            }
        }
        return .needsMore
    }

    private mutating func append(_ byte: UInt8) {
        // 16 bytes of room, never more than `longestHeader` used.
        if headerBytes < 8 {
            header.0 |= UInt64(byte) &<< (56 &- 8 &* UInt64(headerBytes))
        } else {
            header.1 |= UInt64(byte) &<< (56 &- 8 &* UInt64(headerBytes &- 8))
        }
        headerBytes &+= 1
    }

    private var firstByte: UInt8 { UInt8(truncatingIfNeeded: header.0 &>> 56) }
    private var shortLength: UInt8 { UInt8(truncatingIfNeeded: header.0 &>> 48) & 0x7F }

    private var expectedHeaderBytes: Int {
        switch shortLength {
        case 126: 8
        case 127: Self.longestHeader
        default: 6
        }
    }

    private func judgeFirstByte(_ byte: UInt8) -> (CloseCode, Violation)? {
        guard byte & 0x70 == 0 else { return (.protocolError, .reservedBits) }
        let isFinal = byte & 0x80 != 0
        switch Opcode(rawValue: byte & 0x0F) {
        case .none: return (.protocolError, .reservedOpcode)
        case .continuation: return isInMessage ? nil : (.protocolError, .unexpectedContinuation)
        case .text: return isInMessage ? (.protocolError, .interruptedMessage) : nil
        case .binary:
            return isInMessage ? (.protocolError, .interruptedMessage) : (.unacceptableData, .binary)
        case .close, .ping, .pong: return isFinal ? nil : (.protocolError, .fragmentedControl)
        }
    }

    private func judgeSecondByte(_ byte: UInt8) -> (CloseCode, Violation)? {
        guard byte & 0x80 != 0 else { return (.protocolError, .notMasked) }
        let isControl = firstByte & 0x08 != 0
        guard !isControl || Int(byte & 0x7F) <= Self.maximumControlPayload else {
            return (.protocolError, .longControl)
        }
        return nil
    }

    private mutating func finishHeader() -> HeaderResult {
        let length: UInt64
        let rawMask: UInt32
        switch shortLength {
        case 126:
            length = (header.0 &>> 32) & 0xFFFF
            rawMask = UInt32(truncatingIfNeeded: header.0)
            guard length > 125 else { return .failed(.protocolError, .notMinimal) }
        case 127:
            length = (header.0 &<< 16) | (header.1 &>> 48)
            rawMask = UInt32(truncatingIfNeeded: header.1 &>> 16)
            // Also refuses the highest bit, which must be zero, as too big.
            guard length > 0xFFFF else { return .failed(.protocolError, .notMinimal) }
        default:
            length = UInt64(shortLength)
            rawMask = UInt32(truncatingIfNeeded: header.0 &>> 16)
        }
        guard let opcode = Opcode(rawValue: firstByte & 0x0F) else { return .failed(.protocolError, .reservedOpcode) }
        isFinal = firstByte & 0x80 != 0
        header = (0, 0)
        headerBytes = 0
        if opcode == .text || opcode == .continuation {
            guard fragments < Self.maximumFragments else { return .failed(.messageTooBig, .tooManyFragments) }
            fragments &+= 1
            // `message` never exceeds the limit, so the difference is not negative.
            guard length <= UInt64(maximumMessageBytes - message.readableBytes) else {
                return .failed(.messageTooBig, .tooBig)
            }
            isInMessage = true
        }
        mask = rawMask.byteSwapped
        missingPayload = Int(length)
        stage = .payload(opcode)
        return .complete
    }

    // MARK: Payload

    /// - Returns: `false` when text is not UTF-8.
    private mutating func readPayload(_ opcode: Opcode, from bytes: inout ByteBuffer) -> Bool {
        let count = min(missingPayload, bytes.readableBytes)
        guard count > 0 else { return true }
        missingPayload -= count
        var isValid = true
        let mask = self.mask
        var validator = self.validator
        let isText = opcode == .text || opcode == .continuation
        bytes.readWithUnsafeReadableBytes { source in
            let source = UnsafeRawBufferPointer(rebasing: source.prefix(count))
            func write(_ target: UnsafeMutableRawBufferPointer) -> Int {
                let target = UnsafeMutableRawBufferPointer(rebasing: target.prefix(count))
                Self.unmask(source, into: target, with: mask)
                if isText { isValid = validator.accept(UnsafeRawBufferPointer(target)) }
                return count
            }
            if isText {
                message.writeWithUnsafeMutableBytes(minimumWritableBytes: count, write)
            } else {
                control.writeWithUnsafeMutableBytes(minimumWritableBytes: count, write)
            }
            return count
        }
        self.validator = validator
        let turn = UInt32(truncatingIfNeeded: (count & 3) &* 8)
        self.mask = turn == 0 ? mask : (mask &>> turn) | (mask &<< (32 &- turn))
        return isValid
    }

    /// XORs eight bytes at a time. Both buffers have the same size.
    private static func unmask(
        _ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer, with mask: UInt32
    ) {
        let wide = UInt64(mask) &<< 32 | UInt64(mask)
        var index = 0
        while index &+ 8 <= source.count {
            let word = UInt64(littleEndian: source.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            target.storeBytes(of: (word ^ wide).littleEndian, toByteOffset: index, as: UInt64.self)
            index &+= 8
        }
        while index < source.count {
            target[index] = source[index] ^ UInt8(truncatingIfNeeded: wide &>> (8 &* UInt64(index & 7)))
            index &+= 1
        }
    }

    private mutating func finishFrame(_ opcode: Opcode) -> Event? {
        switch opcode {
        case .text, .continuation, .binary:
            guard isFinal else { return nil }
            guard validator.isAtBoundary else { return fail(.invalidText, .notUTF8) }
            isInMessage = false
            fragments = 0
            validator = UTF8Validator()
            return .text(Self.take(&message))
        case .ping: return .ping(Self.take(&control))
        case .pong: return .pong(Self.take(&control))
        case .close: return finishClose()
        }
    }

    private mutating func finishClose() -> Event {
        var payload = Self.take(&control)
        guard payload.readableBytes > 0 else {
            stage = .finished
            message = ByteBuffer()
            return .close(nil)
        }
        guard let code = payload.readInteger(as: UInt16.self).map(CloseCode.init(rawValue:)), code.mayBeReceived else {
            return fail(.protocolError, .badClose)
        }
        var reason = UTF8Validator()
        guard payload.withUnsafeReadableBytes({ reason.accept($0) }), reason.isAtBoundary else {
            return fail(.invalidText, .notUTF8)
        }
        stage = .finished
        message = ByteBuffer()
        return .close(code)
    }

    private static func take(_ buffer: inout ByteBuffer) -> ByteBuffer {
        defer { buffer = ByteBuffer() }
        return buffer
    }
}
