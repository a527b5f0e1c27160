import Domain
import HTTPTypes
import Wire

/// One route as OpenAPI describes it.
struct OperationDescription {
    let endpoint: Endpoint
    let components: SchemaComponents
    let shared: SharedResponses

    var json: JSONValue {
        var members: [String: JSONValue] = [
            "operationId": .string(endpoint.operationId), "summary": .string(endpoint.summary),
            "description": .string(endpoint.audience), "tags": [.string(endpoint.group)],
            "responses": .object(responses), "security": .array(security),
        ]
        let parameters = ParameterDescription(endpoint: endpoint).json
        if !parameters.isEmpty { members["parameters"] = .array(parameters) }
        if let body = requestBody { members["requestBody"] = body }
        if let permission = endpoint.admission.permission {
            members["x-permission"] = .string(permission.rawValue)
        }
        return .object(members)
    }

    private var security: [JSONValue] {
        let schemes =
            endpoint.notes.isAuthenticationOptional ? [.sessionToken, .userToken] : endpoint.admission.schemes
        let needs = schemes.map { JSONValue.object([$0.rawValue: []]) }
        return endpoint.notes.isAuthenticationOptional ? [.object([:])] + needs : needs
    }

    // MARK: Request

    private var requestBody: JSONValue? {
        if let form = endpoint.notes.form {
            return ["required": true, "content": ["multipart/form-data": ["schema": Self.schema(of: form).json]]]
        }
        guard let type = endpoint.request else { return nil }
        return [
            "required": .bool(!endpoint.isBodyOptional),
            "content": ["application/json": media(components.schema(ofRequest: type))],
        ]
    }

    private static func schema(of form: EndpointNotes.RequestForm) -> JSONSchema {
        let parts = form.parts.map { part in
            let schema = part.isFile ? JSONSchema.string.with("contentMediaType", "application/octet-stream") : .string
            return (part.name, schema.described(part.summary))
        }
        return .object(
            Dictionary(parts, uniquingKeysWith: { first, _ in first }),
            required: form.parts.filter(\.isRequired).map(\.name))
    }

    private func media(_ type: any Any.Type) -> JSONValue { media(components.schema(of: type)) }

    private func media(_ schema: JSONSchema) -> JSONValue {
        var members: [String: JSONValue] = ["schema": schema.json]
        if let name = schema.referenced {
            members["examples"] = ["typical": ["$ref": .string("#/components/examples/\(name)")]]
        }
        return .object(members)
    }

    // MARK: Responses

    private var responses: [String: JSONValue] {
        var responses: [String: JSONValue] = [:]
        add(usualContent, endpoint.summary, to: &responses, under: endpoint.status)
        for alternative in endpoint.notes.alternatives {
            var content: [String: JSONValue] = [:]
            if let type = alternative.contentType {
                content[type] = alternative.type.map(media) ?? ["schema": JSONSchema.string.json]
            }
            add(content, alternative.summary, to: &responses, under: alternative.status)
        }
        for (status, codes) in problems { add(problem: codes, to: &responses, under: status) }
        return responses
    }

    private var usualContent: [String: JSONValue] {
        if !endpoint.notes.produces.isEmpty {
            return Dictionary(
                endpoint.notes.produces.map { ($0, ["schema": JSONSchema.any.json]) },
                uniquingKeysWith: { first, _ in first })
        }
        guard endpoint.response != NoContent.self else { return [:] }
        return ["application/json": media(endpoint.response)]
    }

    private func add(
        _ content: [String: JSONValue], _ summary: String, to responses: inout [String: JSONValue],
        under status: HTTPResponse.Status
    ) {
        let key = String(status.code)
        var all = responses[key]?["content"]?.objectValue ?? [:]
        all.merge(content) { first, _ in first }
        var members: [String: JSONValue] = [
            "description": responses[key]?["description"] ?? .string(summary),
            "headers": .object(headers(of: status)),
        ]
        if !all.isEmpty { members["content"] = .object(all) }
        responses[key] = .object(members)
    }

    /// Operations refuse in much the same ways, so each way is written once. Only where a status also has another form,
    /// as `/health` has for 503, it stands with the operation.
    private func add(
        problem codes: [ProblemCode], to responses: inout [String: JSONValue], under status: HTTPResponse.Status
    ) {
        let problem = ProblemResponse(status: status, codes: codes, components: components)
        let key = String(status.code)
        if let other = responses[key]?["content"]?.objectValue {
            responses[key] = problem.json(besides: other)
        } else {
            shared.add(problem)
            responses[key] = ["$ref": .string("#/components/responses/\(problem.name)")]
        }
    }

    private var problems: [(HTTPResponse.Status, [ProblemCode])] {
        Dictionary(grouping: endpoint.possibleProblems, by: \.status).sorted { $0.key.code < $1.key.code }
            .map { ($0.key, $0.value) }
    }

    private func headers(of status: HTTPResponse.Status) -> [String: JSONValue] {
        let isTagged = endpoint.carriesTag && (status == .ok || status == .created)
        return AnswerHeaders.references(["X-Request-ID", "X-Node-ID"] + (isTagged ? ["ETag"] : []))
    }
}
