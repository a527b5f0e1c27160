import CLinux
import Glibc

/// Search in the bytes of a frame, without parsing it.
enum Bytes {
    /// Digits of a stamp: an intended time of sending in nanoseconds.
    static let stampDigits = 20
    /// Digits of a sender's running number.
    static let indexDigits = 10
    /// `@{stamp}@{index}@`
    static let markCount = stampDigits + indexDigits + 3

    @inline(__always)
    static func find(_ needle: StaticString, in bytes: UnsafeRawPointer, _ count: Int) -> UnsafeRawPointer? {
        linux_find(bytes, count, needle.utf8Start, needle.utf8CodeUnitCount)
    }

    @inline(__always)
    static func begins(_ bytes: UnsafeRawPointer, _ count: Int, with text: StaticString) -> Bool {
        count >= text.utf8CodeUnitCount && memcmp(bytes, text.utf8Start, text.utf8CodeUnitCount) == 0
    }

    /// A number of exactly `digits` digits, or nil.
    @inline(__always)
    static func number(_ bytes: UnsafeRawPointer, digits: Int) -> UInt64? {
        var value: UInt64 = 0
        for offset in 0..<digits {
            let digit = bytes.load(fromByteOffset: offset, as: UInt8.self) &- 0x30
            guard digit < 10 else { return nil }
            value = value &* 10 &+ UInt64(digit)
        }
        return value
    }

    @inline(__always)
    static func write(_ number: UInt64, digits: Int, to bytes: UnsafeMutableRawPointer) {
        var left = number
        var offset = digits
        while offset > 0 {
            offset &-= 1
            let (rest, digit) = left.quotientAndRemainder(dividingBy: 10)
            bytes.storeBytes(of: UInt8(truncatingIfNeeded: digit) &+ 0x30, toByteOffset: offset, as: UInt8.self)
            left = rest
        }
    }

    struct Mark {
        let stamp: UInt64
        let index: UInt64
    }

    /// The first `@{stamp}@{index}@`.
    @inline(__always)
    static func mark(in bytes: UnsafeRawPointer, _ count: Int) -> Mark? {
        var at = bytes
        var left = count
        while left >= markCount, let found = memchr(at, 0x40, left &- markCount &+ 1) {
            let start = UnsafeRawPointer(found)
            if start.load(fromByteOffset: stampDigits &+ 1, as: UInt8.self) == 0x40,
                start.load(fromByteOffset: markCount &- 1, as: UInt8.self) == 0x40,
                let stamp = number(start + 1, digits: stampDigits),
                let index = number(start + (stampDigits &+ 2), digits: indexDigits)
            {
                return Mark(stamp: stamp, index: index)
            }
            left = left &- (start + 1 - at)
            at = start + 1
        }
        return nil
    }

    /// The twenty digits after `"request_id":"`.
    @inline(__always)
    static func requestStamp(in bytes: UnsafeRawPointer, _ count: Int) -> UInt64? {
        guard let found = find("\"request_id\":\"", in: bytes, count) else { return nil }
        let start = found + 14
        guard bytes + count - start > stampDigits, start.load(fromByteOffset: stampDigits, as: UInt8.self) == 0x22
        else { return nil }
        return number(start, digits: stampDigits)
    }

    /// The number after the first `"seq":`; 0 if there is none.
    @inline(__always)
    static func sequence(in bytes: UnsafeRawPointer, _ count: Int) -> UInt64 {
        guard var at = find("\"seq\":", in: bytes, count) else { return 0 }
        let end = bytes + count
        at += 6
        var value: UInt64 = 0
        while at < end {
            let digit = at.load(as: UInt8.self) &- 0x30
            guard digit < 10 else { break }
            value = value &* 10 &+ UInt64(digit)
            at += 1
        }
        return value
    }

    enum Kind {
        case ack, created, error, other
    }

    /// What an object is, by its `type`. With the type as the first key nothing else is looked at.
    @inline(__always)
    static func kind(of bytes: UnsafeRawPointer, _ count: Int) -> Kind {
        if begins(bytes, count, with: "{\"type\":\"") {
            let name = bytes + 9
            let left = count &- 9
            if begins(name, left, with: "message.created\"") { return .created }
            if begins(name, left, with: "ack\"") { return .ack }
            return begins(name, left, with: "error\"") ? .error : .other
        }
        if find("\"type\":\"message.created\"", in: bytes, count) != nil { return .created }
        if find("\"type\":\"ack\"", in: bytes, count) != nil { return .ack }
        return find("\"type\":\"error\"", in: bytes, count) != nil ? .error : .other
    }

    /// Calls `take` with each object of a frame: the frame itself, or those of the array that it is.
    @inline(__always)
    static func objects(in bytes: UnsafeRawPointer, _ count: Int, _ take: (UnsafeRawPointer, Int) -> Void) {
        guard count > 0, bytes.load(as: UInt8.self) == 0x5B else { return take(bytes, count) }
        let end = bytes + count
        var at = bytes + 1
        var start = at
        var depth = 0
        while at < end {
            switch at.load(as: UInt8.self) {
            case 0x22:
                guard let close = closingQuote(after: at + 1, end) else { return }
                at = close
            case 0x7B, 0x5B:
                if depth == 0 { start = at }
                depth &+= 1
            case 0x7D, 0x5D:
                depth &-= 1
                if depth == 0 { take(start, at + 1 - start) }
            default: break
            }
            at += 1
        }
    }

    @inline(__always)
    private static func closingQuote(after start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> UnsafeRawPointer? {
        var at = start
        while at < end, let found = memchr(at, 0x22, end - at) {
            let quote = UnsafeRawPointer(found)
            var slashes = 0
            while quote - slashes > start, (quote - slashes - 1).load(as: UInt8.self) == 0x5C {
                slashes &+= 1
            }
            if slashes & 1 == 0 { return quote }
            at = quote + 1
        }
        return nil
    }

    static func text(_ bytes: UnsafeRawPointer, _ count: Int) -> String {
        String(decoding: UnsafeRawBufferPointer(start: bytes, count: min(count, 2_000)), as: UTF8.self)
    }
}
