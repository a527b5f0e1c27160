import Domain
import Foundation
import HTTPTypes
import Identity
import Storage
import Testing
import Wire

@testable import HTTPAPI

/// Well-formed requests to every route, about rows that are made for them.
///
/// A new route needs a line here, in ``body(of:_:)`` when it takes a body and in ``make(_:behind:)`` when its path names a
/// new kind of row; the tests that walk through all routes say which.
struct RouteRequests: Sendable {
    /// What a request may not have been made for.
    struct Unknown: Error, CustomStringConvertible {
        var description: String
    }

    let fixture: HTTPFixture
    /// An admin of the workspace that the rows are of.
    let admin: Client
    /// Of the inbox through which its visitors come.
    let inboxKey: String

    /// A request, ready to be sent by whoever.
    struct Prepared: Sendable {
        var method: HTTPRequest.Method
        var path: String
        var body: [UInt8]?
        var contentType: String?

        func send(by client: Client) async throws -> Reply {
            var client = client
            if let contentType { client.headers[.contentType] = contentType }
            return try await client.send(method, path, bytes: body)
        }
    }

    /// Somebody visits the workspace.
    func visitor() async throws -> Visit {
        try await admin.with(token: nil).visit(["inbox_key": .string(inboxKey)])
    }

    /// A request to `endpoint` about rows of this workspace.
    /// - Parameters:
    ///   - visit: whose session and conversation it is about, where it is about one.
    ///   - own: sign-in that the caller may end as one of its own.
    func prepared(_ endpoint: Endpoint, _ visit: Visit, own: String? = nil) async throws -> Prepared {
        let path = try await filled(endpoint.path, visit, own: own)
        // There must be something to suggest an answer to, and to sum up.
        if endpoint.admission.permission == .assistantUse { _ = try await message(in: visit) }
        return try await prepared(endpoint, at: path, visit)
    }

    func prepared(_ endpoint: Endpoint, at path: String, _ visit: Visit) async throws -> Prepared {
        var request = Prepared(method: endpoint.method, path: path + (Self.queries[endpoint.path] ?? ""))
        if endpoint.notes.form != nil {
            (request.body, request.contentType) = (Self.form, "multipart/form-data; boundary=edge")
        } else if endpoint.request != nil {
            let body = try await body(of: "\(endpoint.method) \(endpoint.path)", visit)
            (request.body, request.contentType) = (body.serializedBytes(), "application/json")
        }
        return request
    }

    private static let queries = [
        "/api/v1/admin/knowledge/search": "?q=refund",
        "/api/v1/chat/attachments/{id}/content": "?expires=1&signature=none",
    ]

    private static let form = Array(
        """
        --edge\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n\
        hello\r\n--edge--\r\n
        """.utf8)

    // MARK: Paths

    /// `pattern` with the ids of rows in place of its parameters.
    func filled(_ pattern: String, _ visit: Visit, own: String? = nil) async throws -> String {
        var segments: [String] = []
        for segment in pattern.split(separator: "/").map(String.init) {
            if segment == "**" {
                segments.append("console.js")
            } else if segment.hasPrefix("{") {
                segments.append(try await make(segment, behind: segments, visit, own: own))
            } else {
                segments.append(segment)
            }
        }
        return "/" + segments.joined(separator: "/")
    }

    /// The id of a row for a parameter.
    func make(_ parameter: String, behind segments: [String], _ visit: Visit, own: String? = nil) async throws -> String
    {
        switch segments.last {
        case "conversations": return visit.conversationId
        case "sessions" where segments.contains("chat"): return visit.id
        case "sessions" where segments.contains("me"):
            if let own { return own }
            return try await login(of: user())
        case "sessions": return try await login(of: segments[segments.count - 2])
        case "messages": return try await message(in: visit)
        case "attachments": return try await attachment(of: visit)
        case "contacts": return try await made("contacts", ["name": "Kim"])
        case "users": return try await user()
        case "members":
            let user = try await user()
            try await admin.send(.put, "admin/teams/\(segments[segments.count - 2])/members/\(user)").expect(200)
            return user
        case "roles": return try await made("admin/roles", ["name": .string(Self.name()), "permissions": []])
        case "teams": return try await made("admin/teams", ["name": .string(Self.name())])
        case "invitations": return try await made("admin/invitations", ["email": .string(Self.email())])
        case "inboxes": return try await made("admin/inboxes", ["name": .string(Self.name())])
        case "api-keys":
            return try await made("admin/api-keys", ["name": .string(Self.name()), "permissions": ["stats:read"]])
        case "articles": return try await made("admin/knowledge/articles", Self.article)
        case "providers": return "builtin"
        case "prices":
            return try await made("admin/ai/prices", Self.price())
        case "assets": return "swagger-ui.css"
        default: throw Unknown(description: "no row for \(parameter) behind \(segments.joined(separator: "/"))")
        }
    }

    private func made(_ path: String, _ body: JSONValue) async throws -> String {
        let reply = try await admin.post(path, body).expect(201)
        guard let id = reply["id"]?.stringValue else { throw Unknown(description: "no id from \(path)") }
        return id
    }

    func user() async throws -> String {
        try await made(
            "admin/users",
            [
                "email": .string(Self.email()), "name": "Lee", "password": .string(HTTPFixture.password),
                "role": "agent",
            ])
    }

    /// A sign-in of somebody.
    func login(of user: String) async throws -> String {
        let key = try fixture.key(user, of: User.self)
        let found = try await fixture.store.read { try $0.user(key) }
        guard let found else { throw Unknown(description: "no user \(user)") }
        _ = try await fixture.token(of: found)
        let reply = try await admin.get("admin/users/\(user)/sessions").expect(200)
        guard let id = reply.items.first?["id"]?.stringValue else { throw Unknown(description: "no sign-in") }
        return id
    }

    private func message(in visit: Visit) async throws -> String {
        let sent = try await admin.with(token: visit.token).post("\(visit.path)/messages", ["content": "Hello"])
            .expect(201)
        return sent["id"]?.stringValue ?? ""
    }

    private func attachment(of visit: Visit) async throws -> String {
        let client = admin.with(token: visit.token).with(.contentType, "multipart/form-data; boundary=edge")
        let file = try await client.send(.post, "chat/attachments", bytes: Self.form).expect(201)["id"] ?? .null
        try await admin.with(token: visit.token).post(
            "\(visit.path)/messages", ["content": "See", "attachment_ids": [file]]
        ).expect(201)
        return file.stringValue ?? ""
    }

    static func name() -> String { "n-\(UUID().uuidString.prefix(13).lowercased())" }
    static func email() -> String { "\(name())@example.com" }

    // MARK: Bodies

    private static let article: JSONValue = ["title": "Refunds", "content": "Within 30 days.", "locale": "en"]

    /// Of a model of its own: one and the same has one price from a moment on.
    private static func price() -> JSONValue {
        ["provider": "model", "model": .string(name()), "input_micros": 400_000, "output_micros": 1_600_000]
    }

    func body(of route: String, _ visit: Visit) async throws -> JSONValue {
        switch route {
        case "POST /api/v1/auth/register":
            ["email": .string(Self.email()), "password": .string(HTTPFixture.password), "name": "Kim"]
        case "POST /api/v1/auth/login":
            ["email": .string(try await account()), "password": .string(HTTPFixture.password)]
        case "POST /api/v1/auth/refresh": ["refresh_token": .string(try await refreshToken())]
        case "PATCH /api/v1/users/me": ["name": "Ada"]
        case "POST /api/v1/users/me/password":
            ["current_password": .string(HTTPFixture.password), "new_password": "another good passphrase"]
        case "POST /api/v1/chat/sessions": ["inbox_key": .string(inboxKey)]
        case "PATCH /api/v1/chat/sessions/{id}": ["locale": "en"]
        case "POST /api/v1/chat/conversations": ["contact_id": .string(visit.contactId)]
        case "PATCH /api/v1/chat/conversations/{id}": ["priority": "high"]
        case "POST /api/v1/chat/conversations/{id}/messages": ["content": "Hello"]
        case "PATCH /api/v1/chat/conversations/{id}/messages/{message_id}": ["content": "Hello!"]
        case "POST /api/v1/chat/conversations/{id}/messages/{message_id}/correction": ["content": "Right"]
        case "POST /api/v1/chat/conversations/{id}/read": ["seq": 0]
        case "POST /api/v1/chat/conversations/{id}/switch": ["to": "human"]
        case "POST /api/v1/contacts", "PATCH /api/v1/contacts/{id}": ["name": "Kim"]
        case "POST /api/v1/contacts/{id}/merge":
            ["contact_id": .string(try await made("contacts", ["name": "Kim"]))]
        case "POST /api/v1/admin/users":
            [
                "email": .string(Self.email()), "name": "Lee", "password": .string(HTTPFixture.password),
                "role": "customer",
            ]
        case "PATCH /api/v1/admin/users/{id}": ["name": "Lee"]
        case "POST /api/v1/admin/users/{id}/password": ["password": "another good passphrase"]
        case "POST /api/v1/admin/roles": ["name": .string(Self.name()), "permissions": []]
        case "PATCH /api/v1/admin/roles/{id}", "PATCH /api/v1/admin/teams/{id}", "POST /api/v1/admin/inboxes",
            "PATCH /api/v1/admin/inboxes/{id}", "PATCH /api/v1/admin/settings", "PATCH /api/v1/admin/api-keys/{id}":
            ["name": .string(Self.name())]
        case "POST /api/v1/admin/teams": ["name": .string(Self.name()), "members": [.string(try await user())]]
        case "POST /api/v1/admin/invitations": ["email": .string(Self.email())]
        case "POST /api/v1/admin/api-keys": ["name": .string(Self.name()), "permissions": ["api_keys:write"]]
        case "POST /api/v1/admin/knowledge/articles": Self.article
        case "POST /api/v1/admin/ai/prices": Self.price()
        case "PATCH /api/v1/admin/knowledge/articles/{id}": ["title": "Returns"]
        case "POST /api/v1/admin/notices": ["code": "maintenance", "text": "Back at noon"]
        default: throw Unknown(description: "no body for \(route)")
        }
    }

    /// E-mail of somebody who can sign in.
    private func account() async throws -> String {
        let id = try await user()
        return try await admin.get("admin/users/\(id)").expect(200)["email"]?.stringValue ?? ""
    }

    private func refreshToken() async throws -> String {
        let reply = try await admin.with(token: nil).post(
            "auth/login", ["email": .string(try await account()), "password": .string(HTTPFixture.password)]
        ).expect(200)
        return reply["refresh_token"]?.stringValue ?? ""
    }
}
