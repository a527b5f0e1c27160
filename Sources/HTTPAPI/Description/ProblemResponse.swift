import Domain
import HTTPTypes
import Wire

/// How operations refuse with a status: the codes that may stand in the problem document.
struct ProblemResponse {
    let status: HTTPResponse.Status
    /// Never empty.
    let codes: [ProblemCode]
    let components: SchemaComponents

    /// Among the description's responses.
    var name: String { ([String(status.code)] + codes.map(\.rawValue)).joined(separator: ".") }

    /// - Parameter content: what else comes with this status, by media type.
    func json(besides content: [String: JSONValue] = [:]) -> JSONValue {
        var content = content
        content["application/problem+json"] = ["schema": schema, "example": codes.first.map(Self.example) ?? .null]
        return [
            "description": .string(codes.map { "`\($0.rawValue)`: \($0.sentence)" }.joined(separator: "; ")),
            "headers": .object(AnswerHeaders.references(["X-Request-ID", "X-Node-ID"] + ownHeaders)),
            "content": .object(content),
        ]
    }

    private var schema: JSONValue {
        [
            "allOf": [
                components.schema(of: ProblemDocument.self).json,
                [
                    "properties": [
                        "code": ["enum": .array(codes.map { .string($0.rawValue) })],
                        "status": ["const": .int(Int64(status.code))],
                    ]
                ],
            ]
        ]
    }

    private var ownHeaders: [String] {
        switch status {
        case .unauthorized: ["WWW-Authenticate"]
        case .tooManyRequests, .serviceUnavailable: ["Retry-After"]
        default: []
        }
    }

    private static func example(_ code: ProblemCode) -> JSONValue {
        [
            "type": "about:blank", "title": .string(code.title), "status": .int(Int64(code.status.code)),
            "code": .string(code.rawValue), "detail": .string(code.sentence),
            "request_id": "01jdcq3v8h5m2k7w9x4t6r0b1n",
        ]
    }
}

/// Responses that several operations have.
final class SharedResponses {
    private(set) var json: [String: JSONValue] = [:]

    func add(_ problem: ProblemResponse) {
        if json[problem.name] == nil { json[problem.name] = problem.json() }
    }
}

/// Headers of answers.
enum AnswerHeaders {
    static let json: [String: JSONValue] = [
        "X-Request-ID": header("The request's name, its own or one that was made: in logs and problems too."),
        "X-Node-ID": header("The node that answered."),
        "ETag": header("The state of the resource, for `If-Match`. Contacts get none of a conversation."),
        "WWW-Authenticate": header("`Bearer`"),
        "Retry-After": [
            "description": "Seconds after which to try again.", "schema": JSONSchema.integer(in: 1...86_400).json,
        ],
    ]

    static func references(_ names: [String]) -> [String: JSONValue] {
        Dictionary(
            names.map { ($0, ["$ref": .string("#/components/headers/\($0)")]) }, uniquingKeysWith: { first, _ in first }
        )
    }

    private static func header(_ text: String) -> JSONValue {
        ["description": .string(text), "schema": JSONSchema.string.json]
    }
}
