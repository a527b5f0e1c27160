/// A field of a PATCH body: absent leaves, `null` clears, a value sets.
///
/// ``StrictJSONDecoder`` fills it in types with synthesised `Decodable`:
/// ```swift
/// struct ConversationPatch: Decodable { var subject: Patch<String> }
/// ```
public enum Patch<Value> {
    case absent
    case cleared
    case set(Value)
}

extension Patch: Sendable where Value: Sendable {}
extension Patch: Equatable where Value: Equatable {}
extension Patch: Hashable where Value: Hashable {}

extension Patch {
    public var isAbsent: Bool { if case .absent = self { true } else { false } }

    /// What the field is afterwards when it was `current` before.
    public func applied(to current: Value?) -> Value? {
        switch self {
        case .absent: current
        case .cleared: nil
        case .set(let value): value
        }
    }

    /// The new value of a field that always has one; nil leaves it.
    ///
    /// - Throws: a problem with the code `required` when the body clears it.
    public func requiredValue(field: String) throws(ValidationProblems) -> Value? {
        switch self {
        case .absent: nil
        case .cleared: throw ValidationProblems(field: field, code: "required", message: "must not be null")
        case .set(let value): value
        }
    }

    /// The same change of another type of value.
    public func map<Other>(_ transform: (Value) throws -> Other) rethrows -> Patch<Other> {
        switch self {
        case .absent: .absent
        case .cleared: .cleared
        case .set(let value): .set(try transform(value))
        }
    }
}

extension Patch: Decodable where Value: Decodable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        self = container.decodeNil() ? .cleared : .set(try container.decode(Value.self))
    }
}

/// A type that has a value for a member that is not there. Synthesised `Decodable` asks for every property that is
/// not optional, so the container has to know.
protocol AbsenceRepresentable {
    static var absence: Self { get }
}

extension Patch: AbsenceRepresentable {
    static var absence: Patch { .absent }
}
