import Domain
import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Realtime
import Storage
import Testing

@testable import HTTPAPI

@Suite("A message's reply as a stream")
struct ReplyStreamTests {
    @Test("The message, then the reply as it is written, to its ending")
    func wholeReply() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let path = "\(visit.path)/messages"
            async let answer = client.streaming(visit).post(path, ["content": "What?", "client_message_id": "q-1"])
            let reply = try await Author(fixture, visit)
            try await reply.show("Hel")
            try await reply.append("lo", " world")
            // Typing and receipts are for sockets.
            fixture.hub.receipt(in: reply.job.conversationId, of: .system, seq: 1)
            try await reply.complete("Hello world")
            let stream = try await answer.expect(200)
            #expect(
                stream[header: "Content-Type"] == "text/event-stream" && stream[header: "Cache-Control"] == "no-store")
            #expect(stream[header: "Connection"] == "close")
            let events = stream.events
            #expect(
                events.map(\.type).filter { $0 != "reply.delta" } == [
                    "message.created", "reply.started", "message.created", "message.completed",
                ])
            #expect(events.first?.data["data"]?["message"]?["client_message_id"] == "q-1")
            #expect(events.text == "Hello world" && events.last?.message?["content"] == "Hello world")
            for event in events {
                #expect(event.id == event.data["seq"]?.intValue && event.data["type"] == .string(event.type))
            }

            // Again, when all is over: the same message and what came of it, and no second reply.
            let again = try await client.streaming(visit).post(path, ["content": "What?", "client_message_id": "q-1"])
            #expect(
                try again.expect(200).events.map(\.type) == ["message.created", "message.created", "message.completed"])
            #expect(again.events.first?.data == events.first?.data)
            try await client.streaming(visit).post(path, ["content": "Other", "client_message_id": "q-1"])
                .expect(409, "idempotency_conflict")
            let messages = try await client.with(token: visit.token).get(path).expect(200).items
            #expect(messages.map { $0["sender"]?["kind"] } == ["contact", "ai"])
        }
    }

    @Test("A retry in the middle gets the text so far and the rest, each piece once")
    func joining() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let body: JSONValue = ["content": "What?", "client_message_id": "q-1"]
            async let first = client.streaming(visit).post("\(visit.path)/messages", body)
            let reply = try await Author(fixture, visit)
            try await reply.show("Once")
            try await reply.append(" upon")
            let started = fixture.logs.records("request").count
            async let second = client.streaming(visit).post("\(visit.path)/messages", body)
            // The answer's head is logged when the stream begins; then the rest of the reply.
            try await eventually("the retry") { fixture.logs.records("request").count > started }
            for piece in [" a", " time", " there", " was"] { try await reply.append(piece) }
            try await reply.complete("Once upon a time there was")
            let events = try await second.expect(200).events
            #expect(events.first?.message?["client_message_id"] == "q-1")
            // Pieces that pass while the retry still reads the log are in the ending: what it gets is never out of place.
            #expect("Once upon a time there was".hasPrefix(try #require(events.text)))
            #expect(events.last?.type == "message.completed")
            #expect(events.last?.message?["content"] == "Once upon a time there was")
            #expect(try await first.expect(200).events.text == "Once upon a time there was")
        }
    }

    @Test("When no reply is due the stream ends at once")
    func nothingDue() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token(.agent)
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            try await client.with(token: visit.token).post("\(visit.path)/switch", ["to": "human"]).expect(200)
            let body: JSONValue = ["content": "anybody?", "client_message_id": "q-1"]
            for _ in 0..<2 {
                let stream = try await client.streaming(visit).post("\(visit.path)/messages", body).expect(200)
                #expect(stream.events.map(\.type) == ["message.created"])
            }
            let staff = client.with(token: token).with(.accept, "text/event-stream, */*")
            let said = try await staff.post("\(visit.path)/messages", ["content": "yes"]).expect(200)
            #expect(said.events.map(\.type) == ["message.created"])
            try await client.with(token: visit.token).post("\(visit.path)/switch", ["to": "ai"])
                .expect(200)
            // What was said to a human is not answered by a later reply.
            async let later = client.streaming(visit).post("\(visit.path)/messages", ["content": "and now?"])
            let reply = try await Author(fixture, visit)
            let again = try await client.streaming(visit).post("\(visit.path)/messages", body).expect(200)
            #expect(again.events.map(\.type) == ["message.created"])
            try await reply.show("Yes")
            try await reply.complete("Yes")
            #expect(try await later.events.last?.type == "message.completed")
        }
    }

    @Test("A human who takes over ends the stream with the change of owner")
    func takeover() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token(.agent)
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let body: JSONValue = ["content": "What?", "client_message_id": "q-1"]
            async let answer = client.streaming(visit).post("\(visit.path)/messages", body)
            let reply = try await Author(fixture, visit)
            try await reply.show("Hel")
            try await client.with(token: token).post("\(visit.path)/switch", ["to": "human", "agent_id": "me"]).expect(
                200)
            let events = try await answer.expect(200).events
            #expect(events.last?.type == "conversation.updated")
            #expect(events.last?.data["data"]?["changes"]?["owner"]?["kind"] == "agent")
            #expect(events.last?.data["data"]?["actor"]?["id"] == nil, "a contact gets no keys of agents")
            try await reply.cancel("Hel")
            let again = try await client.streaming(visit).post("\(visit.path)/messages", body).expect(200)
            #expect(again.events.last?.type == "conversation.updated")
        }
    }

    @Test("A reply that is stopped in sight ends the stream")
    func cancelling() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            async let shown = client.streaming(visit).post("\(visit.path)/messages", ["content": "one"])
            let first = try await Author(fixture, visit)
            try await first.show("Hel")
            try await first.cancel("Hel")
            let events = try await shown.expect(200).events
            #expect(events.last?.type == "message.updated" && events.last?.message?["status"] == "cancelled")
        }
    }

    @Test("A reply that is stopped before anything was shown ends the stream, too")
    func cancellingUnseen() async throws {
        let fixture = try await HTTPFixture(streamCheckInterval: .milliseconds(20))
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            async let silent = client.streaming(visit).post("\(visit.path)/messages", ["content": "two"])
            let second = try await Author(fixture, visit)
            try await second.cancel("")
            #expect(
                try await silent.expect(200).events.filter { $0.type != "reply.started" }.map(\.type) == [
                    "message.created"
                ])
        }
    }

    @Test("While nothing comes there are comments")
    func comments() async throws {
        let fixture = try await HTTPFixture(streamCheckInterval: .milliseconds(10))
        try await fixture.runLive { client async throws in
            let visit = try await client.visit()
            let port = try #require(client.http.port)
            try await RawConnection.reading(port: port, Self.request(visit), until: "\r\n:\n\n\r\n")
        }
    }

    @Test("What is wrong with the message is a problem and no stream")
    func problems() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let other = try await client.visit()
            try await client.streaming(visit).post("\(visit.path)/messages", ["content": ""]).expect(422)
            try await client.streaming(visit).post("\(other.path)/messages", ["content": "x"]).expect(404, "not_found")
            try await client.with(.accept, "text/event-stream").post("\(visit.path)/messages", ["content": "x"])
                .expect(401, "unauthenticated")
        }
    }

    @Test("A client that hangs up stops its stream and not the reply")
    func hangingUp() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.runLive { client async throws in
            let visit = try await client.visit()
            let port = try #require(client.http.port)
            try await RawConnection.reading(port: port, Self.request(visit), until: "event: message.created")
            let reply = try await Author(fixture, visit)
            try await reply.show("Hel")
            try await reply.complete("Hello")
            let messages = try await client.with(token: visit.token).get("\(visit.path)/messages").expect(200).items
            #expect(messages.last?["content"] == "Hello" && messages.last?["status"] == "complete")
        }
    }

    private static func request(_ visit: Visit) -> String {
        let body = #"{"content":"What?"}"#
        return """
            POST /api/v1/\(visit.path)/messages HTTP/1.1\r
            Host: localhost\r
            Authorization: Bearer \(visit.token)\r
            Accept: text/event-stream\r
            Content-Type: application/json\r
            Content-Length: \(body.utf8.count)\r
            \r
            \(body)
            """
    }
}

/// Writes the reply that is due in a visit's conversation, as the assistant would.
private struct Author: Sendable {
    let fixture: HTTPFixture
    let job: ReplyJob

    /// Waits for the job.
    init(_ fixture: HTTPFixture, _ visit: Visit) async throws {
        self.fixture = fixture
        let id = try fixture.key(visit.conversationId, of: Conversation.self)
        var found: ReplyJob?
        try await eventually("a reply job") {
            found = try await fixture.store.read { try $0.openJobs(of: id) }.first
            return found != nil
        }
        job = try #require(found)
        fixture.hub.liveReplies.begin(job) {}
    }

    func show(_ text: String) async throws {
        let job = job
        _ = try await fixture.store.write { try $0.showReply(job, text: text) }
    }

    func append(_ pieces: String...) async throws {
        for piece in pieces {
            #expect(fixture.hub.liveReplies.append(piece, to: job))
            fixture.hub.liveReplies.flush(job)
        }
    }

    func complete(_ text: String) async throws {
        let job = job
        _ = try await fixture.store.write {
            try $0.completeReply(job, text: text, sources: [], finish: .stop, isAnswered: true)
        }
        fixture.hub.liveReplies.end(job)
    }

    func cancel(_ text: String) async throws {
        let job = job
        _ = fixture.hub.liveReplies.close(job)
        try await fixture.store.write { try $0.cancelReply(job, shownText: text) }
        fixture.hub.liveReplies.end(job)
    }
}

/// Waits for a condition, up to a minute: on a busy machine hundreds of tests share two threads.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while try await !condition() {
        guard ContinuousClock.now < end else { throw FixtureFault.deadline(what) }
        try await Task.sleep(for: .milliseconds(2))
    }
}

extension Client {
    fileprivate func streaming(_ visit: Visit) -> Client {
        with(token: visit.token).with(.accept, "text/event-stream")
    }
}

private struct StreamedEvent {
    var type = ""
    var id: Int64?
    var data = JSONValue.null

    var message: JSONValue? { data["data"]?["message"] }
}

extension Reply {
    fileprivate var events: [StreamedEvent] {
        text.split(separator: "\n\n").compactMap { block in
            var event = StreamedEvent()
            for line in block.split(separator: "\n") where !line.hasPrefix(":") {
                let parts = line.split(separator: ": ", maxSplits: 1).map(String.init)
                guard parts.count == 2 else { continue }
                switch parts[0] {
                case "event": event.type = parts[1]
                case "id": event.id = Int64(parts[1])
                case "data": event.data = (try? JSONValue(parsing: parts[1])) ?? .null
                default: break
                }
            }
            return event.type.isEmpty ? nil : event
        }
    }
}

extension [StreamedEvent] {
    /// The reply's text as its reader puts it together; nil when a piece is missing or comes twice.
    fileprivate var text: String? {
        var text: String?
        for event in self {
            let data = event.data["data"]
            switch event.type {
            case "message.created" where event.message?["sender"]?["kind"] == "ai":
                text = event.message?["content"]?.stringValue
            case "reply.snapshot": text = data?["text"]?.stringValue
            case "reply.delta":
                guard data?["offset"]?.intValue == text.map({ Int64($0.unicodeScalars.count) }) else { return nil }
                text = (text ?? "") + (data?["text"]?.stringValue ?? "")
            default: break
            }
        }
        return text
    }
}
