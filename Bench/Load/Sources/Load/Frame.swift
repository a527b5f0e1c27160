import Glibc

/// One WebSocket frame in the bytes that were read (RFC 6455, 5.2).
struct Frame {
    /// Larger ones are a violation: as large as a page of a replay can be, with room.
    static let largestPayload = 1 << 20
    static let largestHead = 14

    enum Reading {
        case unfinished
        case violation(StaticString)
        case frame(Frame)
    }

    let opcode: UInt8
    let isFinal: Bool
    let payload: UnsafeMutableRawPointer
    let count: Int
    /// Of head and payload together.
    let size: Int

    /// The frame that begins at `bytes`. Its payload is unmasked in place.
    @inline(__always)
    static func read(_ bytes: UnsafeMutableRawPointer, _ count: Int) -> Reading {
        guard count >= 2 else { return .unfinished }
        let first = bytes.load(as: UInt8.self)
        let second = bytes.load(fromByteOffset: 1, as: UInt8.self)
        guard first & 0x70 == 0 else { return .violation("a reserved bit is set") }
        var length = Int(second & 0x7F)
        var head = 2
        if length == 126 {
            guard count >= 4 else { return .unfinished }
            length = Int(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
            head = 4
        } else if length == 127 {
            guard count >= 10 else { return .unfinished }
            let wide = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt64.self))
            guard wide <= UInt64(largestPayload) else { return .violation("a frame is larger than 1 MiB") }
            length = Int(wide)
            head = 10
        }
        var key: UInt32 = 0
        if second & 0x80 != 0 {
            guard count >= head &+ 4 else { return .unfinished }
            key = bytes.loadUnaligned(fromByteOffset: head, as: UInt32.self)
            head &+= 4
        }
        guard count &- head >= length else { return .unfinished }
        let payload = bytes + head
        if key != 0 { unmask(payload, length, key) }
        return .frame(
            Frame(
                opcode: first & 0x0F, isFinal: first & 0x80 != 0, payload: payload, count: length,
                size: head &+ length))
    }

    private static func unmask(_ bytes: UnsafeMutableRawPointer, _ count: Int, _ key: UInt32) {
        for offset in 0..<count {
            let part = UInt8(truncatingIfNeeded: key >> UInt32((offset & 3) * 8))
            let byte = bytes.load(fromByteOffset: offset, as: UInt8.self)
            bytes.storeBytes(of: byte ^ part, toByteOffset: offset, as: UInt8.self)
        }
    }

    /// The head of a final frame, masked (a client's, with a key of zeros: valid, and costs nothing) or not.
    static func head(opcode: UInt8, count: Int, isMasked: Bool) -> [UInt8] {
        let mask: UInt8 = isMasked ? 0x80 : 0
        var head: [UInt8] = [0x80 | opcode]
        if count < 126 {
            head.append(mask | UInt8(count))
        } else if count < 65_536 {
            head += [mask | 126, UInt8(count >> 8), UInt8(count & 0xFF)]
        } else {
            head.append(mask | 127)
            head += (0..<8).map { UInt8(truncatingIfNeeded: count >> (56 - 8 * $0)) }
        }
        return isMasked ? head + [0, 0, 0, 0] : head
    }

    static func whole(opcode: UInt8 = 1, _ payload: some Collection<UInt8>, isMasked: Bool) -> [UInt8] {
        head(opcode: opcode, count: payload.count, isMasked: isMasked) + payload
    }
}
