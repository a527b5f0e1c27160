import NIOCore

@testable import Cluster

/// Makes streams of replies, right ones and wrong ones, from a seed.
struct RESPInputs {
    private var random: SplitMix

    init(seed: UInt64) { random = SplitMix(seed: seed) }

    mutating func stream() -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 1...4, using: &random) { bytes += value(depth: 0) }
        // Around the depth at which hiredis gives up.
        let depth = Int.random(in: 0...40, using: &random)
        if (6...10).contains(depth) { bytes += (0..<depth).flatMap { _ in Array("*1\r\n".utf8) } + value(depth: 10) }
        return bytes
    }

    mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let position = Int.random(in: 0...bytes.count, using: &random)
            switch Int.random(in: 0..<7, using: &random) {
            case 0 where position < bytes.count: bytes[position] = UInt8.random(in: 0...255, using: &random)
            case 1 where position < bytes.count: bytes[position] = special()
            case 2: bytes.insert(special(), at: position)
            case 3 where position < bytes.count: bytes.remove(at: position)
            case 4: bytes.removeSubrange(position...)
            case 5: bytes.insert(contentsOf: value(depth: 4), at: position)
            case 6: bytes.insert(contentsOf: "\r\n".utf8, at: position)
            default: bytes.append(special())
            }
        }
        return bytes
    }

    /// The bytes in pieces of any length.
    mutating func pieces(of bytes: [UInt8]) -> [[UInt8]] {
        var (rest, pieces) = (bytes[...], [[UInt8]]())
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...12, using: &random))
            pieces.append(Array(piece))
            rest = rest.dropFirst(piece.count)
        }
        return pieces
    }

    private mutating func special() -> UInt8 { Array("\r\n$*:+-0123456789\0".utf8).randomElement(using: &random) ?? 0 }

    private mutating func value(depth: Int) -> [UInt8] {
        switch Int.random(in: 0..<(depth < 10 ? 9 : 6), using: &random) {
        case 0: return Array("+\(text())\r\n".utf8)
        case 1: return Array("-ERR \(text())\r\n".utf8)
        case 2: return Array(":\(number())\r\n".utf8)
        case 3: return Array("$-1\r\n".utf8)
        case 4: return Array("*-1\r\n".utf8)
        case 5, 6:
            let bytes = (0..<Int.random(in: 0...20, using: &random)).map { _ in special() }
            return Array("$\(bytes.count)\r\n".utf8) + bytes + Array("\r\n".utf8)
        default:
            let count = Int.random(in: 0...3, using: &random)
            return (0..<count).reduce(Array("*\(count)\r\n".utf8)) { bytes, _ in bytes + value(depth: depth + 1) }
        }
    }

    private mutating func text() -> String {
        ["", "OK", "a b", "\r", "\n", "x\ry\nz", "你好", String(repeating: "t", count: 40)].randomElement(using: &random)
            ?? ""
    }

    private mutating func number() -> String {
        let numbers = [
            "0", "1", "-1", "42", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "-0", "+1",
            "01", "",
            "-", "1.5", "99999999999999999999999", "1 ",
        ]
        return numbers.randomElement(using: &random) ?? "0"
    }
}
