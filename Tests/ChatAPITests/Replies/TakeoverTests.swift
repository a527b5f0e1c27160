import Assistant
import Domain
import Storage
import Testing

/// G7 at random moments: after the owner has changed in sight of a reader, no frame of the AI follows but the ending, and that
/// holds exactly what was shown.
@Suite(.timeLimit(.minutes(5))) struct TakeoverTests {
    @Test(arguments: 0..<8)
    func aHumanTakesOverAtARandomMoment(lane: Int) async throws {
        let fixture = try await ReplyFixture { _, deliver in
            for index in 0..<400 {
                try await deliver(.text("\(index)词 "))
                // Gives the takeover a chance at every place.
                await Task.yield()
                if index % 4 == 0 { try await Task.sleep(for: .milliseconds(Int.random(in: 0...3))) }
            }
            return ComposedReply(text: "never finished", sources: [], finish: .stop, isAnswered: true)
        }
        for round in 0..<25 {
            let (id, visitor) = try await fixture.visitor()
            let frames = try await fixture.frames(of: id, by: visitor) { frame in
                frame.message?["content"]?.stringValue == "end of round"
            }
            try await fixture.send("question", to: id, by: visitor)
            try await Task.sleep(for: .microseconds(Int.random(in: 0...60_000)))
            try await fixture.send("I take over", to: id, by: fixture.admin)
            try await noReplyIsOpen(in: id, fixture)
            try await fixture.send("end of round", to: id, by: fixture.admin)
            try check(try await frames.value, "lane \(lane), round \(round)")
        }
    }

    private func noReplyIsOpen(in id: Identifier<Conversation>, _ fixture: ReplyFixture) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try await !fixture.store.read({ try $0.openJobs(of: id) }).isEmpty {
            try #require(ContinuousClock.now < deadline, "the reply must end")
            await Task.yield()
        }
    }

    private func check(_ seen: [SeenFrame], _ name: String) throws {
        let change = try #require(seen.firstIndex { $0.changesOwner }, "\(name)")
        try #require(
            !seen[..<change].contains { $0.type == "message.completed" }, "\(name): too late to prove anything")
        let after = seen[(change + 1)...].filter(\.isOfAI)
        #expect(after.allSatisfy { $0.type == "message.updated" && $0.status == "cancelled" }, "\(name)")
        guard let created = seen.first(where: { $0.isOfAI && $0.type == "message.created" }) else {
            #expect(after.isEmpty, "\(name): nothing shown, so there is no message")
            return
        }
        // A replayed `message.created` shows the message as it is now; only a live one tells the text of that moment.
        var shown = created.message?["content"]?.stringValue ?? ""
        guard created.status == "streaming" else { return }
        for delta in seen where delta.type == "reply.delta" {
            #expect(delta.data["offset"]?.intValue == Int64(shown.unicodeScalars.count), "\(name)")
            shown += delta.text ?? ""
        }
        #expect(after.count == 1, "\(name)")
        #expect(after.last?.message?["content"]?.stringValue == shown, "\(name)")
    }
}
