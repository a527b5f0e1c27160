import Domain
import HTTPTypes
import Storage
import Testing

@testable import HTTPAPI

@Suite("Imported and corrected knowledge")
struct KnowledgeImportTests {
    private static let path = "admin/knowledge/import"

    private static func upload(
        _ client: Client, _ files: [(name: String, text: String)], query: String = "", field: String = "file"
    ) async throws -> Reply {
        let parts = files.map { name, text in
            "--b\r\nContent-Disposition: form-data; name=\"\(field)\"; filename=\"\(name)\"\r\n\r\n\(text)\r\n"
        }
        return try await client.with(.contentType, "multipart/form-data; boundary=b")
            .send(.post, path + query, bytes: Array((parts.joined() + "--b--\r\n").utf8))
    }

    /// Outcomes and lines of problems, file by file.
    private static func summary(_ reply: Reply) -> [String] {
        (reply["files"]?.arrayValue ?? []).map { file in
            let outcomes = (file["articles"]?.arrayValue ?? []).compactMap { $0["outcome"]?.stringValue }
            let lines = (file["problems"]?.arrayValue ?? []).map { "line \($0["line"]?.intValue ?? 0)" }
            return "\(file["name"]?.stringValue ?? "?"): \((outcomes + lines).joined(separator: " "))"
        }
    }

    @Test("Files are imported one by one, bad ones are told, and the same again changes nothing")
    func files() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token(.supervisor)
        try await fixture.run { client async throws in
            let staff = client.with(token: token)
            let files = [
                ("a.md", "---\nstatus: published\n---\n# Refunds\n\nWithin 30 days."),
                ("dir/b.html", "<h1>Pay</h1><p>By card"),
                ("c.csv", "问题,答案\n怎么开票,在订单里\n为什么,\n"), ("d.csv", "question,answer\nHow?,So\nWhy?,Because"),
                ("e.exe", "x"),
            ]
            let expected = [
                "upload/a.md: ", "upload/dir/b.html: ", "upload/c.csv: line 3", "upload/d.csv: ",
                "upload/e.exe: line 0",
            ]
            let first = try await Self.upload(staff, files).expect(200)
            #expect(
                Self.summary(first) == zip(expected, ["created", "created", "", "created created", ""]).map { $0 + $1 })
            let again = try await Self.upload(staff, files).expect(200)
            #expect(
                Self.summary(again)
                    == zip(expected, ["unchanged", "unchanged", "", "unchanged unchanged", ""]).map { $0 + $1 })
            let articles = try await staff.get("admin/knowledge/articles").expect(200).items
            #expect(articles.map { $0["version"] } == [1, 1, 1, 1])
            #expect(articles.filter { $0["status"] == "published" }.map { $0["title"] } == ["Refunds"])

            let changed = [
                ("a.md", "# Refunds\n\nWithin 60 days."), ("d.csv", "question,answer\nHow?,Thus\nWhy?,Because"),
            ]
            #expect(
                Self.summary(try await Self.upload(staff, changed).expect(200)) == [
                    "upload/a.md: published_differs", "upload/d.csv: updated unchanged",
                ])
            #expect(
                Self.summary(try await Self.upload(staff, changed, query: "?status=published").expect(200)) == [
                    "upload/a.md: updated", "upload/d.csv: updated updated",
                ])
            #expect(
                Self.summary(try await Self.upload(staff, changed, query: "?collection=site").expect(200)) == [
                    "site/a.md: created", "site/d.csv: created created",
                ])
        }
    }

    @Test("What is no form of files, or too much, is refused and imports nothing")
    func refusals() async throws {
        let fixture = try await HTTPFixture()
        let (admin, agent) = (try await fixture.token(), try await fixture.token(.agent))
        try await fixture.run { client async throws in
            let staff = client.with(token: admin)
            try await staff.post(Self.path, ["file": "x"]).expect(415, "unsupported_media_type")
            try await Self.upload(staff, []).expect(422)
            try await Self.upload(staff, [("a.md", "x")], field: "other").expect(422, "unknown_field")
            try await Self.upload(staff, [("", "x")]).expect(422, "validation_failed")
            try await Self.upload(staff, [("a.md", "x")], query: "?status=gone").expect(422, "validation_failed")
            try await Self.upload(staff, Array(repeating: ("a.md", "x"), count: 201)).expect(422, "validation_failed")
            try await Self.upload(client.with(token: agent), [("a.md", "x")]).expect(403, "forbidden")
            let rows = (0...KnowledgeImportRoutes.maximumArticles).map { "q\($0),a" }.joined(separator: "\n")
            try await Self.upload(staff, [("a.csv", "question,answer\n" + rows)]).expect(413, "too_large")
            let long = String(repeating: "x", count: Int(KnowledgeReception.maximumBytes))
            try await Self.upload(staff, [("a.md", long)]).expect(413, "too_large")
            #expect(try await staff.get("admin/knowledge/articles").expect(200).items.isEmpty)
        }
    }

    /// A contact asks, the assistant answers; and the answer's path.
    private static func answered(
        _ fixture: HTTPFixture, _ client: Client, _ question: String
    ) async throws -> (visit: Visit, path: String) {
        let visit = try await client.visit()
        let contact = client.with(token: visit.token)
        for text in [question, "Wrong <!-- words -->"] {
            try await contact.post("\(visit.path)/messages", ["content": .string(text)]).expect(201)
        }
        let id = try await contact.get("\(visit.path)/messages").expect(200).items.last?["id"]?.stringValue ?? ""
        try await fixture.execute(
            "UPDATE messages SET sender_kind = 'ai', sender_id = NULL, status = 'complete' WHERE id = ?",
            [.integer(try fixture.key(id, of: Message.self).rawValue)])
        return (visit, "\(visit.path)/messages/\(id)/correction")
    }

    @Test("A wrong answer becomes one draft, of what was asked and what a colleague said")
    func correction() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token(.supervisor)
        try await fixture.run { client async throws in
            let staff = client.with(token: token)
            let (_, bare) = try await Self.answered(fixture, client, "怎么退款？")
            let draft = try await staff.post(bare).expect(201)
            #expect(draft["title"] == "怎么退款？" && draft["questions"] == ["怎么退款？"] && draft["locale"] == "zh")
            #expect(draft["status"] == "draft" && draft["content"]?.stringValue?.hasPrefix("<!--") == true)
            #expect(draft["content"]?.stringValue?.contains("Wrong") == true)
            let second = try await staff.post(bare, ["content": "Later"]).expect(200)
            #expect(second.json == draft.json)
            let article = "admin/knowledge/articles/\(draft["id"]?.stringValue ?? "")"
            try await staff.patch(article, ["status": "published"]).expect(422, "validation_failed")

            let (visit, told) = try await Self.answered(fixture, client, "How long do refunds take?")
            try await staff.post("\(visit.path)/switch", ["to": "human", "agent_id": "me"]).expect(200)
            for text in ["Hi there!", "Refunds take three days.", "Five for cards."] {
                try await staff.post("\(visit.path)/messages", ["content": .string(text)]).expect(201)
            }
            try await staff.post("\(visit.path)/messages", ["content": "secret", "type": "note"]).expect(201)
            let made = try await staff.post(told).expect(201)
            #expect(made["content"] == "Refunds take three days.\n\nFive for cards." && made["locale"] == "en")

            let (_, written) = try await Self.answered(fixture, client, "Why?")
            let given = try await staff.post(written, ["content": "Because.", "title": "Reasons"]).expect(201)
            #expect(given["content"] == "Because." && given["title"] == "Reasons" && given["questions"] == ["Why?"])
            let log = try await client.with(token: fixture.token()).get("admin/audit-log?action=article.created")
            let sources = log.items.compactMap { $0["after"]?["source"]?.stringValue }
            #expect(sources.count == 3 && sources.allSatisfy { $0.hasPrefix("correction:msg_") })
        }
    }

    @Test("Only an answer of the assistant can be corrected, by who may write articles and see the conversation")
    func correctionRights() async throws {
        let fixture = try await HTTPFixture()
        let (admin, agent) = (try await fixture.token(), try await fixture.token(.agent))
        let (other, _) = try await fixture.otherWorkspace()
        let stranger = try await fixture.token(email: "a@other.example", in: other)
        try await fixture.run { client async throws in
            let (visit, path) = try await Self.answered(fixture, client, "Why?")
            try await client.with(token: agent).post(path).expect(403, "forbidden")
            try await client.with(token: visit.token).post(path).expect(403, "forbidden")
            try await client.with(token: stranger).post(path).expect(404, "not_found")
            let staff = client.with(token: admin)
            let own = try await staff.get("\(visit.path)/messages").expect(200).items.first?["id"]?.stringValue ?? ""
            try await staff.post("\(visit.path)/messages/\(own)/correction").expect(409, "conflict")
            try await staff.post(path, ["content": ""]).expect(422, "validation_failed")
            try await staff.post(path, ["text": "x"]).expect(422, "unknown_field")
            try await fixture.execute("UPDATE messages SET status = 'streaming' WHERE sender_kind = 'ai'", [])
            try await staff.post(path).expect(409, "conflict")
        }
    }
}
