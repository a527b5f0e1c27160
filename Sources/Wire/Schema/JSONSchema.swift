public import Domain

/// A JSON Schema of the dialect that OpenAPI 3.1 embeds (draft 2020-12), with the keywords that this API needs.
public struct JSONSchema: Sendable, Equatable {
    public var members: [String: JSONValue]

    public init(_ members: [String: JSONValue] = [:]) {
        self.members = members
    }

    public var json: JSONValue { .object(members) }

    private static let types: [JSONValue] = ["object", "array", "string", "number", "boolean", "null"]

    // MARK: Leaves

    /// Anything at all.
    public static let any = JSONSchema()
    public static let null = JSONSchema(["type": "null"])
    public static let boolean = JSONSchema(["type": "boolean"])
    public static let string = JSONSchema(["type": "string"])
    public static let number = JSONSchema(["type": "number"])
    public static let integer = JSONSchema(["type": "integer"])
    /// An object of whatever members.
    public static let anyObject = JSONSchema(["type": "object"])

    public static func integer(in range: ClosedRange<Int64>) -> JSONSchema {
        JSONSchema(["type": "integer", "minimum": .int(range.lowerBound), "maximum": .int(range.upperBound)])
    }

    public static func string(format: String) -> JSONSchema {
        JSONSchema(["type": "string", "format": .string(format)])
    }

    public static func string(pattern: String) -> JSONSchema {
        JSONSchema(["type": "string", "pattern": .string(pattern)])
    }

    public static func words(_ words: [String]) -> JSONSchema {
        JSONSchema(["type": "string", "enum": .array(words.map { .string($0) })])
    }

    public static func constant(_ word: String) -> JSONSchema {
        JSONSchema(["const": .string(word)])
    }

    // MARK: Made of others

    public static func reference(_ component: String) -> JSONSchema {
        JSONSchema(["$ref": .string("#/components/schemas/\(component)")])
    }

    public static func array(of items: JSONSchema) -> JSONSchema {
        JSONSchema(["type": "array", "items": items.json])
    }

    /// An object whose keys are data.
    public static func dictionary(of values: JSONSchema) -> JSONSchema {
        JSONSchema(["type": "object", "additionalProperties": values.json])
    }

    /// An object with these members and no others.
    public static func object(_ properties: [String: JSONSchema], required: [String]) -> JSONSchema {
        JSONSchema([
            "type": "object", "properties": .object(properties.mapValues(\.json)),
            "required": .array(required.map { .string($0) }), "additionalProperties": false,
        ])
    }

    public static func oneOf(_ alternatives: [JSONSchema]) -> JSONSchema {
        JSONSchema(["oneOf": .array(alternatives.map(\.json))])
    }

    public static func anyOf(_ alternatives: [JSONSchema]) -> JSONSchema {
        JSONSchema(["anyOf": .array(alternatives.map(\.json))])
    }

    /// The same, or null.
    public var orNull: JSONSchema {
        guard case .string(let type)? = members["type"] else {
            return members.isEmpty ? JSONSchema(["type": .array(Self.types)]) : .anyOf([self, .null])
        }
        var schema = self
        schema.members["type"] = .array([.string(type), "null"])
        if case .array(let words)? = members["enum"] { schema.members["enum"] = .array(words + [.null]) }
        return schema
    }

    public func with(_ keyword: String, _ value: JSONValue) -> JSONSchema {
        var schema = self
        schema.members[keyword] = value
        return schema
    }

    public func described(_ text: String) -> JSONSchema { with("description", .string(text)) }

    /// The component that this is a reference to.
    public var referenced: String? {
        guard case .string(let target)? = members["$ref"] else { return nil }
        return target.split(separator: "/").last.map(String.init)
    }
}
