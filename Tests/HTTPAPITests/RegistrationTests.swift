import Domain
import HTTPTypes
import Identity
import Storage
import Testing
import Wire

@testable import HTTPAPI

@Suite("Registering")
struct RegistrationTests {
    private static func ann(_ fields: [String: JSONValue] = [:]) -> JSONValue {
        .object(
            ["email": "Ann@example.com", "password": .string(HTTPFixture.password), "name": "Ann"]
                .merging(fields) { $1 })
    }

    private static func fixture(_ policy: HTTPSettings.Registration) async throws -> HTTPFixture {
        var settings = HTTPFixture.settings()
        settings.registration = policy
        return try await HTTPFixture(settings: settings)
    }

    @Test("Whoever registers is a customer and signed in")
    func open() async throws {
        let fixture = try await Self.fixture(.open)
        try await fixture.run { client async throws in
            let made = try await client.post("auth/register", Self.ann()).expect(201)
            #expect(made["user"]?["role"] == "customer" && made["user"]?["email"] == "Ann@example.com")
            #expect(made["token_type"] == "bearer" && made["expires_in"] == 3600)
            let ann = client.with(token: made["access_token"]?.stringValue)
            try await ann.get("users/me").expect(200)
            try await ann.get("contacts").expect(403, "forbidden")
            try await client.post("auth/refresh", ["refresh_token": made["refresh_token"] ?? .null]).expect(200)
            try await client.post(
                "auth/login", ["email": "ann@EXAMPLE.com", "password": .string(HTTPFixture.password)]
            )
            .expect(200)
            try await client.post("auth/register", Self.ann(["email": "ann@example.COM"])).expect(409, "email_taken")
            try await client.post("auth/register", Self.ann(["role": "admin"])).expect(422, "unknown_field")
            try await client.post("auth/register", Self.ann(["workspace": "no-such"])).expect(404, "not_found")
        }
    }

    @Test(
        "What is wrong is said",
        arguments: [
            (["email": "no address"], "email invalid_email"), (["name": ""], "name required"),
            (["password": "short"], "password too_short"), (["password": "password123"], "password too_guessable"),
            (["password": "ann@EXAMPLE.com"], "password too_guessable"),
            (["invitation": "iv_nonsense"], "invitation invalid_invitation"),
        ] as [([String: JSONValue], String)])
    func wrong(fields: [String: JSONValue], problem: String) async throws {
        let fixture = try await Self.fixture(.open)
        try await fixture.run { client async throws in
            #expect(try await client.post("auth/register", Self.ann(fields)).expect(422).errors == [problem])
        }
    }

    @Test("Where registration is closed nobody registers, by an invitation neither")
    func closed() async throws {
        let fixture = try await Self.fixture(.closed)
        let admin = try await fixture.token()
        try await fixture.run { client async throws in
            let token = try await client.with(token: admin).post("admin/invitations", [:]).expect(201)["token"]
            try await client.post("auth/register", Self.ann()).expect(403, "forbidden")
            try await client.post("auth/register", Self.ann(["invitation": token ?? .null])).expect(403, "forbidden")
        }
    }

    @Test("Where registration is by invitation one is needed, and gives its role once")
    func invited() async throws {
        let fixture = try await Self.fixture(.invite)
        let admin = try await fixture.token()
        try await fixture.run { client async throws in
            let staff = client.with(token: admin)
            #expect(try await client.post("auth/register", Self.ann()).expect(422).errors == ["invitation required"])
            let invitation = try await staff.post(
                "admin/invitations", ["email": "ann@example.com", "role": "agent"]
            ).expect(201)
            let token = invitation["token"] ?? .null
            // The rules for staff hold, because that is what she is going to be.
            let short = Self.ann(["invitation": token, "password": "8letters"])
            #expect(try await client.post("auth/register", short).expect(422).errors == ["password too_short"])
            let other = Self.ann(["invitation": token, "email": "eve@example.com"])
            #expect(
                try await client.post("auth/register", other).expect(422).errors == ["invitation invalid_invitation"])
            let made = try await client.post("auth/register", Self.ann(["invitation": token])).expect(201)
            #expect(made["user"]?["role"] == "agent")
            #expect(
                try await client.post("auth/register", Self.ann(["invitation": token])).expect(422).errors
                    == ["invitation invalid_invitation"])
            let list = try await staff.get("admin/invitations").expect(200)
            #expect(list.items.count == 1 && list.items.first?["used_at"] != .null)
            #expect(!list.text.contains("iv_"))
            let agent = client.with(token: made["access_token"]?.stringValue)
            try await agent.post("admin/invitations", [:]).expect(403, "forbidden")
        }
    }

    @Test("An invitation that was taken back lets nobody in")
    func takenBack() async throws {
        let fixture = try await Self.fixture(.invite)
        let admin = try await fixture.token()
        try await fixture.run { client async throws in
            let staff = client.with(token: admin)
            let invitation = try await staff.post("admin/invitations", [:]).expect(201)
            #expect(invitation["role"] == "customer" && invitation["email"] == .null)
            let path = "admin/invitations/\(invitation["id"]?.stringValue ?? "")"
            #expect(try await staff.delete(path).status == 204)
            try await staff.delete(path).expect(404)
            #expect(
                try await client.post("auth/register", Self.ann(["invitation": invitation["token"] ?? .null]))
                    .expect(422).errors == ["invitation invalid_invitation"])
            #expect(
                try await staff.post("admin/invitations", ["role": "owner"]).expect(422).errors == ["role unknown_role"]
            )
            try await staff.post("admin/invitations", ["email": "admin@example.com"]).expect(409, "email_taken")
        }
    }

    @Test("A customer's sessions are one contact's, and staff have none")
    func sessions() async throws {
        let fixture = try await Self.fixture(.open)
        let admin = try await fixture.token()
        try await fixture.run { client async throws in
            let made = try await client.post("auth/register", Self.ann()).expect(201)
            let ann = client.with(token: made["access_token"]?.stringValue)
            let (first, second) = (try await ann.visit(), try await ann.visit())
            #expect(first.contactId == second.contactId && first.conversationId != second.conversationId)
            let again = try await ann.visit(["conversation_id": .string(first.conversationId)])
            #expect(again.conversationId == first.conversationId)
            let contact = try await client.with(token: admin).get("contacts/\(first.contactId)").expect(200)
            #expect(contact["email"] == .null && contact["claimed_email"] == "Ann@example.com")
            let stranger = try await client.visit()
            try await ann.post("chat/sessions", ["conversation_id": .string(stranger.conversationId)])
                .expect(404, "not_found")
            #expect(
                try await ann.post("chat/sessions", ["identity_token": "x"]).expect(422).errors
                    == ["identity_token not_allowed"])
            try await client.with(token: admin).post("chat/sessions").expect(403, "forbidden")
        }
    }
}
