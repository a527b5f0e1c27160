import Domain
import Wire

extension QueryDescription {
    var schema: JSONSchema {
        switch form {
        case .text(let maximum):
            JSONSchema(FieldRule.text(scalars: (isRequired ? 1 : 0)...maximum).keywords).with("type", "string")
        case .integer(let range): .integer(in: range)
        case .choice(let words): .words(words)
        case .time: .string(format: "date-time")
        case .identifier(let words):
            words.isEmpty
                ? .publicIdentifier : .anyOf([.publicIdentifier, .words(words)])
        case .cursor: JSONSchema.string(pattern: "^[A-Za-z0-9_-]+$").with("maxLength", 200)
        }
    }

    var parameter: JSONValue {
        [
            "name": .string(name), "in": "query", "required": .bool(isRequired), "description": .string(summary),
            "schema": schema.json,
        ]
    }
}

extension JSONSchema {
    /// A public identifier: three letters for the kind, and 26 of Crockford's base 32.
    static let publicIdentifier = JSONSchema.string(pattern: "^[a-z]{3}_[0-9a-hjkmnp-tv-z]{26}$")
}

/// The parameters of an operation, as OpenAPI lists them.
struct ParameterDescription {
    let endpoint: Endpoint

    /// The path as OpenAPI writes it.
    var path: String { endpoint.path.replacing("**", with: "{path}") }

    var json: [JSONValue] {
        var parameters = pathNames.map(pathParameter)
        parameters += endpoint.query.map(\.parameter)
        if endpoint.takesIdempotencyKey { parameters.append(["$ref": "#/components/parameters/idempotency_key"]) }
        if endpoint.takesPrecondition { parameters.append(["$ref": "#/components/parameters/if_match"]) }
        return parameters
    }

    /// Headers that several operations know.
    static let shared: [String: JSONValue] = [
        "idempotency_key": [
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": .string(
                "A key of the caller's making. The same request with the same key within 24 hours is done once and gets "
                    + "the same answer; another body under the same key is 409 `idempotency_conflict`."),
            "schema": JSONSchema.string(pattern: "^[!-~]+$").with("minLength", 1).with("maxLength", 255).json,
        ],
        "if_match": [
            "name": "If-Match", "in": "header", "required": false,
            "description": "The `ETag` that the caller has read; 412 `precondition_failed` when it has changed since.",
            "schema": JSONSchema.string.json,
        ],
    ]

    private var pathNames: [String] {
        path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
    }

    private func pathParameter(_ name: String) -> JSONValue {
        let isIdentifier = name == "id" || name.hasSuffix("_id")
        let schema: JSONSchema = isIdentifier ? .string.with("maxLength", 40) : .string.with("maxLength", 200)
        return [
            "name": .string(name), "in": "path", "required": true,
            "schema": schema.with("minLength", 1).json,
            "description": .string(isIdentifier ? "An identifier; opaque." : "A name."),
        ]
    }
}
