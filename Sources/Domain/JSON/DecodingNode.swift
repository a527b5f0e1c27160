/// One value of the document together with its place in it, as a `Decoder`.
final class DecodingNode: Decoder {
    enum Step {
        case key(String)
        case index(Int)
    }

    let value: JSONValue
    let unknown: UnknownFields
    /// Keys are a client's data (a `[String: …]`), not names of properties.
    private(set) var keysAreData = false
    private let parent: DecodingNode?
    private let step: Step?
    /// Keys that the type asked for. A set, because a type with keys of its own making may ask for thousands.
    private var asked: Set<String> = []
    private var openedAsObject = false
    /// Containers opened by `nestedContainer`, which no `decode` of their own finishes.
    private var nested: [DecodingNode] = []

    init(value: JSONValue, unknown: UnknownFields) {
        self.value = value
        self.unknown = unknown
        parent = nil
        step = nil
    }

    init(value: JSONValue, parent: DecodingNode, step: Step?) {
        self.value = value
        self.unknown = parent.unknown
        self.parent = parent
        self.step = step
    }

    // MARK: Place

    /// `contact.labels[2]`; `body` for the root.
    var path: String {
        let path = parentPath
        return path.isEmpty ? "body" : path
    }

    private var parentPath: String {
        let prefix = parent?.parentPath ?? ""
        switch step {
        case .key(let key): return Self.join(prefix, key)
        case .index(let index): return "\(prefix)[\(index)]"
        case nil: return prefix
        }
    }

    /// The path of the member `key`. Cut to 64 characters: unknown keys are the client's and may be anything.
    func path(of key: String) -> String {
        Self.join(parentPath, String(key.prefix(64)))
    }

    private static func join(_ prefix: String, _ key: String) -> String {
        prefix.isEmpty ? key : "\(prefix).\(key)"
    }

    func problem(_ code: String, _ message: String) -> RequestBodyError {
        .invalid(ValidationProblems(field: path, code: code, message: message))
    }

    func wrongType(_ expected: String) -> RequestBodyError {
        let fault = JSONScalar.wrongType(value, expected)
        return problem(fault.code, fault.message)
    }

    // MARK: Members

    /// The member `key`, noted as one that the type knows.
    func member(_ key: String) -> JSONValue? {
        guard case .object(let members) = value else { return nil }
        if !keysAreData { asked.insert(key) }
        return members[key]
    }

    func wasAsked(for key: String) -> Bool {
        asked.contains(key)
    }

    func child(_ value: JSONValue, _ step: Step) -> DecodingNode {
        DecodingNode(value: value, parent: self, step: step)
    }

    func nest(_ node: DecodingNode) {
        nested.append(node)
    }

    /// Notes the members that the type never asked for. Stops at the limit, so that a body of nothing else costs no
    /// more than its parsing.
    private func noteUnknownMembers() {
        for node in nested { node.noteUnknownMembers() }
        guard openedAsObject, !keysAreData, case .object(let members) = value, members.count > 0 else { return }
        var found: [String] = []
        for key in members.keys where !asked.contains(key) {
            found.append(key)
            if found.count == RequestBodyError.maximumUnknownFields { break }
        }
        for key in found.sorted() { unknown.add(path(of: key)) }
    }

    // MARK: Decoding

    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        do {
            if let scalar = try JSONScalar.read(type, from: value) { return scalar }
        } catch {
            throw problem(error.code, error.message)
        }
        keysAreData = type is any StringKeyedDictionary.Type
        do {
            let result = try T(from: self)
            noteUnknownMembers()
            return result
        } catch let error as RequestBodyError {
            throw error
        } catch let error as InvalidValue {
            throw problem(error.code, error.message)
        } catch let error as ValidationProblems {
            throw RequestBodyError.invalid(ValidationProblems(error.problems.map(placed)))
        } catch {
            // Standard library types, e.g. an enumeration that does not have the raw value.
            guard let allowed = Self.rawValues(of: type) else { throw problem("invalid_value", "is not valid") }
            throw problem("invalid_value", "must be one of \(allowed.joined(separator: ", "))")
        }
    }

    /// A problem that a type found inside itself, with the place of the type before its field.
    private func placed(_ problem: FieldProblem) -> FieldProblem {
        let field = problem.field.isEmpty ? path : Self.join(parentPath, problem.field)
        return FieldProblem(field: field, code: problem.code, message: problem.message)
    }

    /// The raw values of an enumeration; nil for any other type.
    private static func rawValues<T>(of type: T.Type) -> [String]? {
        func names<Cases: CaseIterable>(_ type: Cases.Type) -> [String]? {
            let names = type.allCases.compactMap { element in
                (element as? any RawRepresentable).map { "\($0.rawValue)" }
            }
            return names.isEmpty || names.count > 32 ? nil : names
        }
        guard let cases = type as? any CaseIterable.Type else { return nil }
        return names(cases)
    }

    // MARK: Decoder

    var userInfo: [CodingUserInfoKey: Any] { [:] }

    var codingPath: [any CodingKey] {
        let prefix = parent?.codingPath ?? []
        switch step {
        case .key(let key): return prefix + [PathKey(stringValue: key)]
        case .index(let index): return prefix + [PathKey(intValue: index)]
        case nil: return prefix
        }
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object = value else { throw wrongType("an object") }
        openedAsObject = true
        return KeyedDecodingContainer(StrictKeyedContainer(node: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = value else { throw wrongType("an array") }
        return StrictUnkeyedContainer(node: self, elements: elements)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        StrictSingleValueContainer(node: self)
    }
}

/// Marks `[String: …]`, whose keys are data.
private protocol StringKeyedDictionary {}
extension Dictionary: StringKeyedDictionary where Key == String {}

/// A step of a coding path.
struct PathKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }

    init(intValue: Int) {
        stringValue = String(intValue)
        self.intValue = intValue
    }
}
