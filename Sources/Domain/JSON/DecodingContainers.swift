/// The members of an object, asked for by the names of properties.
struct StrictKeyedContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let node: DecodingNode

    var codingPath: [any CodingKey] { node.codingPath }

    var allKeys: [Key] {
        guard case .object(let members) = node.value else { return [] }
        return members.keys.compactMap { key(for: $0) }
    }

    private func key(for name: String) -> Key? {
        Key(stringValue: node.keysAreData ? name : SnakeCase.property(for: name)) ?? Key(stringValue: name)
    }

    private func name(of key: Key) -> String {
        node.keysAreData ? key.stringValue : SnakeCase.key(of: key.stringValue)
    }

    /// Whether the type has a property of this name, in the spelling that it is asked for.
    private func isName(_ member: String) -> Bool {
        key(for: member).map { name(of: $0) == member } ?? false
    }

    func contains(_ key: Key) -> Bool {
        node.member(name(of: key)) != nil
    }

    func decodeNil(forKey key: Key) throws -> Bool {
        let name = name(of: key)
        guard let value = node.member(name) else { throw missing(name) }
        return value == .null
    }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        let name = name(of: key)
        guard let value = node.member(name) else {
            if let type = type as? any AbsenceRepresentable.Type, let absent = type.absence as? T { return absent }
            throw missing(name)
        }
        return try decode(type, value, name)
    }

    private func decode<T: Decodable>(_ type: T.Type, _ value: JSONValue, _ name: String) throws -> T {
        // A fault is found again, with its place, by the node.
        if let scalar = try? JSONScalar.read(type, from: value) { return scalar }
        return try node.child(value, .key(name)).decode(type)
    }

    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? { try optional(key) }

    // The protocol's own versions for these types look the key up three times. Requests have little else.
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try optional(key) }
    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try optional(key) }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try optional(key) }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? { try optional(key) }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { try optional(key) }

    private func optional<T: Decodable>(_ key: Key) throws -> T? {
        let name = name(of: key)
        guard let value = node.member(name), value != .null else { return nil }
        return try decode(T.self, value, name)
    }

    /// A missing field is most often a misspelt one: then the misspelling is the better message.
    private func missing(_ name: String) -> RequestBodyError {
        if case .object(let members) = node.value {
            var strangers: [String] = []
            for member in members.keys where !node.wasAsked(for: member) && !isName(member) {
                strangers.append(member)
                if strangers.count == RequestBodyError.maximumUnknownFields { break }
            }
            if !strangers.isEmpty { return .unknownFields(strangers.sorted().map(node.path(of:))) }
        }
        return .invalid(ValidationProblems(field: node.path(of: name), code: "required", message: "is required"))
    }

    private func nested(_ key: Key) throws -> DecodingNode {
        let name = name(of: key)
        guard let value = node.member(name) else { throw missing(name) }
        let child = node.child(value, .key(name))
        node.nest(child)
        return child
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try nested(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try nested(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder {
        guard let value = node.member("super") else { throw missing("super") }
        let child = node.child(value, .key("super"))
        node.nest(child)
        return child
    }

    func superDecoder(forKey key: Key) throws -> any Decoder {
        try nested(key)
    }
}

/// The elements of an array, one after the other.
struct StrictUnkeyedContainer: UnkeyedDecodingContainer {
    let node: DecodingNode
    let elements: [JSONValue]
    private(set) var currentIndex = 0

    init(node: DecodingNode, elements: [JSONValue]) {
        self.node = node
        self.elements = elements
    }

    var codingPath: [any CodingKey] { node.codingPath }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex >= elements.count }

    private func current() throws -> DecodingNode {
        guard elements.indices.contains(currentIndex) else {
            throw node.problem("too_few", "has too few elements")
        }
        return node.child(elements[currentIndex], .index(currentIndex))
    }

    mutating func decodeNil() throws -> Bool {
        guard try current().value == .null else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        let result = try current().decode(type)
        currentIndex += 1
        return result
    }

    private mutating func nested() throws -> DecodingNode {
        let child = try current()
        node.nest(child)
        currentIndex += 1
        return child
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        try nested().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try nested().unkeyedContainer()
    }

    mutating func superDecoder() throws -> any Decoder {
        try nested()
    }
}

/// The value itself.
struct StrictSingleValueContainer: SingleValueDecodingContainer {
    let node: DecodingNode

    var codingPath: [any CodingKey] { node.codingPath }

    func decodeNil() -> Bool {
        node.value == .null
    }

    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        try DecodingNode(value: node.value, parent: node, step: nil).decode(type)
    }
}
