public import Domain
import HTTPTypes
import Wire

/// The whole API as an OpenAPI 3.1 document, made from the table that serves it.
public struct APIDescription: Sendable {
    private let endpoints: [Endpoint]
    private let version: String

    /// - Parameter version: of the program.
    public init(endpoints: [Endpoint], version: String) {
        self.endpoints = Self.tagged(endpoints)
        self.version = version
    }

    /// The document, and which types could not be described (none, as a test proves).
    public func made() -> (document: JSONValue, faults: [String]) {
        let (components, responses) = (SchemaComponents(), SharedResponses())
        var paths: [String: [String: JSONValue]] = [:]
        for endpoint in endpoints {
            let path = ParameterDescription(endpoint: endpoint).path
            paths[path, default: [:]][endpoint.method.rawValue.lowercased()] =
                OperationDescription(endpoint: endpoint, components: components, shared: responses).json
        }
        let document: JSONValue = [
            "openapi": "3.1.0", "info": info, "servers": [["url": "/"]], "tags": .array(tags),
            "paths": .object(paths.mapValues { .object($0) }),
            "components": [
                "schemas": .object(components.schemas.mapValues(\.json)),
                "examples": .object(ExampleMaker(schemas: components.schemas).examples(of: Self.shown(in: paths))),
                "securitySchemes": .object(
                    Dictionary(
                        SecurityScheme.allCases.map { ($0.rawValue, $0.json) }, uniquingKeysWith: { first, _ in first })
                ),
                "headers": .object(AnswerHeaders.json), "responses": .object(responses.json),
                "parameters": .object(ParameterDescription.shared),
            ],
        ]
        return (document, components.faults)
    }

    /// The document.
    public var document: JSONValue { made().document }

    /// The frames and events of the sockets, as Markdown.
    public static var events: String { SocketDocument().markdown }

    private var info: JSONValue {
        [
            "title": "Chat API", "version": .string(version),
            "description": .string(
                """
                Customer-service chat with an assistant: conversations, contacts, knowledge, administration.

                Every answer of status 400 and above is a problem document (RFC 9457), whose `code` is what programs \
                switch on. Lists are paged by `next_cursor`. Unknown fields of a request are refused. What comes over \
                the WebSocket is described at `/docs/events`.
                """),
        ]
    }

    private var tags: [JSONValue] {
        var seen: Set<String> = []
        return endpoints.map(\.group).filter { seen.insert($0).inserted }.map { ["name": .string($0)] }
    }

    /// Components whose examples are shown.
    private static func shown(in paths: [String: [String: JSONValue]]) -> Set<String> {
        let prefix = "#/components/examples/"
        var names: Set<String> = []
        func look(_ value: JSONValue) {
            switch value {
            case .object(let members):
                if case .string(let target)? = members["$ref"], target.hasPrefix(prefix) {
                    names.insert(String(target.dropFirst(prefix.count)))
                }
                for member in members.values { look(member) }
            case .array(let elements): for element in elements { look(element) }
            default: break
            }
        }
        for path in paths.values { for operation in path.values { look(operation) } }
        return names
    }

    /// What can be edited carries its tag wherever it is answered whole.
    private static func tagged(_ endpoints: [Endpoint]) -> [Endpoint] {
        let editable = Set(endpoints.filter { $0.method == .patch && $0.takesPrecondition }.map(\.path))
        return endpoints.map { endpoint in
            var endpoint = endpoint
            let isCollection = endpoint.method == .post && editable.contains(endpoint.path + "/{id}")
            endpoint.carriesTag =
                isCollection || (endpoint.method != .delete && editable.contains(endpoint.path))
            return endpoint
        }
    }
}
