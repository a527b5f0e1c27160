import Domain
import HTTPTypes
import Identity
import Storage
import Testing
import Wire

@testable import HTTPAPI

@Suite("Locking out, and one's own sign-ins")
struct LockoutTests {
    private static let credentials: JSONValue = [
        "email": "admin@example.com", "password": .string(HTTPFixture.password),
    ]

    private static func fixture(failures: Int? = 3) async throws -> HTTPFixture {
        var settings = HTTPFixture.settings()
        settings.lockout = failures.map { Lockout(failures: $0) }
        settings.isTrustedProxy = { _ in true }
        return try await HTTPFixture(settings: settings)
    }

    @Test("Too many failures refuse the right password too, and the same for an account that does not exist")
    func lockout() async throws {
        let fixture = try await Self.fixture()
        try await fixture.user()
        try await fixture.run { client async throws in
            var answers: [String: [JSONValue]] = [:]
            for email in ["admin@example.com", "nobody@example.com"] {
                for _ in 0..<5 {
                    let reply = try await client.with(header: "X-Request-ID", "same").post(
                        "auth/login", ["email": .string(email), "password": "wrong"])
                    answers[email, default: []].append(reply.json)
                }
            }
            #expect(answers["admin@example.com"] == answers["nobody@example.com"])
            let codes = answers["admin@example.com"]?.map { $0["code"]?.stringValue ?? "" }
            #expect(codes == Array(repeating: "invalid_credentials", count: 3) + ["locked_out", "locked_out"])
            let refused = try await client.post("auth/login", Self.credentials).expect(429, "locked_out")
            #expect(refused[header: "Retry-After"] == "900")
            fixture.clock.advance(seconds: 899)
            try await client.post("auth/login", Self.credentials).expect(429, "locked_out")
            fixture.clock.advance(seconds: 1)
            try await client.post("auth/login", Self.credentials).expect(200)
        }
    }

    @Test("With the lock-out off nobody is locked out")
    func off() async throws {
        let fixture = try await Self.fixture(failures: nil)
        try await fixture.user()
        try await fixture.run { client async throws in
            for _ in 0..<20 {
                try await client.post("auth/login", ["email": "admin@example.com", "password": "wrong"])
                    .expect(401, "invalid_credentials")
            }
            try await client.post("auth/login", Self.credentials).expect(200)
        }
    }

    @Test("The audit log tells of sign-ins, and never what was typed")
    func audited() async throws {
        let fixture = try await Self.fixture()
        let user = try await fixture.user()
        try await fixture.run { client async throws in
            for email in ["admin@example.com", "somebody@example.com"] {
                for _ in 0..<3 {
                    try await client.post("auth/login", ["email": .string(email), "password": "wrong"]).expect(401)
                }
            }
            fixture.clock.advance(seconds: 900)
            let login = try await client.post("auth/login", Self.credentials).expect(200)
            let admin = client.with(token: login["access_token"]?.stringValue)
            let log = try await admin.get("admin/audit-log").expect(200)
            #expect(!log.text.contains("somebody@example.com"))
            let told = log.items.map { "\($0["action"]?.stringValue ?? "") \($0["target"]?["id"]?.stringValue ?? "-")" }
            let id = fixture.views.identifiers.text(user.id)
            #expect(
                told.dropFirst() == [
                    "login.locked_out -", "login.failed -", "login.failed -", "login.failed -",
                    "login.locked_out \(id)", "login.failed \(id)", "login.failed \(id)", "login.failed \(id)",
                ])
            #expect(told.first?.hasPrefix("login.succeeded lgn_") == true)
        }
    }

    // MARK: One's own password and sign-ins

    @Test("A new password ends the other sign-ins and leaves one's own")
    func password() async throws {
        let fixture = try await Self.fixture()
        try await fixture.user()
        try await fixture.run { client async throws in
            let own = try await client.post("auth/login", Self.credentials).expect(200)
            let other = try await client.post("auth/login", Self.credentials).expect(200)
            let me = client.with(token: own["access_token"]?.stringValue)
            let change: JSONValue = [
                "current_password": .string(HTTPFixture.password), "new_password": "another battery",
            ]
            let reply = try await me.post("users/me/password", change)
            #expect(reply.status == 204, "\(reply.text)")
            try await me.get("users/me").expect(200)
            try await client.post("auth/refresh", ["refresh_token": own["refresh_token"] ?? .null]).expect(200)
            try await client.with(token: other["access_token"]?.stringValue).get("users/me")
                .expect(401, "token_revoked")
            try await client.post("auth/refresh", ["refresh_token": other["refresh_token"] ?? .null])
                .expect(401, "token_revoked")
            try await client.post("auth/login", Self.credentials).expect(401, "invalid_credentials")
            #expect(
                try await me.post("users/me/password", change).expect(422).errors == [
                    "current_password wrong_password"
                ])
        }
    }

    @Test("The rules hold for a new password, and wrong ones count towards the lock-out")
    func passwordRules() async throws {
        let fixture = try await Self.fixture()
        let token = try await fixture.token(.agent, email: "agent@example.com")
        try await fixture.run { client async throws in
            let me = client.with(token: token)
            func problems(_ new: String, current: String = HTTPFixture.password) async throws -> [String] {
                try await me.post(
                    "users/me/password", ["current_password": .string(current), "new_password": .string(new)]
                ).expect(422).errors
            }
            #expect(try await problems("9 letters") == ["new_password too_short"])
            #expect(try await problems("agent@example.com") == ["new_password too_guessable"])
            #expect(try await problems(HTTPFixture.password) == ["new_password unchanged"])
            for _ in 0..<3 {
                #expect(try await problems("good enough now", current: "wrong") == ["current_password wrong_password"])
            }
            let change: JSONValue = [
                "current_password": .string(HTTPFixture.password), "new_password": "good enough now",
            ]
            try await me.post("users/me/password", change).expect(429, "locked_out")
            try await client.post(
                "auth/login", ["email": "agent@example.com", "password": .string(HTTPFixture.password)]
            ).expect(429, "locked_out")
        }
    }

    @Test("One sees where one is signed in, and ends it there")
    func ownSignIns() async throws {
        let fixture = try await Self.fixture()
        try await fixture.user()
        let stranger = try await fixture.token(.agent)
        try await fixture.runLive { client async throws in
            let laptop = try await client.with(header: "X-Forwarded-For", "192.0.2.1").with(.userAgent, "laptop").post(
                "auth/login", Self.credentials
            ).expect(200)
            let phone = try await client.with(header: "X-Forwarded-For", "192.0.2.2").with(.userAgent, "phone").post(
                "auth/login", Self.credentials
            ).expect(200)
            let me = client.with(token: laptop["access_token"]?.stringValue)
            let list = try await me.get("users/me/sessions").expect(200)
            #expect(list.items.map { $0["user_agent"] } == ["phone", "laptop"])
            #expect(list.items.map { $0["address"] } == ["192.0.2.2", "192.0.2.1"])
            #expect(list.items.map { $0["current"] } == [false, true])
            let path = "users/me/sessions/\(list.items.first?["id"]?.stringValue ?? "")"
            try await client.with(token: stranger).delete(path).expect(404)
            #expect(try await me.delete(path).status == 204)
            try await me.delete(path).expect(404)
            try await client.with(token: phone["access_token"]?.stringValue).get("users/me")
                .expect(401, "token_revoked")
            #expect(try await me.get("users/me/sessions").expect(200).items.count == 1)
        }
    }
}
