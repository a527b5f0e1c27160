import Domain
import HTTPTypes
import Storage
import Testing
import Wire

@testable import HTTPAPI

@Suite("The workspace's feed, and notices")
struct FeedTests {
    private func administer(_ test: @Sendable (Client, HTTPFixture) async throws -> Void) async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.run { client async throws in try await test(client.with(token: token), fixture) }
    }

    @Test("Every event comes once, in order, and the cursor goes on at the end")
    func feed() async throws {
        try await administer { admin, fixture in
            let visits = [try await admin.with(token: nil).visit(), try await admin.with(token: nil).visit()]
            for round in 0..<3 {
                for visit in visits {
                    try await admin.with(token: visit.token).post(
                        "\(visit.path)/messages", ["content": .string("\(round)")]
                    ).expect(201)
                }
            }
            try await admin.post("\(visits[0].path)/messages", ["content": "secret", "type": "note"]).expect(201)
            var events: [JSONValue] = []
            var cursor: String?
            while true {
                let page = try await admin.get("events?limit=3\(cursor.map { "&after=\($0)" } ?? "")").expect(200)
                events += page.items
                let next = try #require(page["next_cursor"]?.stringValue)
                if page.items.isEmpty {
                    #expect(next == cursor, "at the end it goes on where it is")
                    break
                }
                cursor = next
            }
            for visit in visits {
                let log = try await admin.get("\(visit.path)/events?after=0").expect(200).items
                #expect(events.filter { $0["conversation_id"]?.stringValue == visit.conversationId } == log)
            }
            #expect(events.contains { $0["data"]?["message"]?["content"] == "secret" }, "staff's form")
            try await admin.with(token: visits[1].token).post("\(visits[1].path)/messages", ["content": "later"])
                .expect(201)
            let more = try await admin.get("events?after=\(cursor ?? "")").expect(200)
            #expect(more.items.first?["data"]?["message"]?["content"] == "later")
            let start = try await admin.get("events?limit=1").expect(200)
            #expect(start.items.first?["type"] == "conversation.created")
        }
    }

    @Test("An empty feed has a cursor too")
    func emptyFeed() async throws {
        try await administer { admin, _ in
            let page = try await admin.get("events").expect(200)
            #expect(page.items.isEmpty)
            let cursor = try #require(page["next_cursor"]?.stringValue)
            let visit = try await admin.with(token: nil).visit()
            let next = try await admin.get("events?after=\(cursor)").expect(200)
            #expect(next.items.map { $0["conversation_id"]?.stringValue } == [visit.conversationId])
        }
    }

    @Test("A cursor is good for its workspace and its log alone")
    func cursors() async throws {
        try await administer { admin, fixture in
            try await admin.with(token: nil).visit()
            let cursor = try #require(try await admin.get("events").expect(200)["next_cursor"]?.stringValue)
            let (other, _) = try await fixture.otherWorkspace()
            let stranger = admin.with(token: try await fixture.token(.admin, email: "other@example.com", in: other))
            var wrong = ["", "x", "0", "1", "-1", "cur_", cursor + "0", String(cursor.dropLast()), cursor.uppercased()]
            // Each character changed.
            for index in cursor.indices.dropFirst(4) {
                var changed = cursor
                changed.replaceSubrange(index...index, with: cursor[index] == "7" ? "8" : "7")
                wrong.append(changed)
            }
            let ofOtherLog = fixture.views.identifiers.text(
                position: 1, in: "events \(fixture.views.identifiers.text(fixture.workspace.id)) other")
            wrong.append(ofOtherLog)
            wrong.append(fixture.views.identifiers.text(Identifier<Event>(1)))
            for text in wrong {
                let reply = try await admin.get("events?after=\(text)").expect(422, "validation_failed")
                #expect(reply.errors == ["after invalid_cursor"], "\(text)")
            }
            try await stranger.get("events?after=\(cursor)").expect(422, "validation_failed")
            #expect(try await stranger.get("events").expect(200).items.isEmpty)
            for limit in ["0", "101", "x"] { try await admin.get("events?limit=\(limit)").expect(422) }
        }
    }

    @Test("The feed is for those who may see everything")
    func feedRights() async throws {
        try await administer { admin, fixture in
            let visit = try await admin.with(token: nil).visit()
            for token in [try await fixture.token(.agent), try await fixture.token(.supervisor), visit.token] {
                try await admin.with(token: token).get("events").expect(403, "forbidden")
            }
            try await admin.with(token: nil).get("events").expect(401, "unauthenticated")
        }
    }

    @Test("A notice is answered with what was sent, and is in the audit log")
    func notices() async throws {
        try await administer { admin, fixture in
            let sent = try await admin.post(
                "admin/notices", ["code": "maintenance", "text": "Back at 12:00", "to": "staff", "locale": "en"]
            ).expect(201)
            #expect(sent["code"] == "maintenance" && sent["to"] == "staff" && sent["locale"] == "en")
            #expect(try await admin.post("admin/notices", ["code": "c", "text": "t"]).expect(201)["to"] == "all")
            let log = try await admin.get("admin/audit-log?action=notice.sent").expect(200).items
            #expect(log.count == 2 && log.last?["id"] == sent["id"])
            #expect(log.last?["after"]?["text"] == "Back at 12:00")
            let bad: [(JSONValue, String)] = [
                (["code": "", "text": "t"], "code required"), (["code": "c", "text": ""], "text required"),
                (["code": "c", "text": "t", "to": "everybody"], "to invalid_value"),
                (["code": "c", "text": "t", "locale": "_"], "locale invalid_locale"),
                (["code": .string(String(repeating: "c", count: 65)), "text": "t"], "code too_long"),
                (["code": "c", "text": .string(String(repeating: "t", count: 2001))], "text too_long"),
            ]
            for (body, problem) in bad {
                #expect(
                    try await admin.post("admin/notices", body).expect(422, "validation_failed").errors == [problem])
            }
            let agent = admin.with(token: try await fixture.token(.agent))
            try await agent.post("admin/notices", ["code": "c", "text": "t"]).expect(403, "forbidden")
        }
    }

    @Test("A conversation is given to a team, and lists show it")
    func teams() async throws {
        try await administer { admin, fixture in
            let team = try await admin.post("admin/teams", ["name": "Sales", "members": []]).expect(201)
            let id = try #require(team["id"]?.stringValue)
            let visit = try await admin.with(token: nil).visit()
            try await admin.with(token: visit.token).post("\(visit.path)/messages", ["content": "hi"]).expect(201)
            let given = try await admin.post("\(visit.path)/switch", ["to": "human", "team_id": .string(id)]).expect(
                200)
            #expect(given["owner"] == ["kind": "team", "id": .string(id), "name": "Sales", "epoch": 2])
            let seen = try await admin.with(token: visit.token).get(visit.path).expect(200)
            #expect(seen["owner"] == ["kind": "team", "name": "Sales", "epoch": 2])
            for query in ["owner=team", "team_id=\(id)"] {
                #expect(try await admin.get("chat/conversations?\(query)").expect(200).items.count == 1, "\(query)")
            }
            #expect(try await admin.get("chat/conversations?owner=none").expect(200).items.isEmpty)
            let bad: [(JSONValue, String)] = [
                (["to": "human", "team_id": "tem_x"], "team_id not_found"),
                (["to": "ai", "team_id": .string(id)], "team_id invalid_value"),
                (["to": "human", "team_id": .string(id), "agent_id": "me"], "team_id invalid_value"),
                (["to": "human", "agent_id": "usr_x"], "agent_id not_found"),
            ]
            for (body, problem) in bad {
                #expect(
                    try await admin.post("\(visit.path)/switch", body).expect(422, "validation_failed").errors == [
                        problem
                    ])
            }
            try await admin.with(token: visit.token).post(
                "\(visit.path)/switch", ["to": "human", "team_id": .string(id)]
            ).expect(403, "forbidden")
            try await admin.delete("admin/teams/\(id)").expect(204)
            #expect(try await admin.get(visit.path).expect(200)["owner"]?["kind"] == "none")
            try await admin.post("\(visit.path)/switch", ["to": "human", "team_id": .string(id)]).expect(422)
        }
    }
}
