import CLinux
import Glibc

/// Just enough of HTTP/1.1 to know where a request or an answer ends.
enum HTTPHead {
    enum Reading: Equatable {
        case unfinished
        case violation(String)
        /// An answer, with its head and its body; whether the server ends the connection after it.
        case answer(status: Int, size: Int, isLast: Bool)
    }

    private static let largestHead = 64 * 1_024

    /// Of a whole request with its body; nil while it is unfinished.
    static func size(ofRequest bytes: UnsafeRawPointer, _ count: Int) -> Int? {
        guard count > 0, let end = Bytes.find("\r\n\r\n", in: bytes, count) else { return nil }
        let head = end + 4 - bytes
        let body = length(bytes, head) ?? 0
        return count - head >= body ? head + body : nil
    }

    /// The answer that `bytes` begin with.
    static func answer(_ bytes: UnsafeRawPointer, _ count: Int) -> Reading {
        guard count > 0 else { return .unfinished }
        guard let end = Bytes.find("\r\n\r\n", in: bytes, count) else {
            return count > largestHead ? .violation("the head of an answer is larger than 64 KiB") : .unfinished
        }
        let head = end + 4 - bytes
        guard head >= 16, Bytes.begins(bytes, count, with: "HTTP/1."),
            let status = Bytes.number(bytes + 9, digits: 3).map({ Int($0) })
        else { return .violation("not an HTTP answer: \(Bytes.text(bytes, min(count, 100)))") }
        let isLast = has("connection:", "close", bytes, head)
        if status == 204 || status == 304 { return .answer(status: status, size: head, isLast: isLast) }
        if let body = length(bytes, head) {
            return count - head >= body ? .answer(status: status, size: head + body, isLast: isLast) : .unfinished
        }
        guard has("transfer-encoding:", "chunked", bytes, head) else {
            return .violation("an answer of unknown length")
        }
        switch chunks(bytes + head, count - head) {
        case .some(let body) where body > 0: return .answer(status: status, size: head + body, isLast: isLast)
        case .some: return .violation("not a chunk")
        case nil: return .unfinished
        }
    }

    /// Size of a chunked body; nil while it is unfinished, 0 if it is none.
    private static func chunks(_ bytes: UnsafeRawPointer, _ count: Int) -> Int? {
        var at = 0
        while true {
            guard let line = Bytes.find("\r\n", in: bytes + at, count - at) else { return nil }
            var size = 0
            var digit = bytes + at
            guard digit < line else { return 0 }
            while digit < line, let value = hexadecimal(digit.load(as: UInt8.self)) {
                size = size * 16 + value
                guard size <= Frame.largestPayload else { return 0 }
                digit += 1
            }
            let body = line + 2 - bytes
            guard count - body >= size + 2 else { return nil }
            at = body + size + 2
            // Trailers are not expected: after the last chunk comes the empty line.
            if size == 0 { return at }
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30
        case 0x41...0x46: Int(byte) - 0x37
        case 0x61...0x66: Int(byte) - 0x57
        default: nil
        }
    }

    private static func length(_ bytes: UnsafeRawPointer, _ head: Int) -> Int? {
        guard var at = value(of: "content-length:", bytes, head) else { return nil }
        var length = 0
        while case let digit = at.load(as: UInt8.self) &- 0x30, digit < 10 {
            length = min(length * 10 + Int(digit), Frame.largestPayload * 2)
            at += 1
        }
        return length
    }

    /// Where the value of a header begins. The head ends with an empty line, so nothing is read beyond it.
    @inline(__always)
    private static func value(of name: StaticString, _ bytes: UnsafeRawPointer, _ head: Int) -> UnsafeRawPointer? {
        var at = bytes
        let end = bytes + head
        while let line = memchr(at, 0x0A, end - at) {
            at = UnsafeRawPointer(line) + 1
            if end - at > name.utf8CodeUnitCount, strncasecmp(at, name.utf8Start, name.utf8CodeUnitCount) == 0 {
                at += name.utf8CodeUnitCount
                while at.load(as: UInt8.self) == 0x20 { at += 1 }
                return at
            }
        }
        return nil
    }

    private static func has(
        _ name: StaticString, _ wanted: StaticString, _ bytes: UnsafeRawPointer, _ head: Int
    ) -> Bool {
        guard let found = value(of: name, bytes, head) else { return false }
        return strncasecmp(found, wanted.utf8Start, wanted.utf8CodeUnitCount) == 0
    }

    private static func strncasecmp(_ left: UnsafeRawPointer, _ right: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
        Glibc.strncasecmp(
            left.assumingMemoryBound(to: CChar.self),
            UnsafeRawPointer(right).assumingMemoryBound(to: CChar.self), count)
    }
}
