import Domain

/// Decodes any type from random values: a random instance of whatever can be decoded, with every shape that it may have.
final class RandomDecoder: Decoder {
    private var generator: SeededGenerator
    fileprivate var depth = 0

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    /// A random value of `type`.
    func value<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        if type == String.self, let value = text() as? T { return value }
        if type == Bool.self, let value = chance(2) as? T { return value }
        if type == Double.self, let value = number() as? T { return value }
        if type == Timestamp.self, let value = Timestamp(milliseconds: .random(in: range, using: &generator)) as? T {
            return value
        }
        if type == JSONValue.self, let value = json(depth: 3) as? T { return value }
        if let type = type as? any (FixedWidthInteger & Sendable).Type, let value = integer(type) as? T { return value }
        if let type = type as? any CaseIterable.Type, let value = anyCase(of: type) as? T { return value }
        depth += 1
        defer { depth -= 1 }
        return try T(from: self)
    }

    private let range: ClosedRange<Int64> = -70_000_000_000_000...260_000_000_000_000

    /// One in `parts`.
    func chance(_ parts: Int) -> Bool { Int.random(in: 0..<parts, using: &generator) == 0 }

    func count() -> Int { Int.random(in: 0...(depth > 4 ? 1 : 4), using: &generator) }

    func text() -> String {
        let pieces = [
            "a", "Z", "_", "\"", "\\", "/", "\n", "\t", "\r", "\u{8}", "\u{c}", "\u{1}", "\u{1f}", "\u{0}", "é", "你好",
            "😀", "\u{2028}", "\u{7f}", " ", "e\u{301}", "longer than a word", "您好，请问我的订单什么时候到",
        ]
        return (0..<Int.random(in: 0...12, using: &generator)).map { _ in
            pieces[Int.random(in: 0..<pieces.count, using: &generator)]
        }.joined()
    }

    func number() -> Double {
        switch Int.random(in: 0...4, using: &generator) {
        case 0: Double(Int.random(in: -1000...1000, using: &generator))
        case 1: Double.random(in: -1...1, using: &generator)
        case 2:
            [0.0, -0.0, 1e16, 1e15, 123_456_789_012_345_680, .leastNonzeroMagnitude, 0.1, -1e-7, 1e22]
                .randomElement(using: &generator) ?? 0
        default:
            {
                let double = Double(bitPattern: generator.next())
                return double.isFinite ? double : 0.1
            }()
        }
    }

    private func integer<I: FixedWidthInteger>(_: I.Type) -> I {
        switch Int.random(in: 0...3, using: &generator) {
        case 0: I.random(in: .min ... .max, using: &generator)
        case 1: chance(2) ? .min : .max
        default: I(truncatingIfNeeded: Int.random(in: 0...100_000, using: &generator))
        }
    }

    private func anyCase<Cases: CaseIterable>(of _: Cases.Type) -> Any? {
        Array(Cases.allCases).randomElement(using: &generator)
    }

    func json(depth: Int) -> JSONValue {
        switch Int.random(in: 0...(depth == 0 ? 4 : 7), using: &generator) {
        case 0: .null
        case 1: .bool(chance(2))
        case 2: .int(integer(Int64.self))
        case 3: .double(number())
        case 4: .string(text())
        case 5: .array((0..<count()).map { _ in json(depth: depth - 1) })
        default:
            .object(
                Dictionary(
                    (0..<count()).map { _ in (text(), json(depth: depth - 1)) }, uniquingKeysWith: { first, _ in first }
                ))
        }
    }

    // MARK: Decoder

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy _: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(RandomKeyedContainer(source: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        RandomUnkeyedContainer(source: self, count: count())
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { RandomSingleValueContainer(source: self) }
}

private struct RandomKeyedContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let source: RandomDecoder
    let names: [String]

    init(source: RandomDecoder) {
        self.source = source
        names = (0..<source.count()).map { _ in source.text() }
    }

    var codingPath: [any CodingKey] { [] }
    /// Of a dictionary, which asks for no keys of its own.
    var allKeys: [Key] { names.compactMap { Key(stringValue: $0) } }

    func contains(_: Key) -> Bool { !source.chance(3) }
    func decodeNil(forKey _: Key) throws -> Bool { source.chance(3) }
    func decode<T: Decodable>(_ type: T.Type, forKey _: Key) throws -> T { try source.value(type) }
    // The protocol's own versions for these refuse.
    func decode(_ type: Int128.Type, forKey _: Key) throws -> Int128 { try source.value(type) }
    func decode(_ type: UInt128.Type, forKey _: Key) throws -> UInt128 { try source.value(type) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey _: Key
    ) throws -> KeyedDecodingContainer<Nested> { try source.container(keyedBy: type) }
    func nestedUnkeyedContainer(forKey _: Key) throws -> any UnkeyedDecodingContainer { try source.unkeyedContainer() }
    func superDecoder() throws -> any Decoder { source }
    func superDecoder(forKey _: Key) throws -> any Decoder { source }
}

private struct RandomUnkeyedContainer: UnkeyedDecodingContainer {
    let source: RandomDecoder
    let count: Int?
    var currentIndex = 0

    init(source: RandomDecoder, count: Int) {
        self.source = source
        self.count = count
    }

    var codingPath: [any CodingKey] { [] }
    var isAtEnd: Bool { currentIndex >= count ?? 0 }

    mutating func decodeNil() throws -> Bool { false }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        currentIndex += 1
        return try source.value(type)
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> { try source.container(keyedBy: type) }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try source.unkeyedContainer() }
    mutating func superDecoder() throws -> any Decoder { source }
}

private struct RandomSingleValueContainer: SingleValueDecodingContainer {
    let source: RandomDecoder

    var codingPath: [any CodingKey] { [] }
    func decodeNil() -> Bool { source.chance(3) }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try source.value(type) }
}
