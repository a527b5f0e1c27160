import Domain
import Foundation
import HTTPTypes
import Identity
import Storage
import Testing
import Wire

@testable import HTTPAPI

@Suite("Signing in and out")
struct AuthTests {
    private static let credentials: JSONValue = [
        "email": "admin@example.com", "password": .string(HTTPFixture.password),
    ]

    @Test("A user signs in and sees itself")
    func signIn() async throws {
        let fixture = try await HTTPFixture()
        let user = try await fixture.user()
        try await fixture.run { client async throws in
            let login = try await client.post("auth/login", Self.credentials).expect(200)
            #expect(login["token_type"] == "bearer" && login["expires_in"] == 3600)
            #expect(login["user"]?["email"] == "admin@example.com" && login["user"]?["role"] == "admin")
            #expect(login["user"]?["last_login_at"] == .string(fixture.clock.now().rfc3339))
            #expect(!login.text.contains("hash"))
            let me = try await client.with(token: login["access_token"]?.stringValue).get("users/me").expect(200)
            #expect(me["id"]?.stringValue == fixture.views.identifiers.text(user.id))
            #expect(me["permissions"]?.arrayValue?.contains("users:write") == true)
            let upper = try await client.post(
                "auth/login", ["email": "ADMIN@example.com", "password": .string(HTTPFixture.password)])
            #expect(upper.status == 200)
        }
    }

    @Test("A customer signs in, and sees nothing of staff")
    func customer() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.user("customer@example.com", role: .customer)
        try await fixture.run { client async throws in
            let login = try await client.post(
                "auth/login", ["email": "customer@example.com", "password": .string(HTTPFixture.password)]
            ).expect(200)
            let customer = client.with(token: login["access_token"]?.stringValue)
            #expect(try await customer.get("users/me").expect(200)["permissions"] == [])
            for path in ["contacts", "chat/conversations", "chat/sessions", "admin/knowledge/articles"] {
                try await customer.get(path).expect(403, "forbidden")
            }
            try await customer.post("auth/ticket").expect(403, "forbidden")
            try await customer.post("chat/sessions").expect(201)
        }
    }

    @Test("Whatever is wrong with a sign-in, the answer is the same")
    func wrongCredentials() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.user()
        let suspended = try await fixture.user("suspended@example.com")
        try await fixture.execute(
            "UPDATE users SET status = 'suspended' WHERE id = ?", [.integer(suspended.id.rawValue)])
        try await fixture.run { client async throws in
            let attempts: [JSONValue] = [
                ["email": "admin@example.com", "password": "wrong"],
                ["email": "nobody@example.com", "password": .string(HTTPFixture.password)],
                ["email": "suspended@example.com", "password": .string(HTTPFixture.password)],
                [
                    "email": "admin@example.com", "password": .string(HTTPFixture.password),
                    "workspace": "no-such-workspace",
                ],
                ["email": "admin@example.com' OR 1=1 --", "password": "x"],
            ]
            var answers: Set<JSONValue> = []
            for attempt in attempts {
                let reply = try await client.with(header: "X-Request-ID", "same").post("auth/login", attempt)
                try reply.expect(401, "invalid_credentials")
                answers.insert(reply.json)
            }
            #expect(answers.count == 1)
        }
    }

    @Test("An unknown account takes as much hashing as a known one")
    func equalTime() async throws {
        // Dear enough that a sign-in without a hash would be told by its time, whatever else the machine does.
        let cost = try #require(ScryptCost(logarithm: 13, blockSize: 8, parallelism: 1))
        let fixture = try await HTTPFixture(passwordCost: cost)
        try await fixture.user()
        try await fixture.run { client async throws in
            func fastest(_ email: String) async throws -> Duration {
                var fastest = Duration.seconds(60)
                for _ in 0..<5 {
                    let start = ContinuousClock.now
                    try await client.post("auth/login", ["email": .string(email), "password": "wrong password"])
                        .expect(401, "invalid_credentials")
                    fastest = min(fastest, start.duration(to: .now))
                }
                return fastest
            }
            let known = try await fastest("admin@example.com")
            #expect(try await fastest("nobody@example.com") > known / 3)
        }
    }

    @Test("Sign-in never looks into another workspace")
    func workspaces() async throws {
        let fixture = try await HTTPFixture()
        let (other, _) = try await fixture.otherWorkspace()
        try await fixture.user("ada@example.com", in: other)
        try await fixture.run { client async throws in
            let body: JSONValue = ["email": "ada@example.com", "password": .string(HTTPFixture.password)]
            try await client.post("auth/login", body).expect(401, "invalid_credentials")
            let there: JSONValue = [
                "email": "ada@example.com", "password": .string(HTTPFixture.password), "workspace": "other",
            ]
            try await client.post("auth/login", there).expect(200)
        }
    }

    @Test("A refresh rotates; a token that comes back late kills the whole sign-in")
    func refresh() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.user()
        try await fixture.run { client async throws in
            let first = try await client.post("auth/login", Self.credentials).expect(200)
            let old: JSONValue = ["refresh_token": first["refresh_token"] ?? .null]
            let lost = try await client.post("auth/refresh", old).expect(200)
            // Its answer may have been lost: at once, it is given again, and the lost one is void.
            let second = try await client.post("auth/refresh", old).expect(200)
            #expect(second["refresh_token"] != first["refresh_token"])
            #expect(second["refresh_token"] != lost["refresh_token"])
            let staff = client.with(token: second["access_token"]?.stringValue)
            try await staff.get("users/me").expect(200)
            fixture.clock.advance(seconds: 30)
            try await client.post("auth/refresh", old).expect(401, "token_revoked")
            try await client.post("auth/refresh", ["refresh_token": second["refresh_token"] ?? .null])
                .expect(401, "token_revoked")
            try await staff.get("users/me").expect(401, "token_revoked")
            try await client.post("auth/refresh", ["refresh_token": "rt_nonsense"]).expect(401, "unauthenticated")
            try await client.post("auth/refresh", ["refresh_token": .string(RandomToken(.refresh).text)])
                .expect(401, "token_revoked")
        }
    }

    @Test("Signing out ends this sign-in at once and leaves others")
    func logout() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.user()
        try await fixture.run { client async throws in
            let one = try await client.post("auth/login", Self.credentials).expect(200)
            let two = try await client.post("auth/login", Self.credentials).expect(200)
            let reply = try await client.with(token: one["access_token"]?.stringValue).post("auth/logout")
            #expect(reply.status == 204 && reply.body.isEmpty)
            try await client.with(token: one["access_token"]?.stringValue).get("users/me").expect(401, "token_revoked")
            try await client.post("auth/refresh", ["refresh_token": one["refresh_token"] ?? .null])
                .expect(401, "token_revoked")
            try await client.with(token: two["access_token"]?.stringValue).get("users/me").expect(200)
            try await client.post("auth/logout").expect(401, "unauthenticated")
        }
    }

    @Test("A staff ticket opens one socket for its user")
    func ticket() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token(.agent)
        let reply = try await fixture.run { try await $0.with(token: token).post("auth/ticket").expect(201) }
        #expect(reply["expires_in"] == 60)
        let ticket = try #require(reply["ticket"]?.stringValue)
        let authenticator = Authenticator(
            store: fixture.store, tokens: fixture.tokens, identifiers: fixture.views.identifiers)
        let access = try await authenticator.authenticate(ticket: ticket)
        #expect(access.staff?.role == .agent)
        await #expect(throws: AuthenticationFailure.unauthenticated) {
            try await authenticator.authenticate(ticket: ticket)
        }
    }

    @Test("Users change their own name and language, and nothing else")
    func profile() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token(.agent)
        try await fixture.run { client async throws in
            let staff = client.with(token: token)
            let before = try await staff.get("users/me").expect(200)
            let tag = try #require(before[header: "ETag"])
            let after = try await staff.with(.ifMatch, tag).patch("users/me", ["name": "Ada", "locale": "zh-CN"])
            try after.expect(200)
            #expect(after["name"] == "Ada" && after["locale"] == "zh-CN" && after["role"] == "agent")
            try await staff.with(.ifMatch, tag).patch("users/me", ["name": "Eve"]).expect(412, "precondition_failed")
            #expect(try await staff.patch("users/me", ["locale": .null]).expect(200)["locale"] == .null)
            #expect(try await staff.patch("users/me", [:]).expect(200)["name"] == "Ada")
            let refused = try await staff.patch("users/me", ["role": "admin"]).expect(422, "unknown_field")
            #expect(refused.errors == ["role unknown_field"])
            #expect(try await staff.patch("users/me", ["name": .null]).expect(422).errors == ["name required"])
            #expect(try await staff.patch("users/me", ["name": ""]).expect(422).errors == ["name required"])
            #expect(
                try await staff.patch("users/me", ["locale": "<script>"]).expect(422).errors == [
                    "locale invalid_locale"
                ])
        }
    }

    @Test("A password is hashed anew at sign-in when its hash is of an older cost")
    func rehash() async throws {
        let fixture = try await HTTPFixture()
        let user = try await fixture.user()
        let older = PasswordHasher(cost: try #require(ScryptCost(logarithm: 5, blockSize: 2, parallelism: 1)))
        let hash = try await older.hash(HTTPFixture.password)
        try await fixture.execute(
            "UPDATE users SET password_hash = ? WHERE id = ?", [.text(hash), .integer(user.id.rawValue)])
        try await fixture.run { client async throws in
            try await client.post("auth/login", Self.credentials).expect(200)
            try await client.post("auth/login", Self.credentials).expect(200)
        }
        let workspaceId = fixture.workspace.id
        let kept = try await fixture.store.read { try $0.user(email: "admin@example.com", in: workspaceId) }
        #expect(kept?.passwordHash != hash)
    }
}
