import Domain
import HTTPTypes
import Identity
import Storage
import Testing
import Wire

@testable import HTTPAPI

@Suite("Inboxes and settings")
struct InboxTests {
    @Test("An inbox is made, seen, changed and deleted; its secret is shown when it is made")
    func life() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.run { client async throws in
            let admin = client.with(token: token)
            let made = try await admin.post(
                "admin/inboxes",
                [
                    "name": "Shop", "ai_enabled": false, "allowed_origins": ["https://Shop.Example:443"],
                    "greeting": "Hello", "languages": ["en", "pt-BR"],
                ]
            ).expect(201)
            #expect(made["secret"]?.stringValue?.hasPrefix("ibs_") == true)
            #expect(made["allowed_origins"] == ["https://shop.example"])
            let path = "admin/inboxes/\(made["id"]?.stringValue ?? "")"
            let seen = try await admin.get(path).expect(200)
            #expect(seen["secret"] == nil && seen["key"] == made["key"])
            let tag = try #require(seen[header: "ETag"])
            #expect(try await admin.get("admin/inboxes").expect(200).items.count == 2)
            let key = made["key"] ?? .null
            try await client.with(.origin, "https://other.example").post("chat/sessions", ["inbox_key": key])
                .expect(403, "forbidden")
            let visit = try await client.with(.origin, "https://shop.example").post(
                "chat/sessions", ["inbox_key": key]
            ).expect(201)
            #expect(visit["inbox"] == ["name": "Shop", "greeting": "Hello", "languages": ["en", "pt-BR"]])
            let room = "chat/conversations/\(visit["session"]?["conversation_id"]?.stringValue ?? "")"
            #expect(try await admin.get(room).expect(200)["owner"]?["kind"] == "none")

            let changed = try await admin.with(.ifMatch, tag).patch(
                path, ["greeting": .null, "allowed_origins": [], "ai_enabled": true]
            ).expect(200)
            #expect(changed["greeting"] == .null && changed["allowed_origins"] == [])
            try await admin.with(.ifMatch, tag).patch(path, ["name": "x"]).expect(412, "precondition_failed")
            let next = try await client.with(.origin, "https://other.example").post(
                "chat/sessions", ["inbox_key": key]
            ).expect(201)
            let nextRoom = "chat/conversations/\(next["session"]?["conversation_id"]?.stringValue ?? "")"
            #expect(try await admin.get(nextRoom).expect(200)["owner"]?["kind"] == "ai")

            #expect(try await admin.delete(path).status == 204)
            try await admin.get(path).expect(404)
            try await client.post("chat/sessions", ["inbox_key": key]).expect(404)
            try await client.with(token: next["session_token"]?.stringValue).post("chat/sessions").expect(404)
            try await admin.get(nextRoom).expect(200)
            let last = try await admin.get("admin/inboxes").expect(200).items.first?["id"]?.stringValue ?? ""
            try await admin.delete("admin/inboxes/\(last)").expect(409, "conflict")
        }
    }

    @Test("Identity tokens of the secret before a rotation are good for a day")
    func rotation() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        let id = fixture.views.identifiers.text(fixture.inbox.id)
        try await fixture.run { client async throws in
            let admin = client.with(token: token)
            let rotated = try await admin.post("admin/inboxes/\(id)/secret").expect(200)
            let secret = Array((rotated["secret"]?.stringValue ?? "").utf8)
            func attempt(_ secret: [UInt8]) async throws -> Reply {
                let end = fixture.clock.now().adding(seconds: 60).milliseconds / 1000
                let token = SessionTests.signed(["sub": "customer-1", "exp": .int(end)], secret)
                return try await client.post("chat/sessions", ["identity_token": .string(token)])
            }
            try await attempt(secret).expect(201)
            try await attempt(HTTPFixture.inboxSecret).expect(201)
            fixture.clock.advance(seconds: 86_400)
            try await attempt(secret).expect(201)
            try await attempt(HTTPFixture.inboxSecret).expect(401, "invalid_credentials")
        }
    }

    @Test(
        "What is wrong with an inbox is said",
        arguments: [
            (["name": ""], "name required"),
            (
                ["allowed_origins": ["https://a.example", "https://b.example/path"]],
                "allowed_origins[1] invalid_origin"
            ),
            (
                ["allowed_origins": .array(Array(repeating: "https://a.example", count: 101))],
                "allowed_origins too_many"
            ),
            (["languages": []], "languages required"), (["languages": ["en", "EN"]], "languages[1] duplicate"),
            (["languages": ["not a tag"]], "languages[0] invalid_locale"), (["greeting": ""], "greeting required"),
        ] as [([String: JSONValue], String)])
    func wrong(fields: [String: JSONValue], problem: String) async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        let id = fixture.views.identifiers.text(fixture.inbox.id)
        try await fixture.run { client async throws in
            let admin = client.with(token: token)
            let new = JSONValue.object(["name": "Shop"].merging(fields) { $1 })
            #expect(try await admin.post("admin/inboxes", new).expect(422).errors == [problem])
            #expect(try await admin.patch("admin/inboxes/\(id)", .object(fields)).expect(422).errors == [problem])
            try await admin.patch("admin/inboxes/\(id)", ["key": "mine"]).expect(422, "unknown_field")
            try await admin.patch("admin/inboxes/\(id)", ["languages": .null]).expect(422, "validation_failed")
        }
    }

    @Test("Settings are changed by who may, and hold at once")
    func settings() async throws {
        let fixture = try await HTTPFixture()
        let (admin, supervisor) = (try await fixture.token(), try await fixture.token(.supervisor))
        let agent = try await fixture.token(.agent)
        try await fixture.run { client async throws in
            let staff = client.with(token: admin)
            let before = try await staff.get("admin/settings").expect(200)
            #expect(before["slug"] == "default" && before["timezone"] == "UTC" && before["locale"] == .null)
            #expect(before["message_edit_seconds"] == 900)
            let tag = try #require(before[header: "ETag"])
            let after = try await staff.with(.ifMatch, tag).patch(
                "admin/settings", ["name": "Acme", "timezone": "Europe/Berlin", "locale": "de"]
            ).expect(200)
            #expect(after["name"] == "Acme" && after["timezone"] == "Europe/Berlin" && after["locale"] == "de")
            try await staff.with(.ifMatch, tag).patch("admin/settings", [:]).expect(412, "precondition_failed")
            #expect(try await client.visit().session["locale"] == "de")
            #expect(try await client.visit(["locale": "en"]).session["locale"] == "en")
            #expect(try await staff.patch("admin/settings", ["timezone": .null]).expect(200)["timezone"] == "UTC")
            for zone in ["Mars/Olympus", "CET+1", "GMT+2", "", "PST", "../etc/passwd"] {
                #expect(try await staff.patch("admin/settings", ["timezone": .string(zone)]).status == 422, "\(zone)")
            }
            for seconds in [-1, 604_801] as [Int64] {
                #expect(
                    try await staff.patch("admin/settings", ["message_edit_seconds": .int(seconds)]).expect(422).errors
                        == ["message_edit_seconds out_of_range"])
            }
            try await staff.patch("admin/settings", ["slug": "mine"]).expect(422, "unknown_field")
            try await client.with(token: supervisor).get("admin/settings").expect(200)
            try await client.with(token: supervisor).patch("admin/settings", [:]).expect(403)
            try await client.with(token: agent).get("admin/settings").expect(403)
        }
    }
}
