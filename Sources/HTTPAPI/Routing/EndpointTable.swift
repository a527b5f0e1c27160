import HTTPTypes
import Hummingbird
import Identity
import Storage
import Wire

/// Every route, registered once. What serves requests and what describes the API are made from the same entries.
struct EndpointTable: Sendable {
    private(set) var endpoints: [Endpoint] = []
    let gate: Gate
    let identifiers: PublicIdentifiers
    let store: ChatStore
    let digests: RequestDigests
    /// Heading of the routes that are added next.
    var group = ""

    init(gate: Gate, identifiers: PublicIdentifiers, store: ChatStore, digests: RequestDigests) {
        self.gate = gate
        self.identifiers = identifiers
        self.store = store
        self.digests = digests
    }

    /// Methods under which `path` exists, in a stable order.
    func methods(at path: String) -> [HTTPRequest.Method] {
        let segments = path.split(separator: "/")
        var methods: [HTTPRequest.Method] = []
        for endpoint in endpoints where endpoint.matches(segments) {
            methods.append(endpoint.method)
            if endpoint.method == .get { methods.append(.head) }
        }
        return methods
    }

    // MARK: Routes of somebody who is known

    mutating func get<Answered: Encodable & Sendable>(
        _ path: String, summary: String, access: Admission, query: [QueryDescription] = [],
        response: Answered.Type, problems: [ProblemCode] = [],
        _ handle: @escaping @Sendable (Call) async throws -> Answer<Answered>
    ) {
        let handler = known(access) { _, call in try await handle(call) }
        add(.get, path, summary, access, query, response: response, .ok, problems, handler)
    }

    mutating func post<Answered: Encodable & Sendable>(
        _ path: String, summary: String, access: Admission, query: [QueryDescription] = [], response: Answered.Type,
        status: HTTPResponse.Status = .ok, problems: [ProblemCode] = [], idempotency: IdempotencyRule = .answerKept,
        _ handle: @escaping @Sendable (Call) async throws -> Answer<Answered>
    ) {
        let (gate, identifiers, keyed) = (gate, identifiers, keyed(path, idempotency, status))
        add(.post, path, summary, access, query, response: response, status, problems, idempotency: idempotency) {
            request, scope in
            let access = try await gate.admit(request, scope, to: access)
            let call = Call(
                access: access, incoming: Incoming(request: request, scope: scope, identifiers: identifiers))
            return try await keyed.respond(to: call, body: nil) { try await handle(call) }
        }
    }

    mutating func post<Body: Decodable & Sendable, Answered: Encodable & Sendable>(
        _ path: String, summary: String, access: Admission, request: Body.Type, isBodyOptional: Bool = false,
        response: Answered.Type, status: HTTPResponse.Status = .ok, problems: [ProblemCode] = [],
        idempotency: IdempotencyRule = .answerKept,
        _ handle: @escaping @Sendable (Body, Call) async throws -> Answer<Answered>
    ) {
        addWithBody(
            .post, path, summary, access, request, isBodyOptional: isBodyOptional, response, status, problems,
            idempotency, handle)
    }

    mutating func patch<Body: Decodable & Sendable, Answered: Encodable & Sendable>(
        _ path: String, summary: String, access: Admission, request: Body.Type, response: Answered.Type,
        problems: [ProblemCode] = [],
        _ handle: @escaping @Sendable (Body, Call) async throws -> Answer<Answered>
    ) {
        addWithBody(
            .patch, path, summary, access, request, response, .ok, problems + [.preconditionFailed], .ignored, handle)
    }

    mutating func put<Answered: Encodable & Sendable>(
        _ path: String, summary: String, access: Admission, response: Answered.Type, problems: [ProblemCode] = [],
        _ handle: @escaping @Sendable (Call) async throws -> Answer<Answered>
    ) {
        let handler = known(access) { _, call in try await handle(call) }
        add(.put, path, summary, access, response: response, .ok, problems, handler)
    }

    mutating func delete(
        _ path: String, summary: String, access: Admission, problems: [ProblemCode] = [],
        _ handle: @escaping @Sendable (Call) async throws -> Answer<NoContent>
    ) {
        let handler = known(access) { _, call in try await handle(call) }
        add(.delete, path, summary, access, response: NoContent.self, .noContent, problems, handler)
    }

    // MARK: Routes of anybody

    mutating func open<Answered: Encodable & Sendable>(
        get path: String, summary: String, query: [QueryDescription] = [], response: Answered.Type,
        problems: [ProblemCode] = [], _ handle: @escaping @Sendable (OpenCall) async throws -> Answer<Answered>
    ) {
        let identifiers = identifiers
        add(.get, path, summary, .anyone, query, response: response, .ok, problems) { request, scope in
            let call = OpenCall(incoming: Incoming(request: request, scope: scope, identifiers: identifiers))
            return try await handle(call).response(.ok)
        }
    }

    /// - Parameter limit: the line of the table of rates that a call counts in.
    mutating func open<Body: Decodable & Sendable, Answered: Encodable & Sendable>(
        post path: String, limit: RateLimits.Visit, summary: String, request: Body.Type, isBodyOptional: Bool = false,
        response: Answered.Type, status: HTTPResponse.Status = .ok, problems: [ProblemCode] = [],
        _ handle: @escaping @Sendable (Body, OpenCall) async throws -> Answer<Answered>
    ) {
        let (identifiers, limits) = (identifiers, gate.limits)
        add(
            .post, path, summary, .anyone, request: request, isBodyOptional: isBodyOptional, response: response,
            status, problems, limit: limit
        ) { request, scope in
            // Before anything is read, checked or looked up.
            try limits.count(.visit(limit, address: scope.client.rateKey))
            var request = request
            let bytes = try await RequestBodyReader.bytes(of: &request)
            let body = try RequestBodyReader.value(
                Body.self, in: bytes, request.headers, emptyIsObject: isBodyOptional)
            let call = OpenCall(incoming: Incoming(request: request, scope: scope, identifiers: identifiers))
            return try await handle(body, call).response(status)
        }
    }

    // MARK: Making entries

    /// Adds to the description of the route that was registered last.
    mutating func describeLast(_ change: (inout EndpointNotes) -> Void) {
        guard let last = endpoints.indices.last else { return }
        change(&endpoints[last].notes)
    }

    /// Says that the route that was registered last is answered in less time than going to another thread takes: some rows by
    /// their keys or a command, and a page of an answer.
    mutating func isBrief() {
        guard let last = endpoints.indices.last else { return }
        endpoints[last].isBrief = true
    }

    private func known<Answered: Encodable & Sendable>(
        _ admission: Admission, _ handle: @escaping @Sendable (Request, Call) async throws -> Answer<Answered>
    ) -> @Sendable (Request, RequestScope, HTTPResponse.Status) async throws -> Response {
        let (gate, identifiers) = (gate, identifiers)
        return { request, scope, status in
            let access = try await gate.admit(request, scope, to: admission)
            let incoming = Incoming(request: request, scope: scope, identifiers: identifiers)
            return try await handle(request, Call(access: access, incoming: incoming)).response(status)
        }
    }

    private mutating func addWithBody<Body: Decodable & Sendable, Answered: Encodable & Sendable>(
        _ method: HTTPRequest.Method, _ path: String, _ summary: String, _ admission: Admission, _ body: Body.Type,
        isBodyOptional: Bool = false, _ response: Answered.Type, _ status: HTTPResponse.Status,
        _ problems: [ProblemCode], _ idempotency: IdempotencyRule,
        _ handle: @escaping @Sendable (Body, Call) async throws -> Answer<Answered>
    ) {
        let (gate, identifiers, keyed) = (gate, identifiers, keyed(path, idempotency, status))
        add(
            method, path, summary, admission, request: body, isBodyOptional: isBodyOptional, response: response, status,
            problems, idempotency: idempotency
        ) { request, scope in
            // Who is asking comes first: a stranger's megabyte is not even read.
            let access = try await gate.admit(request, scope, to: admission)
            var request = request
            let bytes = try await RequestBodyReader.bytes(of: &request)
            let headers = request.headers
            let call = Call(
                access: access, incoming: Incoming(request: request, scope: scope, identifiers: identifiers))
            return try await keyed.respond(to: call, body: bytes) {
                let body = try RequestBodyReader.value(Body.self, in: bytes, headers, emptyIsObject: isBodyOptional)
                return try await handle(body, call)
            }
        }
    }

    private func keyed(_ path: String, _ rule: IdempotencyRule, _ status: HTTPResponse.Status) -> Idempotency {
        Idempotency(store: store, digests: digests, rule: rule, route: "POST \(path)", status: status)
    }

    private mutating func add(
        _ method: HTTPRequest.Method, _ path: String, _ summary: String, _ admission: Admission,
        _ query: [QueryDescription] = [], response: any (Encodable & Sendable).Type, _ status: HTTPResponse.Status,
        _ problems: [ProblemCode],
        _ handler: @escaping @Sendable (Request, RequestScope, HTTPResponse.Status) async throws -> Response
    ) {
        add(method, path, summary, admission, query, response: response, status, problems) { request, scope in
            try await handler(request, scope, status)
        }
    }

    private mutating func add(
        _ method: HTTPRequest.Method, _ path: String, _ summary: String, _ admission: Admission,
        _ query: [QueryDescription] = [], request: (any (Decodable & Sendable).Type)? = nil,
        isBodyOptional: Bool = false, response: any (Encodable & Sendable).Type, _ status: HTTPResponse.Status,
        _ problems: [ProblemCode], idempotency: IdempotencyRule = .ignored, limit: RateLimits.Visit? = nil,
        _ respond: @escaping @Sendable (Request, RequestScope) async throws -> Response
    ) {
        endpoints.append(
            Endpoint(
                method: method, path: path, summary: summary, group: group, admission: admission, query: query,
                request: request, isBodyOptional: isBodyOptional, response: response, status: status,
                problems: problems, idempotency: idempotency, limit: limit, respond: respond))
    }
}
