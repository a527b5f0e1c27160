import Crypto
import Domain
import Foundation
import HTTPTypes
import Identity
import Storage
import Testing
import Wire

@testable import HTTPAPI

@Suite("Visits")
struct SessionTests {
    @Test("A stranger comes in with nothing at all")
    func stranger() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            let reply = try await client.post("chat/sessions").expect(201)
            let visit = try Visit(reply)
            #expect(visit.session["status"] == "active" && visit.session["metadata"] == [:])
            #expect(visit.session["locale"] == .null)
            #expect(visit.session["expires_at"] == .string(fixture.clock.now().adding(seconds: 86_400).rfc3339))
            #expect(visit.socket.hasPrefix("ws://localhost/ws/chat/\(visit.id)?ticket=tk_"))
            let contact = client.with(token: visit.token)
            #expect(try await contact.get("chat/sessions/\(visit.id)").expect(200).json == visit.session)
            let conversation = try await contact.get(visit.path).expect(200)
            #expect(
                Set(conversation.json.objectValue?.keys.map { $0 } ?? []) == [
                    "id", "number", "subject", "status", "owner", "head_seq", "unread", "last_message", "created_at",
                    "updated_at",
                ])
            #expect(conversation["owner"] == ["kind": "ai", "name": .null, "epoch": 1])
        }
    }

    @Test("What a stranger says of itself is a claim and joins nobody")
    func claims() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.run { client async throws in
            let staff = client.with(token: token)
            let known = try await staff.post(
                "contacts", ["name": "Wang Wei", "email": "wang@example.com", "external_id": "c-1"]
            ).expect(201)
            let visit = try await client.visit([
                "inbox_key": .string(HTTPFixture.inboxKey), "locale": "zh-CN", "metadata": ["page": "/pricing"],
                "contact": [
                    "name": "Not Wang", "email": "wang@example.com", "external_id": "c-1", "phone": "123",
                    "attributes": ["plan": "pro"],
                ],
            ])
            #expect(visit.contactId != known["id"]?.stringValue)
            let contact = try await staff.get("contacts/\(visit.contactId)").expect(200)
            #expect(contact["email"] == .null && contact["external_id"] == .null)
            #expect(contact["claimed_email"] == "wang@example.com" && contact["claimed_external_id"] == "c-1")
            #expect(contact["name"] == "Not Wang" && contact["attributes"] == ["plan": "pro"])
        }
    }

    @Test("An identity token proves who a visitor is; a forged or late one proves nothing")
    func identityToken() async throws {
        let fixture = try await HTTPFixture()
        let staffToken = try await fixture.token()
        let end = fixture.clock.now().seconds + 60
        try await fixture.run { client async throws in
            let staff = client.with(token: staffToken)
            let known = try await staff.post("contacts", ["name": "Old", "external_id": "customer-7"]).expect(201)
            let claims: JSONValue = [
                "sub": "customer-7", "email": "seven@example.com", "name": "Seven", "exp": .int(end),
            ]
            let visit = try await client.visit([
                "identity_token": .string(Self.signed(claims, HTTPFixture.inboxSecret))
            ])
            #expect(visit.contactId == known["id"]?.stringValue)
            let contact = try await staff.get("contacts/\(visit.contactId)").expect(200)
            #expect(contact["email"] == "seven@example.com" && contact["name"] == "Seven")

            let late: JSONValue = ["sub": "customer-7", "exp": .int(end - 120)]
            let endless: JSONValue = ["sub": "customer-7"]
            let bad = [
                Self.signed(claims, Array("another-secret-of-at-least-32-bytes!!".utf8)),
                Self.signed(late, HTTPFixture.inboxSecret), Self.signed(endless, HTTPFixture.inboxSecret),
                Self.signed(claims, HTTPFixture.inboxSecret, algorithm: "none"), "garbage", "",
            ]
            for token in bad {
                try await client.post("chat/sessions", ["identity_token": .string(token)])
                    .expect(401, "invalid_credentials")
            }
        }
    }

    @Test("A contact comes back with its token, to a new conversation or to its own")
    func returning() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            let first = try await client.visit(["locale": "zh"])
            let stranger = try await client.visit()
            let contact = client.with(token: first.token)
            let second = try await contact.visit()
            #expect(second.contactId == first.contactId && second.conversationId != first.conversationId)
            #expect(second.session["locale"] == "zh")
            let third = try await contact.visit(["conversation_id": .string(first.conversationId)])
            #expect(third.conversationId == first.conversationId && third.id != first.id)
            // Another's conversation, none at all, or no proof.
            for id in [stranger.conversationId, "cnv_nonsense", first.id] {
                try await contact.post("chat/sessions", ["conversation_id": .string(id)]).expect(404, "not_found")
            }
            try await client.post("chat/sessions", ["conversation_id": .string(first.conversationId)])
                .expect(401, "unauthenticated")
            try await client.with(token: "nonsense").post("chat/sessions").expect(401, "unauthenticated")
        }
    }

    @Test("A session idles, wakes, expires, and its token then only opens a new one, for 90 days")
    func lifeCycle() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let contact = client.with(token: visit.token)
            func status() async throws -> JSONValue? {
                try await contact.get("chat/sessions/\(visit.id)").expect(200)["status"]
            }
            fixture.clock.advance(seconds: 299)
            #expect(try await status() == "active")
            fixture.clock.advance(seconds: 1)
            #expect(try await status() == "idle")
            try await contact.post("chat/sessions/\(visit.id)/ticket").expect(201)
            #expect(try await status() == "idle")
            try await contact.post("\(visit.path)/messages", ["content": "still here"]).expect(201)
            #expect(try await status() == "active")
            fixture.clock.advance(seconds: 86_399)
            #expect(try await status() == "idle")
            fixture.clock.advance(seconds: 1)
            try await contact.get("chat/sessions/\(visit.id)").expect(401, "token_expired")
            try await contact.get(visit.path).expect(401, "token_expired")
            try await contact.post("\(visit.path)/messages", ["content": "too late"]).expect(401, "token_expired")
            let back = try await contact.visit(["conversation_id": .string(visit.conversationId)])
            #expect(back.contactId == visit.contactId && back.conversationId == visit.conversationId)
            fixture.clock.advance(seconds: 90 * 86_400 - 1)
            #expect(try await contact.visit().contactId == visit.contactId)
            fixture.clock.advance(seconds: 1)
            try await contact.post("chat/sessions").expect(401, "token_expired")
        }
    }

    @Test("A closed session is over for good")
    func closing() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token(.supervisor)
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let contact = client.with(token: visit.token)
            #expect(try await contact.delete("chat/sessions/\(visit.id)").expect(204).body.isEmpty)
            try await contact.get("chat/sessions/\(visit.id)").expect(401, "token_revoked")
            try await contact.post("chat/sessions").expect(401, "token_revoked")
            let staff = client.with(token: token)
            #expect(try await staff.get("chat/sessions/\(visit.id)").expect(200)["status"] == "closed")
            try await staff.patch("chat/sessions/\(visit.id)", ["locale": "en"]).expect(409, "conflict")
            try await staff.delete("chat/sessions/\(visit.id)").expect(204)
        }
    }

    @Test("A ticket of a session opens its socket once, within a minute")
    func tickets() async throws {
        let fixture = try await HTTPFixture()
        let authenticator = Authenticator(
            store: fixture.store, tokens: fixture.tokens, identifiers: fixture.views.identifiers)
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let contact = client.with(token: visit.token)
            func ticket() async throws -> String {
                let reply = try await contact.post("chat/sessions/\(visit.id)/ticket").expect(201)
                #expect(reply["expires_in"] == 60)
                return try #require(reply["ticket"]?.stringValue)
            }
            let used = try await ticket()
            let access = try await authenticator.authenticate(ticket: used)
            let sessionId = try fixture.key(visit.id, of: ChatSession.self)
            #expect(access.contact?.sessionId == sessionId)
            let late = try await ticket()
            fixture.clock.advance(seconds: 60)
            for bad in [used, late, RandomToken(.ticket).text, "tk_", ""] {
                await #expect(throws: AuthenticationFailure.unauthenticated) {
                    try await authenticator.authenticate(ticket: bad)
                }
            }
            let first = try #require(visit.socket.split(separator: "=").last).description
            await #expect(throws: AuthenticationFailure.self) {
                try await authenticator.authenticate(ticket: first)
            }
            let other = try await client.visit()
            try await contact.post("chat/sessions/\(other.id)/ticket").expect(404, "not_found")
        }
    }

    @Test("A contact changes language and metadata of its own session")
    func editing() async throws {
        let fixture = try await HTTPFixture()
        let agent = try await fixture.token(.agent)
        try await fixture.run { client async throws in
            let visit = try await client.visit(["metadata": ["a": 1]])
            let other = try await client.visit()
            let contact = client.with(token: visit.token)
            let path = "chat/sessions/\(visit.id)"
            let before = try await contact.get(path).expect(200)
            let after = try await contact.patch(path, ["locale": "en-GB"]).expect(200)
            #expect(after["locale"] == "en-GB" && after["metadata"] == ["a": 1])
            let stale = contact.with(.ifMatch, before[header: "ETag"] ?? "")
            try await stale.patch(path, ["locale": "zh"]).expect(412, "precondition_failed")
            let cleared = try await contact.patch(path, ["locale": .null, "metadata": .null]).expect(200)
            #expect(cleared["locale"] == .null && cleared["metadata"] == [:])
            try await contact.patch("chat/sessions/\(other.id)", ["locale": "zh"]).expect(404, "not_found")
            try await contact.patch(path, ["metadata": [1]]).expect(422, "validation_failed")
            let large: JSONValue = ["x": .string(String(repeating: "x", count: 8 * 1024))]
            let refused = try await contact.patch(path, ["metadata": large]).expect(422)
            #expect(refused.errors == ["metadata too_large"])
            // Agents read sessions and do not change them.
            try await client.with(token: agent).patch(path, ["locale": "zh"]).expect(403, "forbidden")
            try await client.with(token: agent).get(path).expect(200)
        }
    }

    @Test("Staff list sessions by status, in pages")
    func listing() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token(.agent)
        try await fixture.run { client async throws in
            var visits: [Visit] = []
            for _ in 0..<5 { visits.append(try await client.visit()) }
            try await client.with(token: visits[0].token).delete("chat/sessions/\(visits[0].id)").expect(204)
            let staff = client.with(token: token)
            var found: [String] = []
            var cursor = ""
            repeat {
                let page = try await staff.get("chat/sessions?status=active&limit=3\(cursor)").expect(200)
                found += page.items.compactMap { $0["id"]?.stringValue }
                cursor = page["next_cursor"]?.stringValue.map { "&cursor=\($0)" } ?? ""
            } while !cursor.isEmpty
            #expect(found == visits.dropFirst().reversed().map(\.id))
            #expect(try await staff.get("chat/sessions?status=closed").expect(200).items.count == 1)
            #expect(try await staff.get("chat/sessions?status=gone").expect(422).errors == ["status invalid_value"])
            try await client.with(token: visits[1].token).get("chat/sessions").expect(403, "forbidden")
        }
    }

    @Test("An inbox is found by its key, in its own workspace only, and for its own sites only")
    func inboxes() async throws {
        let fixture = try await HTTPFixture()
        let (other, otherInbox) = try await fixture.otherWorkspace()
        try await fixture.execute(
            "UPDATE inboxes SET allowed_origins = ? WHERE id = ?",
            [.text(#"["https://shop.example"]"#), .integer(otherInbox.id.rawValue)])
        let otherAdmin = try await fixture.token(email: "admin@other.example", in: other)
        try await fixture.run { client async throws in
            try await client.post("chat/sessions", ["inbox_key": "no-such-key"]).expect(404, "not_found")
            let here = try await client.visit()
            try await client.with(token: here.token).post("chat/sessions", ["inbox_key": "other-key"])
                .expect(404, "not_found")
            let there = try await client.with(.origin, "https://shop.example").visit(["inbox_key": "other-key"])
            #expect(there.contactId != here.contactId)
            try await client.with(.origin, "https://evil.example").post("chat/sessions", ["inbox_key": "other-key"])
                .expect(403, "forbidden")
            try await client.visit(["inbox_key": "other-key"])  // no browser
            let staff = client.with(token: otherAdmin)
            #expect(try await staff.get("chat/sessions").expect(200).items.count == 2)
            try await staff.get("chat/sessions/\(here.id)").expect(404, "not_found")
            try await staff.get("contacts/\(here.contactId)").expect(404, "not_found")
            try await staff.get(here.path).expect(404, "not_found")
            // The token of one session says nothing of another's.
            try await client.with(token: here.token).get("chat/sessions/\(there.id)").expect(404, "not_found")
            try await client.with(token: here.token).get(there.path).expect(404, "not_found")
        }
    }

    @Test("The socket's address comes from PUBLIC_URL, else from the Host and what a trusted proxy says")
    func socketAddress() async throws {
        var settings = HTTPFixture.settings()
        settings.publicURL = "https://chat.example/support"
        let named = try await HTTPFixture(settings: settings)
        let socket = try await named.run { try await $0.visit().socket }
        #expect(socket.hasPrefix("wss://chat.example/support/ws/chat/ses_"))
        settings.publicURL = nil
        settings.isTrustedProxy = { $0 == "127.0.0.1" || $0 == "::1" }
        let proxied = try await HTTPFixture(settings: settings)
        let secure = try await proxied.runLive {
            try await $0.with(header: "X-Forwarded-Proto", "https").visit().socket
        }
        #expect(secure.hasPrefix("wss://localhost"))
        let open = try await HTTPFixture()
        let plain = try await open.runLive { try await $0.with(header: "X-Forwarded-Proto", "https").visit().socket }
        #expect(plain.hasPrefix("ws://localhost"))
    }

    @Test("Everything wrong with a visit is told at once, and nothing is made")
    func badVisits() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.run { client async throws in
            let reply = try await client.post(
                "chat/sessions",
                [
                    "locale": "not a locale", "metadata": "text",
                    "contact": [
                        "name": "", "email": "nonsense", "phone": .string(String(repeating: "1", count: 41)),
                        "external_id": "a\u{0}b", "attributes": [],
                    ],
                ]
            ).expect(422, "validation_failed")
            #expect(
                Set(reply.errors) == [
                    "contact.name required", "contact.email invalid_email", "contact.phone too_long",
                    "contact.external_id invalid_value", "contact.attributes wrong_type", "locale invalid_locale",
                    "metadata wrong_type",
                ])
            let typo = try await client.post("chat/sessions", ["contact": ["emial": "a@example.com"]])
            try typo.expect(422, "unknown_field")
            #expect(typo.errors == ["contact.emial unknown_field"])
            #expect(try await client.with(token: token).get("chat/sessions").expect(200).items.isEmpty)
        }
    }

    static func signed(_ claims: JSONValue, _ secret: [UInt8], algorithm: String = "HS256") -> String {
        func encoded(_ bytes: some Sequence<UInt8>) -> String {
            Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
                "=", with: "")
        }
        let header: JSONValue = ["alg": .string(algorithm), "typ": "JWT"]
        let head = "\(encoded(header.serializedBytes())).\(encoded(claims.serializedBytes()))"
        if algorithm == "none" { return head + "." }
        let code = HMAC<SHA256>.authenticationCode(for: Data(head.utf8), using: SymmetricKey(data: secret))
        return "\(head).\(encoded(code))"
    }
}
