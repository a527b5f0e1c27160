import Domain
import Foundation
import HTTPTypes
import Identity
import Storage
import Testing
import Wire

@testable import HTTPAPI

/// Who gets what from which route: every route is called by everybody, and the statuses are compared with a file that people
/// have read.
///
/// `CHAT_API_WRITE_ACCESS_MATRIX=1 swift test --filter AccessMatrix` writes the file anew; then read what has changed.
@Suite("Access matrix")
struct AccessMatrixTests {
    static let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/access-matrix.md")

    /// Somebody who calls.
    enum Caller: String, CaseIterable, Sendable {
        case nobody
        case garbage
        case contact
        case otherContact = "other contact"
        case foreignContact = "foreign contact"
        case customer
        case agent
        case supervisor
        case admin
        case foreignAdmin = "foreign admin"
        case roleWithout = "role without"
        case roleWith = "role with"
        case keyWithout = "key without"
        case keyWith = "key with"
    }

    @Test("Every route answers everybody as the reviewed table says")
    func matrix() async throws {
        let fixture = try await HTTPFixture()
        let measured = try await fixture.run { client async throws in
            try await People(fixture, client).table()
        }
        if ProcessInfo.processInfo.environment["CHAT_API_WRITE_ACCESS_MATRIX"] == "1" {
            try Data(measured.utf8).write(to: Self.file)
            return
        }
        let reviewed = try String(contentsOf: Self.file, encoding: .utf8)
        let (was, now) = (reviewed.split(separator: "\n"), measured.split(separator: "\n"))
        for line in now where !was.contains(line) { Issue.record("not in docs/access-matrix.md: \(line)") }
        for line in was where !now.contains(line) { Issue.record("only in docs/access-matrix.md: \(line)") }
        #expect(reviewed == measured)
    }

    @Test("No route is without an admission that fits it")
    func admissions() async throws {
        let fixture = try await HTTPFixture()
        let open: Set<String> = [
            "POST /api/v1/auth/register", "POST /api/v1/auth/login", "POST /api/v1/auth/refresh",
            "POST /api/v1/chat/sessions", "GET /api/v1/chat/attachments/{id}/content",
        ]
        let staffWithoutPermission: Set<String> = ["POST /api/v1/auth/ticket"]
        for endpoint in fixture.interface.endpoints {
            let route = "\(endpoint.method) \(endpoint.path)"
            let isWriting = endpoint.method != .get
            switch endpoint.admission {
            case .anyone: #expect(open.contains(route) || !endpoint.path.hasPrefix("/api/"), "\(route)")
            case .user, .contact: #expect(!endpoint.path.hasPrefix("/api/v1/admin/"), "\(route)")
            case .staff(nil): #expect(staffWithoutPermission.contains(route), "\(route)")
            case .staff(let action?):
                let isReading = action.rawValue.hasSuffix(":read")
                #expect(isWriting || isReading, "\(route) is a GET and needs \(action.rawValue)")
                #expect(!isWriting || !isReading, "\(route) changes something and needs only \(action.rawValue)")
            case .contactOr: #expect(!endpoint.path.hasPrefix("/api/v1/admin/"), "\(route)")
            }
            if case .anyone = endpoint.admission, isWriting {
                #expect(endpoint.limit != nil, "\(route) is for strangers and has no limit")
            }
        }
    }
}

/// Everybody who may call, with what they call about.
private struct People: Sendable {
    private let fixture: HTTPFixture
    private let client: Client
    private let requests: RouteRequests
    private let foreign: Workspace
    private let users: [AccessMatrixTests.Caller: User]
    /// Custom roles' users, and API keys, by their permissions.
    private let holders: [[Permission.Action]: User]
    private let keys: [[Permission.Action]: String]

    init(_ fixture: HTTPFixture, _ client: Client) async throws {
        self.fixture = fixture
        self.client = client
        let admin = try await fixture.user("root@example.com")
        let root = client.with(token: try await fixture.token(of: admin))
        requests = RouteRequests(fixture: fixture, admin: root, inboxKey: HTTPFixture.inboxKey)
        (foreign, _) = try await fixture.otherWorkspace()
        var users: [AccessMatrixTests.Caller: User] = [:]
        for (caller, role) in [
            (AccessMatrixTests.Caller.customer, Role.customer), (.agent, .agent), (.supervisor, .supervisor),
            (.admin, .admin),
        ] { users[caller] = try await fixture.user("\(role.name)@example.com", role: role) }
        users[.foreignAdmin] = try await fixture.user("admin@other.example", role: .admin, in: foreign)
        var holders: [[Permission.Action]: User] = [:]
        var keys: [[Permission.Action]: String] = [:]
        let others: Set<Permission.Action> = [.statisticsRead, .auditRead]
        for needed in Set(fixture.interface.endpoints.map(\.needs) + others.map { [$0] }) where !needed.isEmpty {
            let permissions = JSONValue.array(needed.map { .string($0.rawValue) })
            let name = JSONValue.string(RouteRequests.name())
            try await root.post("admin/roles", ["name": name, "permissions": permissions]).expect(201)
            holders[needed] = try await Self.user(name.stringValue ?? "", root, fixture)
            keys[needed] = try await root.post("admin/api-keys", ["name": name, "permissions": permissions])
                .expect(201)["key"]?.stringValue
        }
        try await root.post("admin/roles", ["name": "nothing", "permissions": []]).expect(201)
        users[.roleWithout] = try await Self.user("nothing", root, fixture)
        // Where a route needs no permission.
        users[.roleWith] = try await Self.user("nothing", root, fixture)
        self.users = users
        self.holders = holders
        self.keys = keys
    }

    private static func user(_ role: String, _ root: Client, _ fixture: HTTPFixture) async throws -> User {
        let made = try await root.post(
            "admin/users",
            [
                "email": .string(RouteRequests.email()), "name": .string(role),
                "password": .string(HTTPFixture.password), "role": .string(role),
            ]
        ).expect(201)
        let id = try fixture.key(made["id"]?.stringValue, of: User.self)
        guard let user = try await fixture.store.read({ try $0.user(id) }) else {
            throw FixtureFault.missing("user with role \(role)")
        }
        return user
    }

    /// The whole table as text.
    func table() async throws -> String {
        let callers = AccessMatrixTests.Caller.allCases
        var rows = [
            ["route", "for"] + callers.map(\.rawValue), Array(repeating: "---", count: callers.count + 2),
        ]
        for endpoint in fixture.interface.endpoints {
            let also = endpoint.notes.alsoNeeds.map { " + `\($0.rawValue)`" }.joined()
            var row = ["`\(endpoint.method) \(endpoint.path)`", endpoint.admission.text + also]
            for caller in callers { row.append(String(try await status(of: endpoint, for: caller))) }
            rows.append(row)
        }
        return Self.introduction + rows.map { "| \($0.joined(separator: " | ")) |\n" }.joined()
    }

    private static let introduction = """
        # Who gets what from which route

        Every route is called by everybody with a well-formed request about rows that are there, and this is the status of
        each answer. `Tests/HTTPAPITests/AccessMatrixTests.swift` compares; to write it anew, run it with
        `CHAT_API_WRITE_ACCESS_MATRIX=1` and read what has changed.

        The rows are of the workspace in which all callers are, but for the foreign ones. A *contact* is the one whose
        session, conversation, message or file it is about, an *other contact* is another visitor of the same inbox. *Role*
        and *key* are a custom role and an admin's API key with exactly the permissions of the route, or without them.

        Some statuses are not what one may expect at first: an API key signs nobody in or out and changes no account of its
        maker's; a link to a file's bytes that nobody signed is 403 for everybody; the message is the contact's, so staff
        change it only with `messages:manage`, and no receipt of the assistant is there (404); a foreign admin's request
        that names a row only in its body is 404 or 422; the user is an agent, whom nobody changes who may do less.


        """

    private func status(of endpoint: Endpoint, for caller: AccessMatrixTests.Caller) async throws -> Int {
        do {
            let visit = try await requests.visitor()
            let (client, own) = try await client(for: caller, endpoint, visit)
            return try await requests.prepared(endpoint, visit, own: own).send(by: client).status
        } catch let unknown as RouteRequests.Unknown {
            Issue.record("\(unknown)")
            return 0
        }
    }

    /// Somebody with fresh credentials, because some requests end them.
    private func client(
        for caller: AccessMatrixTests.Caller, _ endpoint: Endpoint, _ visit: Visit
    ) async throws -> (Client, own: String?) {
        let needed = endpoint.needs
        switch caller {
        case .nobody: return (client.with(token: nil), nil)
        case .garbage: return (client.with(token: "garbage"), nil)
        case .contact: return (client.with(token: visit.token), nil)
        case .otherContact: return (client.with(token: try await requests.visitor().token), nil)
        case .foreignContact: return (client.with(token: try await client.visit(["inbox_key": "other-key"]).token), nil)
        case .roleWith:
            return try await signedIn(holders[needed] ?? users[.roleWith], endpoint)
        case .keyWith: return (client.with(token: keys[needed] ?? keys[[.statisticsRead]]), nil)
        case .keyWithout:
            return (client.with(token: keys[[needed == [.statisticsRead] ? .auditRead : .statisticsRead]]), nil)
        case .customer, .agent, .supervisor, .admin, .foreignAdmin, .roleWithout:
            return try await signedIn(users[caller], endpoint)
        }
    }

    private func signedIn(_ user: User?, _ endpoint: Endpoint) async throws -> (Client, own: String?) {
        guard let user else { throw FixtureFault.missing("caller") }
        let client = client.with(token: try await fixture.token(of: user))
        guard endpoint.path == "/api/v1/users/me/sessions/{id}" else { return (client, nil) }
        return (client, try await client.get("users/me/sessions").expect(200).items.first?["id"]?.stringValue)
    }
}

extension Endpoint {
    /// All permissions that staff need.
    fileprivate var needs: [Permission.Action] {
        (admission.permission.map { [$0] } ?? []) + notes.alsoNeeds
    }
}

extension Admission {
    /// As the table names it.
    fileprivate var text: String {
        switch self {
        case .anyone: "everybody"
        case .user: "users"
        case .staff(nil): "staff"
        case .staff(let action?): "`\(action.rawValue)`"
        case .contact: "its contact"
        case .contactOr(let action): "its contact, `\(action.rawValue)`"
        }
    }
}
