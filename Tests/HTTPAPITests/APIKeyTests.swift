import Domain
import HTTPTypes
import Storage
import Synchronization
import Testing
import Wire

@testable import HTTPAPI

@Suite("API keys")
struct APIKeyTests {
    private func administer(
        remembersCallers: Bool = false, _ test: @Sendable (Client, HTTPFixture) async throws -> Void
    ) async throws {
        let fixture = try await HTTPFixture(remembersCallers: remembersCallers)
        let token = try await fixture.token()
        try await fixture.run { client async throws in try await test(client.with(token: token), fixture) }
    }

    private func key(
        _ admin: Client, _ permissions: [String], expiresAt: Timestamp? = nil
    ) async throws -> (id: String, text: String) {
        var body: [String: JSONValue] = ["name": "Exports", "permissions": .array(permissions.map { .string($0) })]
        if let expiresAt { body["expires_at"] = .string(expiresAt.rfc3339) }
        let made = try await admin.post("admin/api-keys", .object(body)).expect(201)
        return (try #require(made["id"]?.stringValue), try #require(made["key"]?.stringValue))
    }

    @Test("A key is shown once, listed, renamed and revoked")
    func life() async throws {
        try await administer { admin, fixture in
            let made = try await admin.post(
                "admin/api-keys",
                [
                    "name": "Exports", "permissions": ["messages:write:own", "conversations:read"],
                    "expires_at": "2099-01-01T00:00:00.000Z",
                ]
            ).expect(201)
            let text = try #require(made["key"]?.stringValue)
            #expect(text.hasPrefix("ck_") && text.utf8.count == 46)
            #expect(made["permissions"] == ["conversations:read", "messages:write:own"])
            #expect(made["last_used_at"] == .null && made["expires_at"] == "2099-01-01T00:00:00.000Z")
            let id = try #require(made["id"]?.stringValue)
            let read = try await admin.get("admin/api-keys/\(id)").expect(200)
            #expect(read["key"] == nil && read["name"] == "Exports")
            let list = try await admin.get("admin/api-keys").expect(200)
            #expect(list.items == [read.json] && !list.text.contains(text))
            let tag = read[header: "ETag"] ?? ""
            let renamed = try await admin.with(.ifMatch, tag).patch("admin/api-keys/\(id)", ["name": "Reports"]).expect(
                200)
            #expect(renamed["name"] == "Reports")
            try await admin.with(.ifMatch, tag).patch("admin/api-keys/\(id)", ["name": "X"]).expect(412)
            try await admin.with(.ifMatch, tag).delete("admin/api-keys/\(id)").expect(412)
            for field in ["permissions", "expires_at", "user_id", "key", "id"] {
                try await admin.patch("admin/api-keys/\(id)", .object([field: "x"])).expect(422, "unknown_field")
            }
            let program = admin.with(token: text)
            try await program.get("chat/conversations").expect(200)
            let me = try await program.get("users/me").expect(200)
            #expect(me["permissions"] == ["conversations:read", "messages:write:own"])
            try await program.get("contacts").expect(403, "forbidden")
            try await admin.delete("admin/api-keys/\(id)").expect(204)
            try await program.get("chat/conversations").expect(401, "token_revoked")
            try await admin.get("admin/api-keys/\(id)").expect(404, "not_found")
            try await admin.delete("admin/api-keys/\(id)").expect(404, "not_found")
            #expect(try await admin.get("admin/api-keys").expect(200).items.isEmpty)
        }
    }

    @Test("What a key may not be")
    func badKeys() async throws {
        try await administer { admin, fixture in
            let good: [String: JSONValue] = ["name": "k", "permissions": ["conversations:read"]]
            let cases: [(String, JSONValue, [String])] = [
                ("name", "", ["name required"]), ("permissions", [], ["permissions required"]),
                ("permissions", ["conversations:fly"], ["permissions[0] unknown_permission"]),
                ("permissions", ["users:read:own"], ["permissions[0] unknown_permission"]),
                ("permissions", .array(Array(repeating: "users:read", count: 201)), ["permissions too_many"]),
                ("expires_at", "2001-01-01T00:00:00.000Z", ["expires_at out_of_range"]),
            ]
            for (field, value, problems) in cases {
                let reply = try await admin.post("admin/api-keys", .object(good.merging([field: value]) { $1 }))
                #expect(try reply.expect(422, "validation_failed").errors == problems)
            }
            let agent = admin.with(token: try await fixture.token(.agent))
            try await agent.post("admin/api-keys", .object(good)).expect(403, "forbidden")
            try await agent.get("admin/api-keys").expect(403, "forbidden")
            // By a key, never more than that key.
            let narrow = try await key(admin, ["api_keys:write", "conversations:read:team"])
            let program = admin.with(token: narrow.text)
            try await program.post("admin/api-keys", .object(good)).expect(403, "forbidden")
            try await program.post(
                "admin/api-keys", ["name": "k", "permissions": ["conversations:read:team"]]
            ).expect(201)
            try await program.post("admin/api-keys", ["name": "k", "permissions": ["users:write"]]).expect(403)
        }
    }

    @Test("A key does not do what needs a sign-in")
    func whatNeedsASignIn() async throws {
        try await administer { admin, fixture in
            let all = try await key(admin, Permission.Action.allCases.map(\.rawValue))
            let program = admin.with(token: all.text)
            try await program.post("auth/ticket").expect(403, "forbidden")
            try await program.post("auth/logout").expect(403, "forbidden")
            try await program.post(
                "users/me/password",
                ["current_password": .string(HTTPFixture.password), "new_password": "quite another one, 42"]
            ).expect(403, "forbidden")
            try await program.patch("users/me", ["name": "Mallory"]).expect(403, "forbidden")
            try await program.get("users/me/sessions").expect(403, "forbidden")
            let own = try await admin.get("users/me/sessions").expect(200).items.first?["id"]?.stringValue ?? ""
            try await program.delete("users/me/sessions/\(own)").expect(403, "forbidden")
            try await program.post("chat/sessions", [:]).expect(403, "forbidden")
            // Everything else it does as its user.
            try await program.get("admin/users").expect(200)
        }
    }

    @Test("A key ends with its time, its user, and its role's rights")
    func end() async throws {
        try await administer(remembersCallers: true) { admin, fixture in
            let timed = try await key(admin, ["contacts:read"], expiresAt: fixture.clock.now().adding(seconds: 60))
            try await admin.with(token: timed.text).get("contacts").expect(200)
            fixture.clock.advance(seconds: 60)
            try await admin.with(token: timed.text).get("contacts").expect(401, "token_expired")

            let role = try await admin.post(
                "admin/roles", ["name": "keeper", "permissions": ["api_keys:write", "contacts:read", "users:read"]]
            ).expect(201)
            let user = try await fixture.user("keeper@example.com", role: .agent)
            let path = "admin/users/\(fixture.views.identifiers.text(user.id))"
            try await admin.patch(path, ["role": "keeper"]).expect(200)
            let known = try await fixture.store.read { try $0.user(user.id) }
            let keeper = admin.with(token: try await fixture.token(of: try #require(known)))
            let program = admin.with(token: try await key(keeper, ["contacts:read", "users:read"]).text)
            try await program.get("contacts").expect(200)
            try await program.get("admin/users").expect(200)
            try await admin.patch(
                "admin/roles/\(role["id"]?.stringValue ?? "")", ["permissions": ["contacts:read"]]
            ).expect(200)
            try await program.get("contacts").expect(200)
            try await program.get("admin/users").expect(403, "forbidden")
            try await admin.patch(path, ["status": "suspended"]).expect(200)
            try await program.get("contacts").expect(401, "token_revoked")
        }
    }

    @Test("What looks like a key and is none")
    func noKey() async throws {
        try await administer { admin, fixture in
            for text in [
                "ck_", "ck_x", "ck_" + String(repeating: "A", count: 43), "ck_" + String(repeating: "!", count: 43),
            ] {
                try await admin.with(token: text).get("users/me").expect(401, "unauthenticated")
            }
            let made = try await key(admin, ["contacts:read"])
            try await admin.with(token: made.text + "A").get("contacts").expect(401, "unauthenticated")
            try await admin.with(token: String(made.text.dropLast())).get("contacts").expect(401, "unauthenticated")
            try await admin.with(token: made.text.uppercased()).get("contacts").expect(401)
        }
    }

    @Test("Keys are another workspace's or one's own")
    func workspaces() async throws {
        try await administer { admin, fixture in
            let made = try await key(admin, ["contacts:read"])
            let (other, _) = try await fixture.otherWorkspace()
            let stranger = admin.with(token: try await fixture.token(.admin, email: "other@example.com", in: other))
            #expect(try await stranger.get("admin/api-keys").expect(200).items.isEmpty)
            try await stranger.get("admin/api-keys/\(made.id)").expect(404, "not_found")
            try await stranger.patch("admin/api-keys/\(made.id)", ["name": "x"]).expect(404, "not_found")
            try await stranger.delete("admin/api-keys/\(made.id)").expect(404, "not_found")
            try await admin.with(token: made.text).get("contacts").expect(200)
        }
    }

    @Test("The last use is written down once a minute, beside the requests")
    func lastUse() async throws {
        try await administer(remembersCallers: true) { admin, fixture in
            let made = try await key(admin, ["contacts:read"])
            let id = try fixture.key(made.id, of: APIKey.self)
            @Sendable func used() async throws -> Timestamp? {
                try await fixture.store.read { try $0.apiKey(id)?.lastUsedAt }
            }
            let first = fixture.clock.now()
            try await admin.with(token: made.text).get("contacts").expect(200)
            try await eventually("the use is written down") { try await used() == first }
            fixture.clock.advance(seconds: 30)
            try await admin.with(token: made.text).get("contacts").expect(200)
            fixture.clock.advance(seconds: 30)
            let second = fixture.clock.now()
            try await admin.with(token: made.text).get("contacts").expect(200)
            try await eventually("the next minute's use is written down") { try await used() == second }
            let view = try await admin.get("admin/api-keys/\(made.id)").expect(200)
            #expect(view["last_used_at"]?.stringValue == second.rfc3339)
        }
    }

    @Test("Knowing a caller and what it may do costs no read")
    func readsOfTheHotPath() async throws {
        try await administer(remembersCallers: true) { admin, fixture in
            let visit = try await admin.with(token: nil).visit()
            let agent = try await fixture.token(.agent)
            let made = try await key(admin, ["conversations:read", "contacts:read"])
            let reads: @Sendable () -> Int = { fixture.driver.reads.withLock { $0 } }
            for (token, forbidden) in [(agent, "admin/users"), (made.text, "admin/users"), (visit.token, "contacts")] {
                let caller = admin.with(token: token)
                // The first request asks the rows who it is.
                try await caller.get("chat/conversations/\(visit.conversationId)").expect(200)
                for _ in 0..<3 {
                    let before = reads()
                    // Its own read, and no other.
                    try await caller.get("chat/conversations/\(visit.conversationId)").expect(200)
                    #expect(reads() - before == 1)
                    // Turned away by what it may do.
                    try await caller.get(forbidden).expect(403, "forbidden")
                    #expect(reads() - before == 1)
                }
                let before = reads()
                fixture.clock.advance(seconds: 31)
                try await caller.get(forbidden).expect(403)
                #expect(reads() - before == 1, "what is remembered is asked again after a while")
            }
            // Whoever's rights change is asked at once.
            let before = reads()
            try await fixture.store.write {
                _ = try $0.revokeAPIKey(fixture.key(made.id, of: APIKey.self), by: .server(of: fixture.workspace.id))
            }
            try await admin.with(token: made.text).get("contacts").expect(401, "token_revoked")
            #expect(reads() - before == 1)
        }
    }

    @Test("A key has a rate of its own")
    func rate() async throws {
        var settings = HTTPFixture.settings()
        settings.rates.requestsPerSecond = 2
        let fixture = try await HTTPFixture(settings: settings)
        let token = try await fixture.token()
        try await fixture.run { client in
            let admin = client.with(token: token)
            let made = try await key(admin, ["contacts:read"])
            let program = client.with(token: made.text)
            for _ in 0..<4 { try await program.get("contacts").expect(200) }
            try await program.get("contacts").expect(429, "rate_limited")
            fixture.clock.advance(seconds: 1)
            try await program.get("contacts").expect(200)
        }
    }
}

/// Looks until `condition` holds, or the time is over, which fails the test.
private func eventually(_ what: Comment, _ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now.advanced(by: .seconds(30))
    while try await !condition() {
        try #require(ContinuousClock.now < end, what)
        try await Task.sleep(for: .milliseconds(2))
    }
}
