import Domain
import Foundation
import HTTPTypes
import Storage
import Testing
import Wire

@testable import HTTPAPI

@Suite("Attachments")
struct AttachmentTests {
    static let png = FileKindTests.png + Array(repeating: UInt8(7), count: 1000)

    /// The body of an upload.
    static func form(
        _ content: [UInt8], name: String? = "photo.png", type: String? = "image/png", field: String = "file"
    ) -> [UInt8] {
        let fileName = name.map { "; filename=\"\($0)\"" } ?? ""
        let kind = type.map { "Content-Type: \($0)\r\n" } ?? ""
        return Array("--b\r\nContent-Disposition: form-data; name=\"\(field)\"\(fileName)\r\n\(kind)\r\n".utf8)
            + content
            + Array("\r\n--b--\r\n".utf8)
    }

    private static func upload(_ client: Client, _ body: [UInt8], boundary: String = "b") async throws -> Reply {
        try await client.with(.contentType, "multipart/form-data; boundary=\(boundary)")
            .send(.post, "chat/attachments", bytes: body)
    }

    /// Path and query of a link.
    private static func path(_ url: JSONValue?) throws -> String {
        let text = try #require(url?.stringValue)
        #expect(text.hasPrefix("/api/v1/chat/attachments/att_"))
        return text
    }

    @Test("A file is uploaded, sent, seen by both sides and downloaded without a token")
    func story() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token(.agent)
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let (contact, staff) = (client.with(token: visit.token), client.with(token: token))
            let file = try await Self.upload(contact, Self.form(Self.png, name: "../../C:\\a\\发票.png")).expect(201)
            #expect(
                file["name"] == "发票.png" && file["media_type"] == "image/png"
                    && file["size"] == .int(Int64(Self.png.count)))
            let ids: JSONValue = .array([file["id"] ?? .null])
            let sent = try await contact.post(
                "\(visit.path)/messages", ["content": "", "attachment_ids": ids, "client_message_id": "f"]
            ).expect(201)
            #expect(sent["type"] == "file" && sent["attachments"] == .array([file.json]))
            let again = try await contact.post(
                "\(visit.path)/messages", ["content": "", "attachment_ids": ids, "client_message_id": "f"]
            ).expect(200)
            #expect(again.json == sent.json)
            try await contact.post(
                "\(visit.path)/messages", ["content": "x", "attachment_ids": ids, "client_message_id": "f"]
            )
            .expect(409, "idempotency_conflict")
            try await contact.post("\(visit.path)/messages", ["content": "x", "attachment_ids": ids]).expect(422)

            // The same bytes of an event for all, and the same link over HTTP.
            let seen = try await staff.get("\(visit.path)/messages").expect(200)
            #expect(seen.items.last?["attachments"] == .array([file.json]))
            let event = try await contact.get("\(visit.path)/events").expect(200).items.last
            #expect(event?["data"]?["message"]?["attachments"] == .array([file.json]))
            #expect(try await staff.get(visit.path).expect(200)["last_message"]?["attachments"] == .array([file.json]))

            let content = try await client.get(try Self.path(file["url"])).expect(200)
            #expect(content.body == Self.png)
            #expect(content[header: "Content-Type"] == "image/png" && content[header: "Accept-Ranges"] == "bytes")
            #expect(
                content[header: "Content-Disposition"]?.hasPrefix("inline; filename=\"__.png\"; filename*=UTF-8''%E5")
                    == true)
            #expect(content[header: "Content-Security-Policy"] == "default-src 'none'; sandbox")
            #expect(content[header: "Cache-Control"]?.hasPrefix("private, max-age=") == true)
            let tag = try #require(content[header: "ETag"])
            let known = try await client.with(.ifNoneMatch, tag).get(try Self.path(file["url"])).expect(304)
            #expect(known.body.isEmpty)
            let head = try await client.send(.head, try Self.path(file["url"]))
            #expect(head.status == 200 && head.body.isEmpty)
        }
    }

    @Test("What lies about itself is refused, and nothing of it is kept")
    func lies() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            let contact = client.with(token: try await client.visit().token)
            let html = Array("<html><script>alert(1)</script></html>".utf8)
            let svg = Array("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".utf8)
            let text = Array("name,amount\n".utf8)
            let bodies: [[UInt8]] = [
                Self.form(Self.png, type: "image/jpeg"), Self.form(html),
                Self.form(html, name: "a.html", type: "text/html"),
                Self.form(html, name: "a.txt", type: "text/plain"),
                Self.form(svg, name: "a.svg", type: "image/svg+xml"),
                Self.form(svg, name: "a.png", type: "image/png"), Self.form(text, name: "a.html", type: "text/plain"),
                Self.form(text, name: "a.txt", type: "text/html"), Self.form(text, name: "a.js", type: nil),
                Self.form(text, name: "a.exe\u{202E}.\u{200B}", type: nil),
                Self.form(Array("MZ\u{0}\u{1}".utf8), name: "a.png"),
                Self.form(text + [0], name: "a.txt", type: nil),
                Self.form([0xFF, 0xFE, 0x41, 0], name: "a.txt", type: nil),
                Self.form(Array(repeating: UInt8(ascii: "a"), count: 50_000) + [0x1B], name: "a.txt", type: nil),
                Self.form(Array(repeating: UInt8(ascii: "a"), count: 50_000) + [0xE4], name: "a.txt", type: nil),
            ]
            for body in bodies { try await Self.upload(contact, body).expect(415, "unsupported_media_type") }
            try await contact.with(.contentType, "application/json").send(
                .post, "chat/attachments", bytes: Array("{}".utf8)
            )
            .expect(415)
            try await Self.upload(contact, Self.form(Self.png), boundary: "").expect(415)
            #expect(try await Self.upload(contact, Self.form([])).expect(422).errors == ["file required"])
            let twice = Self.form(Self.png).dropLast(7) + Self.form(Self.png)
            #expect(try await Self.upload(contact, Array(twice)).expect(422).errors == ["file too_many"])
            try await Self.upload(contact, Self.form(Self.png, field: "role")).expect(422, "unknown_field")
            #expect(try await Self.upload(contact, Array("--b--\r\n".utf8)).expect(422).errors == ["file required"])
            #expect(
                try await Self.upload(contact, Array("--b\r\nx\r\n\r\n".utf8)).expect(422).errors == ["file malformed"])
            for length in [0, 3, 40, 90, 200, Self.form(Self.png).count - 6] {
                try await Self.upload(contact, Array(Self.form(Self.png).prefix(length))).expect(400, "malformed_json")
            }
            try await Self.upload(client, Self.form(Self.png)).expect(401)
        }
        let kept = try await fixture.store.read { try $0.connection.integerForTest("SELECT count(*) FROM attachments") }
        #expect(kept == 0)
    }

    @Test("A file has a largest size, told before and while it comes")
    func sizes() async throws {
        var settings = HTTPFixture.settings()
        settings.attachmentMaximumBytes = 2000
        let fixture = try await HTTPFixture(settings: settings)
        try await fixture.run { client async throws in
            let contact = client.with(token: try await client.visit().token)
            let most = FileKindTests.png + Array(repeating: 0, count: 2000 - FileKindTests.png.count)
            try await Self.upload(contact, Self.form(most)).expect(201)
            try await Self.upload(contact, Self.form(most + [0])).expect(413, "too_large")
            try await Self.upload(contact, Self.form(Array(repeating: 0x89, count: 200_000))).expect(413, "too_large")
        }
    }

    @Test("Kinds of files come with their own types, all but images as downloads")
    func kinds() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            let contact = client.with(token: try await client.visit().token)
            let table = Array("名称,金额\n".utf8)
            for (content, name, claim, type, sent) in [
                (table, "a.csv", "application/vnd.ms-excel", "text/plain", "text/plain; charset=utf-8"),
                (Array("{}".utf8), "a.json", "application/json", "text/plain", "text/plain; charset=utf-8"),
                (Array("%PDF-1.4\n".utf8), "a.pdf", "application/pdf", "application/pdf", "application/pdf"),
                (
                    Array(repeating: UInt8(ascii: "z"), count: 600_000), "long", "", "text/plain",
                    "text/plain; charset=utf-8"
                ),
            ] {
                let file = try await Self.upload(
                    contact, Self.form(content, name: name, type: claim.isEmpty ? nil : claim)
                )
                .expect(201)
                #expect(file["media_type"]?.stringValue == type)
                let answer = try await client.get(try Self.path(file["url"])).expect(200)
                #expect(answer.body == content && answer[header: "Content-Type"] == sent)
                #expect(answer[header: "Content-Disposition"]?.hasPrefix("attachment; ") == true)
            }
        }
    }

    @Test("A part of a file is to be had, and anything odd gets all of it")
    func ranges() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            let contact = client.with(token: try await client.visit().token)
            let file = try await Self.upload(contact, Self.form(Self.png)).expect(201)
            let (path, size) = (try Self.path(file["url"]), Self.png.count)
            for (range, first, last) in [
                ("bytes=0-0", 0, 0), ("bytes=8-19", 8, 19), ("bytes=1000-", 1000, size - 1),
                ("bytes=-5", size - 5, size - 1),
                ("bytes=10-99999999999", 10, size - 1), ("bytes=-99999999", 0, size - 1),
            ] {
                let part = try await client.with(.range, range).get(path).expect(206)
                #expect(part.body == Array(Self.png[first...last]))
                #expect(part[header: "Content-Range"] == "bytes \(first)-\(last)/\(size)")
            }
            for range in [
                "bytes=5-1", "bytes=0-1,3-4", "items=0-1", "bytes=99999-", "bytes=-0", "bytes=a-b", "bytes=--1",
                "bytes=",
            ] {
                #expect(try await client.with(.range, range).get(path).expect(200).body.count == size)
            }
            let stale = client.with(.range, "bytes=0-0").with(header: "If-Range", "\"other\"")
            #expect(try await stale.get(path).expect(200).body.count == size)
        }
    }

    @Test("A link is good for an hour or two, for its file alone, and made anew for who may read the conversation")
    func links() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token(.agent)
        let (other, _) = try await fixture.otherWorkspace()
        let foreign = try await fixture.token(.admin, email: "other@example.com", in: other)
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let (contact, staff) = (client.with(token: visit.token), client.with(token: token))
            let stranger = client.with(token: try await client.visit().token)
            let file = try await Self.upload(contact, Self.form(Self.png)).expect(201)
            let second = try await Self.upload(contact, Self.form(Self.png)).expect(201)
            let id = try #require(file["id"]?.stringValue)
            let path = try Self.path(file["url"])
            // Another file's signature, another end, a broken one, none.
            let swapped = try Self.path(second["url"]).replacingOccurrences(
                of: try #require(second["id"]?.stringValue), with: id)
            let later = path.replacingOccurrences(of: "expires=1", with: "expires=2")
            for forged in [swapped, later, path + "A", String(path.dropLast()), String(path.prefix { $0 != "?" })] {
                try await client.get(forged).expect(403, "forbidden")
            }
            try await client.get(path.replacingOccurrences(of: id, with: "att_00000000000000000000000000")).expect(404)
            // Not sent yet: its uploader's alone.
            try await contact.get("chat/attachments/\(id)").expect(200)
            for nobody in [staff, stranger, client.with(token: foreign)] {
                try await nobody.get("chat/attachments/\(id)").expect(404)
            }
            try await contact.post("\(visit.path)/messages", ["content": "x", "attachment_ids": [.string(id)]]).expect(
                201)
            #expect(try await staff.get("chat/attachments/\(id)").expect(200).json == file.json)
            for nobody in [stranger, client.with(token: foreign)] {
                try await nobody.get("chat/attachments/\(id)").expect(404)
            }
            fixture.clock.advance(seconds: 3600)
            try await client.get(path).expect(200)
            fixture.clock.advance(seconds: 1800)
            let expired = try await client.get(path).expect(403, "forbidden")
            #expect(expired["detail"]?.stringValue?.contains("expired") == true)
            let fresh = try await contact.get("chat/attachments/\(id)").expect(200)
            #expect(try await client.get(try Self.path(fresh["url"])).expect(200).body == Self.png)
        }
    }

    @Test("A note's file is not the contact's, and a deleted message's is nobody's")
    func hidden() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token(.admin)
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let (contact, staff) = (client.with(token: visit.token), client.with(token: token))
            let file = try await Self.upload(staff, Self.form(Self.png)).expect(201)
            let id = try #require(file["id"]?.stringValue)
            let note = try await staff.post(
                "\(visit.path)/messages", ["content": "", "type": "note", "attachment_ids": [.string(id)]]
            ).expect(201)
            #expect(note["type"] == "note")
            try await contact.get("chat/attachments/\(id)").expect(404)
            #expect(!(try await contact.get("\(visit.path)/events").expect(200).text.contains(id)))
            let path = try Self.path(file["url"])
            try await staff.delete("\(visit.path)/messages/\(note["id"]?.stringValue ?? "")").expect(204)
            try await client.get(path).expect(404)
            try await staff.get("chat/attachments/\(id)").expect(404)
            #expect(try await staff.get("\(visit.path)/messages").expect(200).items.last?["attachments"] == [])
        }
    }

    @Test("A key makes one upload of several, and tells other files apart")
    func idempotency() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            let contact = client.with(token: try await client.visit().token).with(header: "Idempotency-Key", "k")
            let first = try await Self.upload(contact, Self.form(Self.png)).expect(201)
            let again = try await Self.upload(contact, Self.form(Self.png)).expect(201)
            #expect(again.json == first.json && again[header: "Idempotency-Replayed"] == "true")
            try await Self.upload(contact, Self.form(Self.png + [1])).expect(409, "idempotency_conflict")
        }
        let kept = try await fixture.store.read { try $0.connection.integerForTest("SELECT count(*) FROM attachments") }
        #expect(kept == 1)
    }

    @Test("Identifiers of files are checked like all others")
    func identifiers() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let contact = client.with(token: visit.token)
            let path = "\(visit.path)/messages"
            let id = try #require(try await Self.upload(contact, Self.form(Self.png)).expect(201)["id"])
            for (body, errors) in [
                (["content": "x", "attachment_ids": ["att_x"]] as JSONValue, ["attachment_ids[0] not_found"]),
                (["content": "x", "attachment_ids": [id, id]], ["attachment_ids[1] not_found"]),
                (
                    ["content": "x", "attachment_ids": .array(Array(repeating: id, count: 11))],
                    ["attachment_ids too_many"]
                ),
                (["content": "", "attachment_ids": []], ["content required"]),
                (["content": "", "type": "file"], ["attachment_ids required", "content required"]),
            ] {
                #expect(try await contact.post(path, body).expect(422).errors.sorted() == errors)
            }
            let sent = try await contact.post(path, ["content": "look", "type": "file", "attachment_ids": [id]]).expect(
                201)
            #expect(sent["type"] == "file" && sent["content"] == "look")
        }
    }
}

extension SQLConnection {
    fileprivate func integerForTest(_ sql: String) throws -> Int64? {
        var found: Int64?
        try each(sql, []) { row in
            found = row.optionalInteger(0)
            return false
        }
        return found
    }
}
