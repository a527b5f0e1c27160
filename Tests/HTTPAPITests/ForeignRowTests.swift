import Domain
import HTTPTypes
import Storage
import Testing
import Wire

@testable import HTTPAPI

/// Ids of another workspace, on every route that takes one.
@Suite("Rows of another workspace")
struct ForeignRowTests {
    /// Two workspaces, each with an admin, and rows of both.
    private struct World: Sendable {
        let fixture: HTTPFixture
        let client: Client
        let admin: Client
        let own: RouteRequests
        let foreign: RouteRequests

        init(_ fixture: HTTPFixture, _ client: Client) async throws {
            self.fixture = fixture
            self.client = client
            admin = client.with(token: try await fixture.token())
            own = RouteRequests(fixture: fixture, admin: admin, inboxKey: HTTPFixture.inboxKey)
            let (other, _) = try await fixture.otherWorkspace()
            let foreignAdmin = try await fixture.token(email: "admin@other.example", in: other)
            foreign = RouteRequests(
                fixture: fixture, admin: client.with(token: foreignAdmin), inboxKey: "other-key")
        }

        /// An id of the same kind that was never given.
        func unknown(like id: String) throws -> String {
            func text<Entity: PubliclyIdentified>(_: Entity.Type) -> String {
                fixture.views.identifiers.text(Identifier<Entity>(4_242_424_242))
            }
            let kinds = [
                text(Contact.self), text(ChatSession.self), text(Conversation.self), text(Message.self),
                text(User.self), text(Login.self), text(Role.self), text(Team.self), text(Invitation.self),
                text(Inbox.self), text(APIKey.self), text(Article.self), text(Domain.Attachment.self),
                text(AssistantPrice.self),
            ]
            guard let found = kinds.first(where: { $0.prefix(4) == id.prefix(4) }) else {
                throw RouteRequests.Unknown(description: "no kind for \(id)")
            }
            return found
        }
    }

    @Test("A route answers for a row of another workspace as for one that never was, and changes nothing")
    func paths() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            let world = try await World(fixture, client)
            for endpoint in fixture.interface.endpoints where endpoint.admission != .anyone {
                let parameters = endpoint.path.split(separator: "/").indices { $0.hasPrefix("{") }
                // Providers are not a workspace's.
                guard !endpoint.path.contains("{name}") else { continue }
                for range in parameters.ranges {
                    for place in range { try await compare(endpoint, place, world) }
                }
            }
        }
    }

    private func compare(
        _ endpoint: Endpoint, _ place: Int, _ world: World
    ) async throws {
        let route = "\(endpoint.method) \(endpoint.path)"
        let (visit, foreignVisit) = (try await world.own.visitor(), try await world.foreign.visitor())
        let own = try await world.own.filled(endpoint.path, visit).split(separator: "/").map(String.init)
        let theirs = try await world.foreign.filled(endpoint.path, foreignVisit).split(separator: "/").map(String.init)
        var (foreign, unknown) = (own, own)
        foreign[place] = theirs[place]
        unknown[place] = try world.unknown(like: theirs[place])
        var callers = endpoint.admission == .contact ? [] : [("admin", world.admin)]
        if endpoint.admission.letsContactsIn { callers.append(("contact", world.client.with(token: visit.token))) }
        for (name, caller) in callers {
            let first = try await world.own.prepared(endpoint, at: "/" + foreign.joined(separator: "/"), visit)
            let second = try await world.own.prepared(endpoint, at: "/" + unknown.joined(separator: "/"), visit)
            let before = try await world.fixture.everything()
            let (one, two) = (try await first.send(by: caller), try await second.send(by: caller))
            #expect(one.status == 404, "\(route) by \(name): \(one.text)")
            #expect(one.status == two.status && one.code == two.code && one.told == two.told, "\(route) by \(name)")
            let after = try await world.fixture.everything()
            let changed = after.filter { before[$0.key] != $0.value }.keys.sorted()
            #expect(changed.isEmpty, "\(route) by \(name): \(changed)")
        }
    }

    @Test(
        "A body that names a row of another workspace is answered as one that names none",
        arguments: [
            ("chat/conversations", "{\"contact_id\":\"$contacts\"}"),
            ("chat/conversations", "{\"contact_id\":\"@contacts\",\"inbox_id\":\"$inboxes\"}"),
            ("chat/conversations/@conversations/switch", "{\"to\":\"human\",\"agent_id\":\"$users\"}"),
            ("chat/conversations/@conversations/switch", "{\"to\":\"human\",\"team_id\":\"$teams\"}"),
            ("chat/conversations/@conversations/messages", "{\"content\":\"a\",\"reply_to\":\"$messages\"}"),
            ("chat/conversations/@conversations/messages", "{\"content\":\"a\",\"attachment_ids\":[\"$attachments\"]}"),
            ("contacts/@contacts/merge", "{\"contact_id\":\"$contacts\"}"),
            ("admin/teams", "{\"name\":\"crew\",\"members\":[\"$users\"]}"),
        ])
    func bodies(path: String, body: String) async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            let world = try await World(fixture, client)
            let (visit, foreignVisit) = (try await world.own.visitor(), try await world.foreign.visitor())
            func resolve(_ text: String, _ foreign: (String) async throws -> String) async throws -> String {
                var text = text
                for kind in ["contacts", "inboxes", "conversations", "users", "teams", "messages", "attachments"] {
                    if text.contains("@\(kind)") {
                        let id = try await world.own.make("{id}", behind: [kind], visit)
                        text = text.replacing("@\(kind)", with: id)
                    }
                    if text.contains("$\(kind)") { text = text.replacing("$\(kind)", with: try await foreign(kind)) }
                }
                return text
            }
            func theirs(_ kind: String) async throws -> String {
                try await world.foreign.make("{id}", behind: [kind], foreignVisit)
            }
            let path = try await resolve(path, theirs)
            let foreign = try await resolve(body, theirs)
            let unknown = try await resolve(body) { try world.unknown(like: try await theirs($0)) }
            let one = try await world.admin.post(path, JSONValue(parsing: Array(foreign.utf8)))
            let two = try await world.admin.post(path, JSONValue(parsing: Array(unknown.utf8)))
            #expect([404, 409, 422].contains(one.status), "\(one.text)")
            #expect(one.status == two.status && one.code == two.code && one.told == two.told, "\(one.text) \(two.text)")
        }
    }
}

extension Reply {
    /// All that it says but for its own number.
    fileprivate var told: [String?] { [json["title"]?.stringValue, json["detail"]?.stringValue] + errors }
}

extension Admission {
    fileprivate var letsContactsIn: Bool {
        switch self {
        case .contact, .contactOr: true
        case .anyone, .user, .staff: false
        }
    }
}

extension HTTPFixture {
    /// A digest of the rows of each table.
    func everything() async throws -> [String: Int] {
        try await driver.read { connection in
            var tables: [String] = []
            try connection.each("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'", [])
            {
                if let name = $0.optionalText(0) { tables.append(name) }
                return true
            }
            var digests: [String: Int] = [:]
            for table in tables {
                let columns = try connection.columns(of: table).count
                var hasher = Hasher()
                try connection.each("SELECT * FROM \(table)", []) { row in
                    for column in 0..<columns { hasher.combine("\(row.value(column))") }
                    return true
                }
                digests[table] = hasher.finalize()
            }
            return digests
        }
    }
}
