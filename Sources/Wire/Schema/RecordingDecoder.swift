import Domain

/// Writes down what a type asks for while it decodes itself.
final class RecordingDecoder: Decoder {
    let components: SchemaComponents
    private(set) var properties: [String: JSONSchema] = [:]
    /// Names of the members that must be there, in the order of the type.
    private(set) var required: [String] = []
    /// Set by a type that is one value and not an object.
    fileprivate(set) var single: JSONSchema?

    init(components: SchemaComponents) {
        self.components = components
    }

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    fileprivate func record(_ key: any CodingKey, _ type: any Any.Type, isOptional: Bool) {
        let name = SnakeCase.key(of: key.stringValue)
        let schema = components.schema(of: type)
        properties[name] =
            isOptional && components.isOfRequest && !(type is any MayBeAbsent.Type) ? schema.orNull : schema
        if !isOptional { required.append(name) }
    }

    func container<Key: CodingKey>(keyedBy _: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(RecordingKeyedContainer(decoder: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        throw Unforeseen.form("reads elements one by one; it must conform to SchemaProviding")
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        RecordingSingleValueContainer(decoder: self)
    }

    enum Unforeseen: Error {
        case form(String)
    }
}

private struct RecordingKeyedContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: RecordingDecoder

    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { [] }

    func contains(_: Key) -> Bool { true }
    func decodeNil(forKey _: Key) throws -> Bool { false }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        decoder.record(key, type, isOptional: type is any MayBeAbsent.Type)
        return try decoder.components.standIn(for: type)
    }

    private func optional<T>(_ type: T.Type, _ key: Key) -> T? {
        decoder.record(key, type, isOptional: true)
        return nil
    }

    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? { optional(type, key) }
    // The protocol's own versions for these types would ask for the value.
    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { optional(type, key) }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { optional(type, key) }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { optional(type, key) }
    func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? { optional(type, key) }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { optional(type, key) }
    func decodeIfPresent(_ type: Int8.Type, forKey key: Key) throws -> Int8? { optional(type, key) }
    func decodeIfPresent(_ type: Int16.Type, forKey key: Key) throws -> Int16? { optional(type, key) }
    func decodeIfPresent(_ type: Int32.Type, forKey key: Key) throws -> Int32? { optional(type, key) }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? { optional(type, key) }
    func decodeIfPresent(_ type: UInt.Type, forKey key: Key) throws -> UInt? { optional(type, key) }
    func decodeIfPresent(_ type: UInt8.Type, forKey key: Key) throws -> UInt8? { optional(type, key) }
    func decodeIfPresent(_ type: UInt16.Type, forKey key: Key) throws -> UInt16? { optional(type, key) }
    func decodeIfPresent(_ type: UInt32.Type, forKey key: Key) throws -> UInt32? { optional(type, key) }
    func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? { optional(type, key) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy _: Nested.Type, forKey _: Key
    ) throws -> KeyedDecodingContainer<Nested> { throw handWritten }

    func nestedUnkeyedContainer(forKey _: Key) throws -> any UnkeyedDecodingContainer { throw handWritten }
    func superDecoder() throws -> any Decoder { throw handWritten }
    func superDecoder(forKey _: Key) throws -> any Decoder { throw handWritten }

    private var handWritten: RecordingDecoder.Unforeseen {
        .form("has containers of its own; it must conform to SchemaProviding")
    }
}

private struct RecordingSingleValueContainer: SingleValueDecodingContainer {
    let decoder: RecordingDecoder

    var codingPath: [any CodingKey] { [] }
    func decodeNil() -> Bool { false }

    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        decoder.single = decoder.components.schema(of: type)
        return try decoder.components.standIn(for: type)
    }
}

/// Marks the types that have a value for a member that is not there.
private protocol MayBeAbsent {}
extension Patch: MayBeAbsent {}
