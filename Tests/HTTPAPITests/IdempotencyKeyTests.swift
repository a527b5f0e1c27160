import Domain
import Foundation
import HTTPTypes
import Identity
import Storage
import Testing

@testable import HTTPAPI

@Suite("Idempotency-Key")
struct IdempotencyKeyTests {
    private func contacts(_ client: Client) async throws -> Int {
        try await client.get("contacts").expect(200).items.count
    }

    @Test("A repeated POST is answered as the first was, and done once")
    func replay() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.run { client async throws in
            let client = client.with(token: token)
            let keyed = client.with(header: "Idempotency-Key", "order-66")
            let first = try await keyed.post("contacts", ["name": "Kim"]).expect(201)
            #expect(first[header: "Idempotency-Replayed"] == nil)
            let again = try await keyed.post("contacts", ["name": "Kim"]).expect(201)
            #expect(again[header: "Idempotency-Replayed"] == "true")
            #expect(again.body == first.body)
            for name in ["ETag", "Content-Type"] {
                #expect(again[header: name] == first[header: name] && first[header: name] != nil, "\(name)")
            }
            #expect(again[header: "X-Request-ID"] != first[header: "X-Request-ID"])
            #expect(try await contacts(client) == 1)
            // Without the key it is another request, and so it is with another.
            try await client.post("contacts", ["name": "Kim"]).expect(201)
            try await client.with(header: "Idempotency-Key", "Order-66").post("contacts", ["name": "Kim"]).expect(201)
            #expect(try await contacts(client) == 3)
        }
    }

    @Test("The same key with another body, query or path is a conflict")
    func conflict() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.run { client async throws in
            let visits = [try await client.visit(), try await client.visit()]
            let client = client.with(token: token)
            let keyed = client.with(header: "Idempotency-Key", "k")
            try await keyed.post("contacts", ["name": "Kim"]).expect(201)
            try await keyed.post("contacts", ["name": "Kim "]).expect(409, "idempotency_conflict")
            try await keyed.post("contacts", ["name": "Kim", "locale": nil]).expect(409, "idempotency_conflict")
            try await keyed.post("contacts?x=1", ["name": "Kim"]).expect(409, "idempotency_conflict")
            try await keyed.send(.post, "contacts", bytes: Array("{".utf8)).expect(409, "idempotency_conflict")
            #expect(try await contacts(client) == 3)
            // One route is one scope, whatever its path names.
            try await keyed.post("\(visits[0].path)/read", ["seq": 0]).expect(204)
            try await keyed.post("\(visits[0].path)/read", ["seq": 0]).expect(204)
            try await keyed.post("\(visits[1].path)/read", ["seq": 0]).expect(409, "idempotency_conflict")
        }
    }

    @Test("A key is its caller's own")
    func scope() async throws {
        let fixture = try await HTTPFixture()
        let (one, two) = (try await fixture.token(.admin), try await fixture.token(.supervisor))
        try await fixture.run { client async throws in
            let keyed = client.with(header: "Idempotency-Key", "k")
            let first = try await keyed.with(token: one).post("contacts", ["name": "Kim"]).expect(201)
            let second = try await keyed.with(token: two).post("contacts", ["name": "Lee"]).expect(201)
            #expect(first["id"] != second["id"])
            #expect(try await contacts(client.with(token: one)) == 2)
        }
    }

    @Test("What was refused is judged anew")
    func refused() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.run { client async throws in
            let client = client.with(token: token)
            let keyed = client.with(header: "Idempotency-Key", "k")
            try await keyed.post("contacts", ["name": 5]).expect(422)
            try await client.post("contacts", ["external_id": "42"]).expect(201)
            let taken: JSONValue = ["external_id": "42", "name": "Kim"]
            let held = try await client.get("contacts").items[0]["id"]?.stringValue ?? ""
            try await keyed.post("contacts", taken).expect(409, "conflict")
            try await client.patch("contacts/\(held)", ["external_id": nil]).expect(200)
            try await keyed.post("contacts", taken).expect(201)
            let again = try await keyed.post("contacts", taken).expect(201)
            #expect(again[header: "Idempotency-Replayed"] == "true")
            #expect(try await contacts(client) == 2)
        }
    }

    @Test("A caller who may not do it any more is not told what it was answered")
    func revoked() async throws {
        let fixture = try await HTTPFixture()
        let user = try await fixture.user(role: .agent)
        let token = try await fixture.token(of: user)
        try await fixture.run { client async throws in
            let keyed = client.with(header: "Idempotency-Key", "k")
            try await keyed.with(token: token).post("contacts", ["name": "Kim"]).expect(201)
            let demoted = try await fixture.store.write { try $0.changeAccess(of: user.id, role: .customer) }
            try await keyed.with(token: token).post("contacts", ["name": "Kim"]).expect(401)
            let fresh = try await fixture.token(of: demoted)
            try await keyed.with(token: fresh).post("contacts", ["name": "Kim"]).expect(403)
        }
    }

    @Test(
        "A key that is none is refused",
        arguments: ["", " ", "two words", "tab\tbed", "ümlaut", String(repeating: "x", count: 256)])
    func badKeys(key: String) async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.run { client async throws in
            let client = client.with(token: token)
            let reply = try await client.with(header: "Idempotency-Key", key).post("contacts", ["name": "Kim"])
                .expect(422, "validation_failed")
            #expect(reply.errors == ["Idempotency-Key invalid_value"])
            #expect(try await contacts(client) == 0)
        }
    }

    @Test("Two keys in one request are refused, and the longest key is good")
    func keyLines() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.run { client async throws in
            var client = client.with(token: token)
            let longest = client.with(header: "Idempotency-Key", String(repeating: "~", count: 255))
            try await longest.post("contacts", ["name": "Kim"]).expect(201)
            client.headers.append(HTTPField(name: .idempotencyKey, value: "one"))
            client.headers.append(HTTPField(name: .idempotencyKey, value: "two"))
            try await client.post("contacts", ["name": "Kim"]).expect(422)
        }
    }

    @Test("Keys of messages, tickets and sign-ins are not looked at")
    func ignored() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token(.agent)
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let keyed = client.with(header: "Idempotency-Key", "k")
            let contact = keyed.with(token: visit.token)
            let one = try await contact.post("chat/sessions/\(visit.id)/ticket").expect(201)
            let two = try await contact.post("chat/sessions/\(visit.id)/ticket").expect(201)
            #expect(one["ticket"] != two["ticket"])
            let first = try await contact.post("\(visit.path)/messages", ["content": "a"]).expect(201)
            let second = try await contact.post("\(visit.path)/messages", ["content": "b"]).expect(201)
            #expect(first["id"] != second["id"])
            try await keyed.with(token: token).post("auth/ticket").expect(201)
            try await keyed.with(token: token).post("auth/ticket").expect(201)
            // Strangers have no scope in which a key could be known.
            try await keyed.visit()
            try await keyed.visit()
            try await keyed.with(header: "Idempotency-Key", "no key").visit()
        }
    }

    @Test("A GET, PATCH or DELETE has no use for a key")
    func otherMethods() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.run { client async throws in
            let keyed = client.with(token: token).with(header: "Idempotency-Key", "no key")
            try await keyed.get("contacts").expect(200)
            try await keyed.patch("users/me", ["name": "Ada"]).expect(200)
        }
    }

    @Test("The same request many times at once has one effect")
    func atOnce() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.run { client async throws in
            let client = client.with(token: token)
            let keyed = client.with(header: "Idempotency-Key", "k")
            let replies = try await withThrowingTaskGroup(of: Reply.self) { group in
                for _ in 0..<40 { group.addTask { try await keyed.post("contacts", ["name": "Kim"]) } }
                return try await group.reduce(into: [Reply]()) { $0.append($1) }
            }
            #expect(try await contacts(client) == 1)
            let made = replies.filter { $0.status == 201 }
            #expect(!made.isEmpty && Set(made.map(\.body)).count == 1)
            // Whoever came while it was being done is asked to come again, and then gets the answer.
            for reply in replies where reply.status != 201 { try reply.expect(503, "unavailable") }
            #expect(try await keyed.post("contacts", ["name": "Kim"]).expect(201).body == made[0].body)
        }
    }

    @Test("An answer that was lost with its process is waited for, and then reported lost")
    func lostAnswer() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.run { client async throws in
            let client = client.with(token: token)
            let keyed = client.with(header: "Idempotency-Key", "k")
            try await keyed.post("contacts", ["name": "Kim"]).expect(201)
            // As the process leaves it that dies between the command's commit and the answer's.
            try await fixture.execute("UPDATE idempotency_keys SET status = NULL, headers = NULL, body = NULL", [])
            try await keyed.post("contacts", ["name": "Kim"]).expect(503, "unavailable")
            try await keyed.post("contacts", ["name": "Lee"]).expect(409, "idempotency_conflict")
            fixture.clock.advance(seconds: 60)
            let lost = try await keyed.post("contacts", ["name": "Kim"]).expect(409, "conflict")
            #expect(lost["detail"]?.stringValue?.contains("answer was lost") == true)
            #expect(try await contacts(client) == 1)
            // A day later the key is free.
            fixture.clock.advance(seconds: 86_400)
            let later = client.with(token: try await fixture.token(.supervisor))
            try await later.with(header: "Idempotency-Key", "k").post("contacts", ["name": "Kim"]).expect(201)
        }
    }

    @Test("A command that was done is told of, also when its answer cannot be kept")
    func unkeptAnswer() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.run { client async throws in
            let client = client.with(token: token)
            let keyed = client.with(header: "Idempotency-Key", "k")
            // Refuses what keeps the answer, and nothing else.
            try await fixture.execute(
                """
                CREATE TRIGGER no_answers BEFORE UPDATE ON idempotency_keys \
                BEGIN SELECT RAISE(ABORT, 'no'); END
                """, [])
            try await keyed.post("contacts", ["name": "Kim"]).expect(201)
            #expect(fixture.logs.text.contains("could not be kept"))
            try await keyed.post("contacts", ["name": "Kim"]).expect(503, "unavailable")
            #expect(try await contacts(client) == 1)
        }
    }

    @Test("Nobody finds a password by the digest of the request that held it")
    func digest() async throws {
        let (one, two) = (try await HTTPFixture(), try await HTTPFixture())
        let parts = [Array("POST".utf8), Array("{\"password\":\"secret\"}".utf8)]
        // The same secret, the same digest, on every node.
        #expect(one.tokens.requestDigests.digest(of: parts) == two.tokens.requestDigests.digest(of: parts))
        let moved = [Array("POST{".utf8), Array("\"password\":\"secret\"}".utf8)]
        #expect(one.tokens.requestDigests.digest(of: parts) != one.tokens.requestDigests.digest(of: moved))
    }

    @Test("Every POST of somebody who is known takes a key, but those of which the contract says otherwise")
    func table() async throws {
        let fixture = try await HTTPFixture()
        for endpoint in fixture.interface.endpoints {
            let route = "\(endpoint.method) \(endpoint.path)"
            let last = endpoint.segments.last.map(String.init) ?? ""
            let isKeyed =
                endpoint.method == .post && endpoint.admission != .anyone && !endpoint.path.hasPrefix("/api/v1/auth/")
                && !["ticket", "api-keys", "messages"].contains(last)
            #expect(endpoint.takesIdempotencyKey == isKeyed, "\(route)")
            if isKeyed { #expect(endpoint.possibleProblems.contains(.idempotencyConflict), "\(route)") }
        }
    }
}
