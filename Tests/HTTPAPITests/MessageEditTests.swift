import Domain
import HTTPTypes
import Storage
import Testing

@testable import HTTPAPI

@Suite("Editing and deleting messages")
struct MessageEditTests {
    @Test("One edits and deletes one's own, and everybody sees it as it is now")
    func own() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token(.agent)
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let (contact, staff) = (client.with(token: visit.token), client.with(token: token))
            let said = try await contact.post("\(visit.path)/messages", ["content": "helo", "client_message_id": "a"])
                .expect(201)
            let path = "\(visit.path)/messages/\(said["id"]?.stringValue ?? "")"
            fixture.clock.advance(seconds: 10)
            let edited = try await contact.patch(path, ["content": "hello"]).expect(200)
            #expect(edited["content"] == "hello" && edited["seq"] == said["seq"] && edited["edited_at"] != .null)
            #expect(try await staff.get(path).expect(200).json == edited.json)
            #expect(try await staff.get("\(visit.path)/messages").expect(200).items.last == edited.json)
            let again = try await contact.post("\(visit.path)/messages", ["content": "helo", "client_message_id": "a"])
            #expect(try again.expect(200).json == edited.json)

            try await contact.delete(path).expect(204)
            try await contact.delete(path).expect(204)
            let tombstone = try await staff.get(path).expect(200)
            #expect(
                tombstone["status"] == "deleted" && tombstone["content"] == "" && tombstone["sender"] == said["sender"])
            #expect(try await contact.get(visit.path).expect(200)["last_message"]?["status"] == "deleted")
            try await contact.patch(path, ["content": "back"]).expect(409, "conflict")
            let events = try await contact.get("\(visit.path)/events").expect(200).items
            #expect(
                events.map { $0["type"]?.stringValue } == [
                    "conversation.created", "message.created", "message.updated", "message.deleted",
                ])
            #expect(events.last?["data"] == ["message_id": said["id"] ?? .null])
            #expect(events[1]["data"]?["message"] == tombstone.json)
            #expect(!events.map { $0.serialized() }.joined().contains("hel"))
        }
    }

    @Test("A contact edits within the workspace's window, staff who manage messages at any time")
    func window() async throws {
        let fixture = try await HTTPFixture()
        let (admin, agent) = (try await fixture.token(.admin), try await fixture.token(.agent))
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let contact = client.with(token: visit.token)
            let said = try await contact.post("\(visit.path)/messages", ["content": "one"]).expect(201)
            let path = "\(visit.path)/messages/\(said["id"]?.stringValue ?? "")"
            fixture.clock.advance(seconds: 899)
            try await contact.patch(path, ["content": "two"]).expect(200)
            fixture.clock.advance(seconds: 1)
            try await contact.patch(path, ["content": "three"]).expect(403, "forbidden")
            try await contact.delete(path).expect(403, "forbidden")
            try await client.with(token: agent).delete(path).expect(403, "forbidden")
            try await client.with(token: admin).patch(path, ["content": "four"]).expect(200)
            try await client.with(token: admin).patch(visit.path, ["status": "closed"]).expect(200)
            try await client.with(token: agent).patch(path, ["content": "five"]).expect(403)
            try await client.with(token: admin).delete(path).expect(204)
        }
    }

    @Test("A closed conversation's words stay for who said them")
    func closed() async throws {
        let fixture = try await HTTPFixture()
        let admin = try await fixture.token(.admin)
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let contact = client.with(token: visit.token)
            let said = try await contact.post("\(visit.path)/messages", ["content": "one"]).expect(201)
            let path = "\(visit.path)/messages/\(said["id"]?.stringValue ?? "")"
            try await client.with(token: admin).patch(visit.path, ["status": "closed"]).expect(200)
            try await contact.patch(path, ["content": "two"]).expect(409, "conversation_closed")
            try await contact.delete(path).expect(409, "conversation_closed")
        }
    }

    @Test("A stale tag changes nothing")
    func preconditions() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let contact = client.with(token: visit.token)
            let said = try await contact.post("\(visit.path)/messages", ["content": "one"]).expect(201)
            let path = "\(visit.path)/messages/\(said["id"]?.stringValue ?? "")"
            let tag = try #require(try await contact.get(path).expect(200)[header: "ETag"])
            let edited = try await contact.with(.ifMatch, tag).patch(path, ["content": "two"]).expect(200)
            try await contact.with(.ifMatch, tag).patch(path, ["content": "three"]).expect(412, "precondition_failed")
            try await contact.with(.ifMatch, tag).delete(path).expect(412, "precondition_failed")
            try await contact.with(.ifMatch, try #require(edited[header: "ETag"])).delete(path).expect(204)
        }
    }

    @Test("Bad edits change nothing")
    func badInput() async throws {
        let fixture = try await HTTPFixture()
        let (admin, agent) = (try await fixture.token(.admin), try await fixture.token(.agent))
        let (other, _) = try await fixture.otherWorkspace()
        let foreign = try await fixture.token(.admin, email: "other@example.com", in: other)
        try await fixture.run { client async throws in
            let (visit, second) = (try await client.visit(), try await client.visit())
            let contact = client.with(token: visit.token)
            let said = try await contact.post("\(visit.path)/messages", ["content": "one"]).expect(201)
            let note = try await client.with(token: agent).post(
                "\(visit.path)/messages", ["content": "n", "type": "note"]
            ).expect(201)
            let id = said["id"]?.stringValue ?? ""
            let path = "\(visit.path)/messages/\(id)"
            #expect(try await contact.patch(path, ["content": ""]).expect(422).errors == ["content required"])
            #expect(try await contact.patch(path, ["content": "a\u{0}"]).expect(422).errors == ["content contains_nul"])
            let long = JSONValue.string(String(repeating: "x", count: 16_001))
            #expect(try await contact.patch(path, ["content": long]).expect(422).errors == ["content too_long"])
            try await contact.patch(path, ["content": "x", "status": "deleted"]).expect(422, "unknown_field")
            try await contact.patch(path, [:]).expect(422)
            for place in [
                "\(visit.path)/messages/\(note["id"]?.stringValue ?? "")", "\(second.path)/messages/\(id)",
                "\(visit.path)/messages/msg_x", "\(visit.path)/messages/\(visit.conversationId)",
            ] {
                try await contact.patch(place, ["content": "x"]).expect(404)
                try await contact.delete(place).expect(404)
                try await contact.get(place).expect(404)
            }
            try await client.with(token: admin).delete("\(second.path)/messages/\(id)").expect(404)
            try await client.with(token: foreign).patch(path, ["content": "x"]).expect(404)
            try await client.with(token: second.token).delete(path).expect(404)
            try await client.patch(path, ["content": "x"]).expect(401)
            #expect(try await contact.get(path).expect(200).json == said.json)
        }
    }
}
