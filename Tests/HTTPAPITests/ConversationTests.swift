import Assistant
import Domain
import Foundation
import HTTPTypes
import Testing
import Wire

@testable import HTTPAPI

@Suite("Conversations")
struct ConversationTests {
    @Test("Staff write to a contact first, and take the conversation with it")
    func opening() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token(.agent)
        try await fixture.run { client async throws in
            let staff = client.with(token: token)
            let contact = try await staff.post("contacts", ["name": "Wang Wei"]).expect(201)
            let made = try await staff.post(
                "chat/conversations",
                [
                    "contact_id": contact["id"] ?? .null, "subject": "Invoice", "priority": "high",
                    "message": "Hello Mr Wang",
                ]
            ).expect(201)
            #expect(made["subject"] == "Invoice" && made["priority"] == "high" && made["number"] == 1)
            #expect(made["owner"]?["kind"] == "agent" && made["owner"]?["name"] == "Name of agent@example.com")
            #expect(made["last_message"]?["content"] == "Hello Mr Wang" && made["contact"]?["name"] == "Wang Wei")
            #expect(made[header: "ETag"] != nil)
            let silent = try await staff.post("chat/conversations", ["contact_id": contact["id"] ?? .null]).expect(201)
            let listed = try await staff.get("chat/conversations").expect(200).items
            #expect(listed.map { $0["id"] } == [made["id"]], "one without a message is in no list")
            #expect(silent["number"] == 2 && silent["owner"]?["kind"] == "ai")
            for id in ["con_nonsense", "", made["id"]?.stringValue ?? ""] {
                try await staff.post("chat/conversations", ["contact_id": .string(id)]).expect(404, "not_found")
            }
            try await staff.post(
                "chat/conversations", ["contact_id": contact["id"] ?? .null, "inbox_id": "inb_nonsense"]
            ).expect(404, "not_found")
            let refused = try await staff.post(
                "chat/conversations",
                ["contact_id": contact["id"] ?? .null, "subject": "", "message": "", "priority": "huge"]
            ).expect(422)
            #expect(refused.errors == ["priority invalid_value"])
        }
    }

    @Test("Another workspace's contact cannot be written to")
    func foreignContact() async throws {
        let fixture = try await HTTPFixture()
        let (other, _) = try await fixture.otherWorkspace()
        let (here, there) = (
            try await fixture.token(), try await fixture.token(email: "a@other.example", in: other)
        )
        try await fixture.run { client async throws in
            let contact = try await client.with(token: there).post("contacts", ["name": "Theirs"]).expect(201)
            let staff = client.with(token: here)
            try await staff.post("chat/conversations", ["contact_id": contact["id"] ?? .null]).expect(404, "not_found")
            try await staff.get("contacts/\(contact["id"]?.stringValue ?? "")").expect(404, "not_found")
            try await staff.patch("contacts/\(contact["id"]?.stringValue ?? "")", ["name": "Mine"])
                .expect(404, "not_found")
            #expect(try await staff.get("contacts").expect(200).items.isEmpty)
        }
    }

    @Test("The status changes along its machine, and a closed one stays closed")
    func status() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token(.agent)
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let staff = client.with(token: token)
            let until = fixture.clock.now().adding(seconds: 3600).rfc3339
            func change(_ body: JSONValue) async throws -> Reply { try await staff.patch(visit.path, body) }
            #expect(try await change(["status": "pending"]).expect(200)["status"] == "pending")
            #expect(try await change(["status": "snoozed"]).expect(422).errors == ["snoozed_until required"])
            let snoozed = try await change(["snoozed_until": .string(until)]).expect(200)
            #expect(snoozed["status"] == "snoozed" && snoozed["snoozed_until"] == .string(until))
            #expect(try await change(["status": "open"]).expect(200)["snoozed_until"] == .null)
            let past = fixture.clock.now().rfc3339
            #expect(
                try await change(["snoozed_until": .string(past)]).expect(422).errors == ["snoozed_until out_of_range"])
            #expect(try await change(["status": "resolved"]).expect(200)["status"] == "resolved")
            try await change(["status": "pending"]).expect(409, "invalid_transition")
            #expect(try await change(["status": "closed"]).expect(200)["status"] == "closed")
            try await change(["status": "open"]).expect(409, "invalid_transition")
            try await change(["priority": "low"]).expect(409, "conversation_closed")
            try await client.with(token: visit.token).post("\(visit.path)/messages", ["content": "?"])
                .expect(409, "conversation_closed")
            try await client.with(token: visit.token).patch(visit.path, ["status": "open"]).expect(403, "forbidden")
        }
    }

    @Test("Edits are whole or not at all, and only of what was read")
    func editing() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token(.agent)
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let staff = client.with(token: token)
            let first = try await staff.get(visit.path).expect(200)
            let tag = try #require(first[header: "ETag"])
            // A message that arrives does not make an edit stale.
            try await client.with(token: visit.token).post("\(visit.path)/messages", ["content": "hello"]).expect(201)
            let edited = try await staff.with(.ifMatch, tag).patch(
                visit.path, ["subject": "Refund", "labels": ["vip", "billing", "vip"], "priority": "urgent"]
            ).expect(200)
            #expect(edited["labels"] == ["billing", "vip"] && edited["subject"] == "Refund")
            try await staff.with(.ifMatch, tag).patch(visit.path, ["priority": "low"]).expect(
                412, "precondition_failed")
            try await staff.with(.ifMatch, "\"x\", \(edited[header: "ETag"] ?? "")").patch(
                visit.path, ["priority": "low"]
            )
            .expect(200)
            try await staff.with(.ifMatch, "*").patch(visit.path, ["subject": .null]).expect(200)
            #expect(try await staff.get(visit.path).expect(200)["subject"] == .null)
            let labels = JSONValue.array((0..<21).map { .string("label-\($0)") })
            #expect(try await staff.patch(visit.path, ["labels": labels]).expect(422).errors == ["labels too_many"])
            let refused = try await staff.patch(
                visit.path, ["labels": ["", "ok"], "subject": .string(String(repeating: "x", count: 301))]
            ).expect(422)
            #expect(refused.errors == ["subject too_long", "labels[0] required"])
            #expect(try await staff.patch(visit.path, ["status": .null]).expect(422).errors == ["status required"])
            #expect(try await staff.patch(visit.path, ["labels": [1]]).expect(422).errors == ["labels[0] wrong_type"])
            #expect(try await staff.get(visit.path).expect(200)["priority"] == "low", "nothing changed")
        }
    }

    @Test("The list is filtered by every filter, and goes on where it stopped")
    func listing() async throws {
        let fixture = try await HTTPFixture()
        let admin = try await fixture.token()
        try await fixture.run { client async throws in
            let staff = client.with(token: admin)
            var visits: [Visit] = []
            for number in 0..<5 {
                let visit = try await client.visit(["contact": ["name": .string("Customer \(number)")]])
                try await client.with(token: visit.token).post("\(visit.path)/messages", ["content": "hi"]).expect(201)
                visits.append(visit)
                fixture.clock.advance(milliseconds: 10)
            }
            let start = fixture.clock.now()
            try await staff.patch(visits[0].path, ["status": "pending", "labels": ["vip"]]).expect(200)
            try await staff.patch(visits[1].path, ["priority": "urgent", "subject": "100% off_er"]).expect(200)
            try await staff.post("\(visits[2].path)/switch", ["to": "human", "agent_id": "me"]).expect(200)
            func found(_ query: String) async throws -> [Int] {
                try await staff.get("chat/conversations?\(query)").expect(200).items.compactMap { item in
                    visits.firstIndex { $0.conversationId == item["id"]?.stringValue }
                }.sorted()
            }
            #expect(try await found("status=pending") == [0])
            #expect(try await found("label=vip") == [0])
            #expect(try await found("priority=urgent") == [1])
            #expect(try await found("q=100%25+off_er") == [1])
            #expect(try await found("q=customer+3") == [3])
            #expect(try await found("q=100+off") == [1])
            #expect(try await found("q=ff_er").isEmpty, "words are found by their beginnings")
            #expect(try await found("q=%25").isEmpty, "where there is no word, nothing is found")
            #expect(try await found("q=4") == [3, 4], "a number, and part of a name")
            #expect(try await found("owner=agent") == [2])
            #expect(try await found("assignee=me&sort=-updated_at") == [2])
            let me = try await staff.get("users/me").expect(200)["id"]?.stringValue ?? ""
            #expect(try await found("assignee=\(me)") == [2])
            #expect(try await found("contact_id=\(visits[4].contactId)") == [4])
            #expect(try await found("updated_since=\(start.rfc3339)") == [0, 1, 2])
            #expect(try await found("owner=agent&label=vip") == [])
            let inbox = try await staff.get(visits[0].path).expect(200)["inbox_id"]?.stringValue ?? ""
            #expect(try await found("inbox_id=\(inbox)&unknown=ignored").count == 5)

            var pages: [[JSONValue]] = []
            var cursor: String? = ""
            while let current = cursor {
                let page = try await staff.get("chat/conversations?limit=2\(current)").expect(200)
                pages.append(page.items)
                cursor = page["next_cursor"]?.stringValue.map { "&cursor=\($0)" }
            }
            #expect(pages.map(\.count) == [2, 2, 1])
            #expect(Set(pages.joined().compactMap { $0["id"]?.stringValue }).count == 5)
            let updated = pages.joined().compactMap { $0["updated_at"]?.stringValue }
            #expect(updated == updated.sorted(by: >))
        }
    }

    @Test(
        "A bad query is told by parameter",
        arguments: [
            ("limit=0", "limit out_of_range"), ("limit=101", "limit out_of_range"), ("limit=x", "limit out_of_range"),
            ("limit=", "limit out_of_range"), ("limit=99999999999999999999", "limit out_of_range"),
            ("cursor=nonsense", "cursor invalid_cursor"), ("cursor=", "cursor invalid_cursor"),
            ("status=done", "status invalid_value"), ("owner=me", "owner invalid_value"),
            ("assignee=you", "assignee invalid_id"), ("inbox_id=1", "inbox_id invalid_id"),
            ("contact_id=%00", "contact_id invalid_id"), ("updated_since=today", "updated_since invalid_timestamp"),
            ("q=%zz", "q invalid_value"), ("q=a%00b", "q invalid_value"), ("sort=name", "sort invalid_value"),
            ("label=\(String(repeating: "x", count: 65))", "label invalid_value"),
        ])
    func badQuery(query: String, problem: String) async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        let reply = try await fixture.run { try await $0.with(token: token).get("chat/conversations?\(query)") }
        #expect(try reply.expect(422, "validation_failed").errors == [problem])
    }

    @Test("A cursor is good for its own list only, and cannot be made up")
    func cursors() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.run { client async throws in
            let staff = client.with(token: token)
            for number in 0..<3 { try await staff.post("contacts", ["name": .string("\(number)")]).expect(201) }
            let page = try await staff.get("contacts?limit=1").expect(200)
            let cursor = try #require(page["next_cursor"]?.stringValue)
            try await staff.get("contacts?limit=1&cursor=\(cursor)").expect(200)
            try await staff.get("chat/sessions?cursor=\(cursor)").expect(422, "validation_failed")
            try await staff.get("contacts?cursor=\(cursor.dropLast(3))").expect(422, "validation_failed")
            let invented = Data("contacts 0 con_00000000000000000000000000".utf8).base64EncodedString()
            try await staff.get("contacts?cursor=\(invented.replacing("=", with: ""))").expect(422)
        }
    }

    @Test("A contact lists its own conversations and learns nothing by filtering")
    func contactsList() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.run { client async throws in
            let mine = try await client.visit()
            let other = try await client.visit()
            for visit in [mine, other] {
                try await client.with(token: visit.token).post("\(visit.path)/messages", ["content": "hi"]).expect(201)
            }
            try await client.with(token: token).patch(mine.path, ["labels": ["fraud"], "priority": "low"]).expect(200)
            let contact = client.with(token: mine.token)
            for query in ["", "?label=nothing", "?priority=urgent", "?contact_id=\(other.contactId)", "?q=zzz"] {
                let items = try await contact.get("chat/conversations\(query)").expect(200).items
                #expect(items.map { $0["id"]?.stringValue } == [mine.conversationId], "\(query)")
                #expect(items.first?["labels"] == nil && items.first?["priority"] == nil)
            }
            // A tag would let it try labels until one fits.
            #expect(try await contact.get(mine.path).expect(200)[header: "ETag"] == nil)
            #expect(try await contact.get("chat/conversations?status=closed").expect(200).items.isEmpty)
        }
    }

    @Test("A switch raises the epoch, and a stale one is refused")
    func switching() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token(.agent)
        let colleague = try await fixture.user("colleague@example.com", role: .agent)
        let customer = try await fixture.user("customer@example.com", role: .customer)
        @Sendable func name(_ user: User) -> JSONValue { .string(fixture.views.identifiers.text(user.id)) }
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let staff = client.with(token: token)
            func change(_ body: JSONValue) async throws -> Reply { try await staff.post("\(visit.path)/switch", body) }
            let mine = try await change(["to": "human", "agent_id": "me", "expected_epoch": 1]).expect(200)
            #expect(mine["owner"]?["kind"] == "agent" && mine["owner"]?["epoch"] == 2)
            try await change(["to": "ai", "expected_epoch": 1]).expect(409, "stale_owner")
            let theirs = try await change(["to": "human", "agent_id": name(colleague), "reason": "French"]).expect(200)
            #expect(theirs["owner"]?["id"] == name(colleague) && theirs["owner"]?["epoch"] == 3)
            #expect(try await change(["to": "human"]).expect(200)["owner"]?["kind"] == "none")
            let back = try await change(["to": "ai"]).expect(200)
            #expect(back["owner"]?["kind"] == "ai" && back["owner"]?["epoch"] == 5)
            for agent in [name(customer), "usr_nonsense", "con_1"] {
                let refused = try await change(["to": "human", "agent_id": agent]).expect(422)
                #expect(refused.errors == ["agent_id not_found"])
            }
            #expect(try await change(["to": "human", "team_id": "x"]).expect(422).errors == ["team_id not_found"])
            #expect(try await change(["to": "ai", "agent_id": "me"]).expect(422).errors == ["agent_id invalid_value"])
            #expect(try await change(["to": "robot"]).expect(422).errors == ["to invalid_value"])
            #expect(try await change([:]).expect(422).errors == ["to required"])
        }
    }

    @Test("A contact asks for a human, is told so, and may have the assistant back while it waits")
    func handoff() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token(.agent)
        try await fixture.run { client async throws in
            let visit = try await client.visit(["locale": "zh"])
            let contact = client.with(token: visit.token)
            let path = "\(visit.path)/switch"
            try await contact.post("\(visit.path)/messages", ["content": "转人工"]).expect(201)
            try await contact.post(path, ["to": "ai"]).expect(403, "forbidden")
            try await contact.post(path, ["to": "human", "agent_id": "me"]).expect(403, "forbidden")
            let waiting = try await contact.post(path, ["to": "human", "reason": "please"]).expect(200)
            #expect(waiting["owner"] == ["kind": "none", "name": .null, "epoch": 2])
            #expect(waiting["last_message"]?["content"] == .string(Texts.handingOverOnRequest(in: .chinese)))
            #expect(waiting["last_message"]?["sender"]?["kind"] == "system")
            // A second click changes nothing and says nothing.
            let again = try await contact.post(path, ["to": "human"]).expect(200)
            #expect(again["owner"]?["epoch"] == 2 && again["head_seq"] == waiting["head_seq"])
            #expect(try await contact.post(path, ["to": "ai"]).expect(200)["owner"]?["kind"] == "ai")
            try await client.with(token: token).post(path, ["to": "human", "agent_id": "me"]).expect(200)
            try await contact.post(path, ["to": "ai"]).expect(403, "forbidden")
            let other = try await client.visit()
            try await contact.post("\(other.path)/switch", ["to": "human"]).expect(404, "not_found")
        }
    }
}
