import Domain
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

/// A caller of the API. Every answer is held to the rules that all answers keep.
struct Client: Sendable {
    let http: any TestClientProtocol
    var token: String?
    var headers: HTTPFields = [:]
    /// What the server says of its answers.
    var described: DescribedAnswers?

    func with(token: String?) -> Client {
        var client = self
        client.token = token
        return client
    }

    func with(_ name: HTTPField.Name, _ value: String) -> Client {
        var client = self
        client.headers[name] = value
        return client
    }

    func with(header name: String, _ value: String) -> Client {
        HTTPField.Name(name).map { with($0, value) } ?? self
    }

    func get(_ path: String) async throws -> Reply { try await send(.get, path) }
    func post(_ path: String, _ body: JSONValue? = nil) async throws -> Reply { try await send(.post, path, body) }
    func patch(_ path: String, _ body: JSONValue) async throws -> Reply { try await send(.patch, path, body) }
    func delete(_ path: String) async throws -> Reply { try await send(.delete, path) }

    func send(_ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil) async throws -> Reply {
        var client = self
        if body != nil { client.headers[.contentType] = "application/json" }
        return try await client.send(method, path, bytes: body?.serializedBytes())
    }

    /// The same with a body that need not be JSON.
    func send(_ method: HTTPRequest.Method, _ path: String, bytes: [UInt8]?) async throws -> Reply {
        var headers = headers
        if let token { headers[.authorization] = "Bearer \(token)" }
        let uri = path.hasPrefix("/") ? path : "/api/v1/\(path)"
        let response = try await http.executeRequest(
            uri: uri, method: method, headers: headers, body: bytes.map { ByteBuffer(bytes: $0) })
        let reply = Reply(
            status: response.status.code, headers: response.headers, body: Array(response.body.readableBytesView))
        reply.checkRules(of: "\(method) \(path)", isHead: method == .head)
        described?.judge(reply, to: method, uri)
        return reply
    }

    // MARK: What nearly every test needs

    /// A new visit.
    @discardableResult
    func visit(_ body: JSONValue = [:]) async throws -> Visit {
        let reply = try await post("chat/sessions", body).expect(201)
        return try Visit(reply)
    }
}

/// A contact's session as it was opened.
struct Visit: Sendable {
    let id: String
    let conversationId: String
    let contactId: String
    let token: String
    let socket: String
    let session: JSONValue

    init(_ reply: Reply) throws {
        session = try #require(reply.json["session"])
        id = try #require(session["id"]?.stringValue)
        conversationId = try #require(session["conversation_id"]?.stringValue)
        contactId = try #require(session["contact_id"]?.stringValue)
        token = try #require(reply.json["session_token"]?.stringValue)
        socket = try #require(reply.json["websocket_url"]?.stringValue)
    }

    var path: String { "chat/conversations/\(conversationId)" }
}

/// An answer.
struct Reply: Sendable {
    let status: Int
    let headers: HTTPFields
    let body: [UInt8]

    var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }
    var text: String { String(decoding: body, as: UTF8.self) }
    var code: String? { json["code"]?.stringValue }
    var items: [JSONValue] { json["items"]?.arrayValue ?? [] }

    subscript(key: String) -> JSONValue? { json[key] }
    subscript(header name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }

    /// The answer itself, which must have this status and, for a problem, this code.
    @discardableResult
    func expect(
        _ status: Int, _ code: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Reply {
        #expect(self.status == status, "\(text)", sourceLocation: sourceLocation)
        if let code { #expect(self.code == code, "\(text)", sourceLocation: sourceLocation) }
        if self.status != status { throw FixtureFault.missing("status \(status): \(self.status) \(text)") }
        return self
    }

    /// Field and code of each of the problem's errors, such as `email invalid_email`.
    var errors: [String] {
        (json["errors"]?.arrayValue ?? []).map {
            "\($0["field"]?.stringValue ?? "?") \($0["code"]?.stringValue ?? "?")"
        }
    }

    /// What the contract promises of every answer.
    fileprivate func checkRules(of request: String, isHead: Bool) {
        #expect(self[header: "X-Request-ID"]?.isEmpty == false, "\(request)")
        #expect(self[header: "X-Node-ID"] == "node-1", "\(request)")
        #expect(self[header: "X-Content-Type-Options"] == "nosniff", "\(request)")
        guard status >= 400, !request.contains(" /health") else { return }
        #expect(self[header: "Content-Type"] == "application/problem+json", "\(request)")
        guard !isHead else { return }
        #expect(json["type"]?.stringValue == "about:blank", "\(request) \(text)")
        #expect(json["title"]?.stringValue?.isEmpty == false, "\(request) \(text)")
        #expect(json["status"]?.intValue == Int64(status), "\(request) \(text)")
        #expect(json["detail"]?.stringValue?.isEmpty == false, "\(request) \(text)")
        #expect(json["request_id"]?.stringValue == self[header: "X-Request-ID"], "\(request)")
        #expect(code?.isEmpty == false, "\(request) \(text)")
        for word in ["sqlite", "swift", "Refusal", "error:"] {
            #expect(!text.contains(word), "internals in \(text)")
        }
        if status == 401 { #expect(self[header: "WWW-Authenticate"] == "Bearer", "\(request)") }
        if status == 405 { #expect(self[header: "Allow"]?.isEmpty == false, "\(request)") }
        if status == 429 || status == 503 {
            #expect(self[header: "Retry-After"].flatMap(Int.init).map { $0 > 0 } == true, "\(request)")
        }
    }
}
