import Domain
import HTTPTypes
import Testing

@testable import HTTPAPI

@Suite("The assistant's help for agents")
struct AssistantHelpTests {
    private static let question = "What is Chat API?"

    /// A conversation in which a contact asked, and an article that answers.
    private static func asked(
        _ fixture: HTTPFixture, _ client: Client, admin: String, words: [String] = [question]
    ) async throws -> Visit {
        try await client.with(token: admin).post(
            "admin/knowledge/articles",
            [
                "title": "What is Chat API?", "content": "Chat API is a self-hosted customer-service platform.",
                "locale": "en", "status": "published",
            ]
        ).expect(201)
        let visit = try await client.visit()
        for (number, words) in words.enumerated() {
            try await client.with(token: visit.token).post(
                "\(visit.path)/messages", ["content": .string(words), "client_message_id": .string("q-\(number)")]
            ).expect(201)
        }
        return visit
    }

    @Test("A suggestion answers what the contact asked and changes nothing")
    func suggestion() async throws {
        let fixture = try await HTTPFixture()
        let (admin, agent) = (try await fixture.token(), try await fixture.token(.agent))
        try await fixture.run { client async throws in
            let visit = try await Self.asked(fixture, client, admin: admin)
            let staff = client.with(token: agent)
            let before = try await staff.get(visit.path).expect(200)
            let made = try await staff.post("\(visit.path)/suggestion").expect(200)
            #expect(made["text"]?.stringValue?.contains("self-hosted") == true)
            #expect(made["is_answered"] == true)
            #expect(made["sources"]?.arrayValue?.first?["title"] == "What is Chat API?")
            #expect(try await staff.get(visit.path).expect(200).json == before.json)
        }
    }

    @Test("As a stream it comes in pieces that make up the whole")
    func stream() async throws {
        let fixture = try await HTTPFixture()
        let admin = try await fixture.token()
        try await fixture.run { client async throws in
            let visit = try await Self.asked(fixture, client, admin: admin)
            let reply = try await client.with(token: admin).with(.accept, "text/event-stream")
                .post("\(visit.path)/suggestion")
            #expect(reply.status == 200 && reply[header: "Content-Type"] == "text/event-stream")
            let events = reply.text.split(separator: "\n\n").map { event in
                let lines = event.split(separator: "\n")
                let data = lines.last?.dropFirst("data: ".count) ?? ""
                return (
                    name: String(lines.first?.dropFirst("event: ".count) ?? ""),
                    data: (try? JSONValue(parsing: Array(data.utf8))) ?? .null
                )
            }
            var text = ""
            for event in events.dropLast() {
                #expect(event.name == "suggestion.delta")
                #expect(event.data["offset"]?.intValue == Int64(text.unicodeScalars.count))
                text += event.data["text"]?.stringValue ?? ""
            }
            #expect(events.last?.name == "suggestion.completed")
            #expect(events.last?.data["text"]?.stringValue == text)
        }
    }

    @Test("Notes of staff are in no suggestion and no summary, and where nothing was asked there is none")
    func notes() async throws {
        let fixture = try await HTTPFixture()
        let admin = try await fixture.token()
        try await fixture.run { client async throws in
            let visit = try await Self.asked(fixture, client, admin: admin)
            let staff = client.with(token: admin)
            try await staff.post("\(visit.path)/messages", ["content": "secret discount 42", "type": "note"]).expect(
                201)
            for route in ["suggestion", "summary"] {
                #expect(!(try await staff.post("\(visit.path)/\(route)").expect(200).text.contains("secret discount")))
            }
            let silent = try await client.visit()
            for route in ["suggestion", "summary"] {
                try await staff.post("\(silent.path)/\(route)").expect(409, "conflict")
            }
        }
    }

    @Test("A summary tells what was asked first and last, in the agent's language")
    func summary() async throws {
        let fixture = try await HTTPFixture()
        let (admin, agent) = (try await fixture.token(), try await fixture.token(.agent))
        try await fixture.run { client async throws in
            let visit = try await Self.asked(
                fixture, client, admin: admin, words: [Self.question, "And is order 4711 on its way?"])
            let staff = client.with(token: agent)
            let made = try await staff.post("\(visit.path)/summary").expect(200)
            let text = made["text"]?.stringValue ?? ""
            #expect(text.contains(Self.question) && text.contains("4711") && made["language"] == "en")
            #expect(made["message_count"] == 2)
            try await staff.patch("users/me", ["locale": "zh-CN"]).expect(200)
            let chinese = try await staff.post("\(visit.path)/summary").expect(200)
            #expect(chinese["language"] == "zh" && chinese["text"]?.stringValue?.contains("客户") == true)
        }
    }

    @Test("Providers are listed in order and can be tried out; contacts and other roles see nothing of it")
    func providers() async throws {
        let fixture = try await HTTPFixture()
        let (admin, agent) = (try await fixture.token(), try await fixture.token(.agent))
        try await fixture.run { client async throws in
            let staff = client.with(token: admin)
            let trial = try await staff.post("admin/ai/providers/builtin/test").expect(200)
            #expect(trial["is_answering"] == true && trial["failure"] == .null)
            let listed = try await staff.get("admin/ai/providers").expect(200)
            #expect(listed.items.count == 2 && listed["order"] == ["builtin", "model"])
            #expect(listed.items.first?["name"] == "builtin" && listed.items.first?["position"] == 1)
            #expect(listed.items.first?["breaker_state"] == "closed" && listed.items.first?["calls"] == 1)
            try await staff.post("admin/ai/providers/nobody/test").expect(404, "not_found")
            try await client.with(token: agent).post("admin/ai/providers/builtin/test").expect(403, "forbidden")
            let visit = try await client.visit()
            let contact = client.with(token: visit.token)
            try await contact.get("admin/ai/providers").expect(403, "forbidden")
            try await contact.post("\(visit.path)/suggestion").expect(403, "forbidden")
            try await contact.post("\(visit.path)/summary").expect(403, "forbidden")
        }
    }
}
