import Domain
import Foundation
import HTTPTypes
import Realtime
import Storage
import Synchronization
import Testing

@testable import HTTPAPI

@Suite("Messages and events")
struct MessageTests {
    @Test("Two people talk, and each sees what is theirs to see")
    func conversation() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token(.agent)
        try await fixture.run { client async throws in
            let visit = try await client.visit(["contact": ["name": "Wang"]])
            let (contact, staff) = (client.with(token: visit.token), client.with(token: token))
            let path = "\(visit.path)/messages"
            let question = try await contact.post(path, ["content": "你好", "client_message_id": "q-1"]).expect(201)
            #expect(question["seq"] == 2 && question["client_message_id"] == "q-1" && question["type"] == "text")
            #expect(question["sender"]?["kind"] == "contact" && question["sender"]?["name"] == "Wang")
            let note = try await staff.post(path, ["content": "upset", "type": "note"]).expect(201)
            #expect(try await staff.get(visit.path).expect(200)["owner"]?["kind"] == "ai", "a note takes nothing over")
            let answer = try await staff.post(path, ["content": "Hello", "reply_to": question["id"] ?? .null]).expect(
                201)
            #expect(answer["reply_to"] == question["id"])
            #expect(try await staff.get(visit.path).expect(200)["owner"]?["kind"] == "agent")

            let seen = try await contact.get(path).expect(200)
            #expect(seen.items.map { $0["content"] } == ["你好", "Hello"])
            #expect(seen.items.last?["sender"]?["id"] ?? .null == .null && seen.items.last?["sender"]?["name"] != nil)
            #expect(try await staff.get(path).expect(200).items.count == 3)
            let events = try await contact.get("\(visit.path)/events").expect(200)
            let types = events.items.map { $0["type"]?.stringValue }
            #expect(
                types == [
                    "conversation.created", "message.created", "event.hidden", "conversation.updated",
                    "message.created",
                ])
            #expect(events.items.map { $0["seq"] } == [1, 2, 3, 4, 5] && events["head_seq"] == 5)
            #expect(!events.text.contains("upset") && !seen.text.contains("upset"))
            #expect(try await contact.get(visit.path).expect(200)["unread"] == 1)
            try await contact.post(path, ["content": "x", "type": "note"]).expect(403, "forbidden")
            let hidden = try await contact.post(path, ["content": "x", "reply_to": note["id"] ?? .null])
            #expect(try hidden.expect(422).errors == ["reply_to not_found"])
        }
    }

    @Test("The same client id is the same message, for ever, and other content is a conflict")
    func idempotency() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let contact = client.with(token: visit.token)
            let path = "\(visit.path)/messages"
            let first = try await contact.post(path, ["content": "once", "client_message_id": "same"]).expect(201)
            fixture.clock.advance(seconds: 3600)
            let again = try await contact.post(path, ["content": "once", "client_message_id": "same"]).expect(200)
            #expect(again.json == first.json)
            try await contact.post(path, ["content": "twice", "client_message_id": "same"])
                .expect(409, "idempotency_conflict")
            try await contact.post(path, ["content": "once", "client_message_id": "Same"]).expect(201)
            // Many retries at once: one message.
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        try await contact.post(path, ["content": "race", "client_message_id": "race"]).status
                    }
                }
                let statuses = try await group.reduce(into: []) { $0.append($1) }
                #expect(statuses.count { $0 == 201 } == 1 && statuses.count { $0 == 200 } == 19)
            }
            #expect(try await contact.get(path).expect(200).items.count == 3)
        }
    }

    @Test("History comes by seq, both ways, with the head that it was read at")
    func pages() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let contact = client.with(token: visit.token)
            let path = "\(visit.path)/messages"
            for number in 2...8 { try await contact.post(path, ["content": .string("\(number)")]).expect(201) }
            func seqs(_ query: String) async throws -> [Int64] {
                let page = try await contact.get("\(path)?\(query)").expect(200)
                #expect(page["head_seq"] == 8)
                return page.items.compactMap { $0["seq"]?.intValue }
            }
            #expect(try await seqs("") == Array(2...8))
            #expect(try await seqs("after=5") == [6, 7, 8])
            #expect(try await seqs("after=2&limit=2") == [3, 4])
            #expect(try await seqs("before=5") == [4, 3, 2])
            #expect(try await seqs("before=9&limit=1") == [8])
            #expect(try await seqs("after=8") == [])
            for start in ["after=0", "before=9"] {
                var walked: [Int64] = []
                var query: String? = "\(start)&limit=3"
                while let current = query {
                    let page = try await contact.get("\(path)?\(current)").expect(200)
                    walked += page.items.compactMap { $0["seq"]?.intValue }
                    query = page["next_cursor"]?.stringValue.map { "limit=3&cursor=\($0)" }
                }
                #expect(walked.sorted() == Array(2...8) && walked.count == 7)
            }
            for (query, problem) in [
                ("after=-1", "after out_of_range"), ("after=x", "after out_of_range"),
                ("limit=201", "limit out_of_range"), ("after=1&before=2", "before out_of_range"),
                ("cursor=bm9uc2Vuc2U", "cursor invalid_cursor"), ("after=99999999999999999999", "after out_of_range"),
            ] {
                #expect(try await contact.get("\(path)?\(query)").expect(422).errors == [problem], "\(query)")
            }
        }
    }

    @Test("How far one has read moves forward, and says so to nobody but the others")
    func reading() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token(.agent)
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let (contact, staff) = (client.with(token: visit.token), client.with(token: token))
            for _ in 0..<3 { try await contact.post("\(visit.path)/messages", ["content": "hi"]).expect(201) }
            #expect(try await staff.get(visit.path).expect(200)["unread"] == 3)
            let access = Access(
                workspaceId: fixture.workspace.id,
                principal: .contact(
                    .init(
                        contactId: try fixture.key(visit.contactId, of: Contact.self),
                        sessionId: try fixture.key(visit.id, of: ChatSession.self),
                        conversationId: try fixture.key(visit.conversationId, of: Conversation.self))))
            let conversationId = try fixture.key(visit.conversationId, of: Conversation.self)
            let frames = try await fixture.hub.stream(of: conversationId, after: 4, by: access)
            #expect(try await staff.post("\(visit.path)/read", ["seq": 3]).expect(204).body.isEmpty)
            #expect(try await staff.get(visit.path).expect(200)["unread"] == 1)
            try await staff.post("\(visit.path)/read", ["seq": 1]).expect(204)
            try await staff.post("\(visit.path)/read", ["seq": 999]).expect(204)
            #expect(try await staff.get(visit.path).expect(200)["unread"] == 0)
            var receipts = 0
            for await frame in frames where frame.type == "receipt" {
                receipts += 1
                if receipts == 2 { break }
            }
            #expect(try await staff.post("\(visit.path)/read", ["seq": -1]).expect(422).errors == ["seq out_of_range"])
            #expect(try await staff.post("\(visit.path)/read", ["seq": 1.5]).expect(422).errors == ["seq wrong_type"])
            try await staff.post("chat/conversations/cnv_x/read", ["seq": 1]).expect(404, "not_found")
        }
    }

    @Test("What a message may not be")
    func badMessages() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let other = try await client.visit()
            let contact = client.with(token: visit.token)
            let foreign = try await client.with(token: other.token).post("\(other.path)/messages", ["content": "x"])
            let path = "\(visit.path)/messages"
            let cases: [(JSONValue, String)] = [
                ([:], "content required"), (["content": ""], "content required"),
                (["content": .string(String(repeating: "字", count: 16_001))], "content too_long"),
                (["content": "a\u{0}b"], "content contains_nul"), (["content": 5], "content wrong_type"),
                (["content": .null], "content required"),
                (
                    ["content": "x", "client_message_id": .string(String(repeating: "x", count: 65))],
                    "client_message_id too_long"
                ),
                (["content": "x", "client_message_id": ""], "client_message_id required"),
                (["content": "x", "type": "event"], "type invalid_value"),
                (["content": "x", "type": "file"], "attachment_ids required"),
                (["content": "x", "type": "shout"], "type invalid_value"),
                (["content": "x", "reply_to": "msg_x"], "reply_to not_found"),
                (["content": "x", "reply_to": foreign["id"] ?? .null], "reply_to not_found"),
                (["content": "x", "attachment_ids": ["a"]], "attachment_ids[0] not_found"),
            ]
            for (body, problem) in cases {
                #expect(try await contact.post(path, body).expect(422, "validation_failed").errors == [problem])
            }
            try await contact.post(path, ["content": "x", "sender": "agent"]).expect(422, "unknown_field")
            for bytes: [UInt8] in [
                [0xFF, 0xFE], Array(#"{"content":"\#u{1}"}"#.utf8), Array("{\"content\":\"\u{0}".utf8),
            ] {
                let json = contact.with(.contentType, "application/json")
                try await json.send(.post, path, bytes: bytes).expect(400, "malformed_json")
            }
            let invalid = Array(#"{"content":""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8)
            try await contact.with(.contentType, "application/json").send(.post, path, bytes: invalid)
                .expect(400, "malformed_json")
            #expect(try await contact.get(path).expect(200).items.isEmpty, "nothing was sent")
            let longest = try await contact.post(path, ["content": .string(String(repeating: "字", count: 16_000))])
            #expect(longest.status == 201)
            for id in [other.conversationId, "cnv_0", "..", "%2e%2e", visit.id] {
                try await contact.post("chat/conversations/\(id)/messages", ["content": "x"]).expect(404, "not_found")
            }
        }
    }

    @Test("A contact's messages are limited by the minute, whichever way they come")
    func messageRate() async throws {
        let fixture = try await HTTPFixture(messagesPerMinute: 2)
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let contact = client.with(token: visit.token)
            let path = "\(visit.path)/messages"
            for _ in 0..<2 { try await contact.post(path, ["content": "x"]).expect(201) }
            #expect(
                try await contact.post(path, ["content": "x"]).expect(429, "rate_limited")[header: "Retry-After"]
                    == "30")
            fixture.clock.advance(seconds: 30)
            try await contact.post(path, ["content": "x"]).expect(201)
        }
    }

    @Test("What the database does not confirm is told as that, and a retry sends it once")
    func unavailable() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let contact = client.with(token: visit.token)
            let path = "\(visit.path)/messages"
            let body: JSONValue = ["content": "important", "client_message_id": "i-1"]
            for failure in [StorageFailure.full, .unavailable("disk I/O error in /var/lib/chat.db")] {
                fixture.driver.failure.withLock { $0 = failure }
                let refused = try await contact.post(path, body).expect(503, "unavailable")
                #expect(!refused.text.contains("/var/lib"))
                #expect(try await client.post("chat/sessions").expect(503, "unavailable").status == 503)
            }
            fixture.driver.failure.withLock { $0 = .broken("no such column: secret_column in sqlite") }
            let broken = try await contact.post(path, body).expect(500, "internal")
            #expect(!broken.text.contains("secret_column"))
            fixture.driver.failure.withLock { $0 = nil }
            try await contact.post(path, body).expect(201)
            try await contact.post(path, body).expect(200)
        }
    }
}
