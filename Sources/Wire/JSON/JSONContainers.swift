/// A place for one value, as types see it that encode themselves.
struct JSONValueEncoder: Encoder {
    let encoding: JSONEncoding
    let place: JSONPlace

    /// Not kept: nobody is told where a value was refused.
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        encoding.begin(true, at: place)
        return KeyedEncodingContainer(
            JSONKeyedContainer(
                encoding: encoding, place: place, hasDataKeys: encoding.hasDataKeys(type, at: place)))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        encoding.begin(false, at: place)
        return JSONUnkeyedContainer(encoding: encoding, place: place)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }
}

extension JSONValueEncoder: SingleValueEncodingContainer {
    func encodeNil() throws {
        try encoding.scalar(at: place)
        encoding.writer.null()
    }

    func encode(_ value: Bool) throws {
        try encoding.scalar(at: place)
        encoding.writer.bool(value)
    }

    func encode(_ value: String) throws {
        try encoding.scalar(at: place)
        encoding.writer.string(value)
    }

    func encode(_ value: Double) throws {
        try encoding.scalar(at: place)
        try encoding.number(value)
    }

    func encode(_ value: Float) throws {
        try encoding.scalar(at: place)
        try encoding.number(value)
    }

    func encode(_ value: Int) throws { try integer(value) }
    func encode(_ value: Int8) throws { try integer(value) }
    func encode(_ value: Int16) throws { try integer(value) }
    func encode(_ value: Int32) throws { try integer(value) }
    func encode(_ value: Int64) throws { try integer(value) }
    func encode(_ value: Int128) throws { try integer(value) }
    func encode(_ value: UInt) throws { try integer(value) }
    func encode(_ value: UInt8) throws { try integer(value) }
    func encode(_ value: UInt16) throws { try integer(value) }
    func encode(_ value: UInt32) throws { try integer(value) }
    func encode(_ value: UInt64) throws { try integer(value) }
    func encode(_ value: UInt128) throws { try integer(value) }

    private func integer(_ value: some FixedWidthInteger) throws {
        try encoding.scalar(at: place)
        encoding.integer(value)
    }

    func encode<T: Encodable>(_ value: T) throws { try encoding.hand(value, at: place) }
}

/// The members of an object.
struct JSONKeyedContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoding: JSONEncoding
    let place: JSONPlace
    let hasDataKeys: Bool

    var codingPath: [any CodingKey] { [] }

    private func member(_ key: some CodingKey) throws {
        try encoding.member(key.stringValue, isData: hasDataKeys, at: place)
    }

    func encodeNil(forKey key: Key) throws {
        try member(key)
        encoding.writer.null()
    }

    func encode(_ value: Bool, forKey key: Key) throws {
        try member(key)
        encoding.writer.bool(value)
    }

    func encode(_ value: String, forKey key: Key) throws {
        try member(key)
        encoding.writer.string(value)
    }

    func encode(_ value: Double, forKey key: Key) throws {
        try member(key)
        try encoding.number(value)
    }

    func encode(_ value: Float, forKey key: Key) throws {
        try member(key)
        try encoding.number(value)
    }

    func encode(_ value: Int, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int8, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int16, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int32, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int64, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: Int128, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt8, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt16, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt32, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt64, forKey key: Key) throws { try integer(value, key) }
    func encode(_ value: UInt128, forKey key: Key) throws { try integer(value, key) }

    private func integer(_ value: some FixedWidthInteger, _ key: Key) throws {
        try member(key)
        encoding.integer(value)
    }

    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        try member(key)
        try encoding.value(value)
    }

    /// A place for the value of a member. A refusal shows at the end, since nothing may be thrown here.
    private func nested(_ key: some CodingKey) -> JSONValueEncoder {
        try? member(key)
        return encoding.open(Never.self)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        nested(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { nested(key).unkeyedContainer() }

    func superEncoder() -> any Encoder { nested(SuperKey()) }
    func superEncoder(forKey key: Key) -> any Encoder { nested(key) }
}

/// The elements of an array.
struct JSONUnkeyedContainer: UnkeyedEncodingContainer {
    let encoding: JSONEncoding
    let place: JSONPlace

    var codingPath: [any CodingKey] { [] }
    var count: Int { encoding.count(at: place) }

    func encodeNil() throws {
        try encoding.element(at: place)
        encoding.writer.null()
    }

    func encode<T: Encodable>(_ value: T) throws {
        try encoding.element(at: place)
        try encoding.value(value)
    }

    private func nested() -> JSONValueEncoder {
        try? encoding.element(at: place)
        return encoding.open(Never.self)
    }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        nested().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { nested().unkeyedContainer() }
    func superEncoder() -> any Encoder { nested() }
}

/// The key under which a class encodes what it inherits.
private struct SuperKey: CodingKey {
    var stringValue: String { "super" }
    var intValue: Int? { nil }

    init() {}
    init?(stringValue: String) { nil }
    init?(intValue: Int) { nil }
}

extension JSONEncoding {
    /// - Throws: for one that JSON cannot write.
    fileprivate func number(_ value: Double) throws {
        guard writer.number(value) else { throw refusal("\(value)") }
    }

    fileprivate func number(_ value: Float) throws {
        guard writer.number(value) else { throw refusal("\(value)") }
    }

    fileprivate func integer(_ value: some FixedWidthInteger) {
        if let value = Int64(exactly: value) { writer.integer(value) } else { writer.plain("\(value)") }
    }
}
