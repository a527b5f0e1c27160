public import Domain

/// A type whose JSON cannot be learnt from its `init(from:)`: because it is written by hand, refuses what it does not
/// like, or comes in several forms.
public protocol SchemaProviding {
    /// The schema. Types that it consists of are described by ``SchemaComponents/schema(of:)``.
    static func schema(in components: SchemaComponents) -> JSONSchema
    /// JSON that its decoding accepts; stands for a value where one is needed.
    static var example: JSONValue { get }
}

/// A type that chooses the name under which it is described. Generic types must, because theirs holds their
/// parameters'.
public protocol SchemaNamed {
    static var schemaName: String { get }
}

/// A request that says itself what is right, by rules that are both checked and shown in its schema.
public protocol Validated {
    /// Applies every rule whatever the values are, so that a run on any value names all of them.
    func validate(_ check: inout Validation)
}

extension Timestamp: SchemaProviding {
    public static func schema(in _: SchemaComponents) -> JSONSchema { .string(format: "date-time") }
    public static var example: JSONValue { "2026-11-23T08:15:00.123Z" }
}

extension EmailAddress: SchemaProviding {
    public static func schema(in _: SchemaComponents) -> JSONSchema {
        JSONSchema(FieldRule.email.keywords).with("type", "string")
    }
    public static var example: JSONValue { "ann@example.com" }
}

extension JSONValue: SchemaProviding {
    public static func schema(in _: SchemaComponents) -> JSONSchema { .any }
    public static var example: JSONValue { .object([:]) }
}

extension Patch: SchemaProviding where Value: Decodable {
    public static func schema(in components: SchemaComponents) -> JSONSchema {
        components.schema(of: Value.self).orNull
    }
    public static var example: JSONValue { .null }
}

extension Nullable: SchemaProviding {
    public static func schema(in components: SchemaComponents) -> JSONSchema {
        components.schema(of: Value.self).orNull
    }
    public static var example: JSONValue { .null }
}

extension Optional: SchemaProviding where Wrapped: Decodable {
    public static func schema(in components: SchemaComponents) -> JSONSchema {
        components.schema(of: Wrapped.self).orNull
    }
    public static var example: JSONValue { .null }
}

extension Array: SchemaProviding where Element: Decodable {
    public static func schema(in components: SchemaComponents) -> JSONSchema {
        .array(of: components.schema(of: Element.self))
    }
    public static var example: JSONValue { .array([]) }
}

extension Dictionary: SchemaProviding where Key == String, Value: Decodable {
    public static func schema(in components: SchemaComponents) -> JSONSchema {
        .dictionary(of: components.schema(of: Value.self))
    }
    public static var example: JSONValue { .object([:]) }
}
