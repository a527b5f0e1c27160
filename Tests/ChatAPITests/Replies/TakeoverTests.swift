import Assistant
import Domain
import Storage
import Synchronization
import Testing

/// G7 at chosen moments: after the owner has changed in sight of a reader, no frame of the AI follows but the ending,
/// and that holds exactly what was shown. One reply has one end, whoever comes between.
@Suite(.timeLimit(.minutes(5))) struct TakeoverTests {
    /// Few, because other suites share the two threads with them.
    static let lanes = 4
    static let rounds = 250

    /// Who comes between.
    enum Intruder: CaseIterable {
        /// An agent's message, an agent's switch, the contact's button.
        case message, staffSwitch, contactButton
        /// The watch over silent replies: it must leave a reply that is being shown to its maker.
        case silence
    }

    /// One round: what the reply does, and when somebody comes between. All from the seed.
    struct Plan: Sendable {
        var pieces: Int
        /// Before this piece; `pieces` is right before the end, `pieces + 1` right behind it.
        var moment: Int
        /// The reply begins anew before this piece.
        var restart: Int?
        var intruder: Intruder
        /// Whether the reply waits until the other has committed.
        var isAwaited: Bool
        /// Chances for others to run between two pieces.
        var yields: Int

        init(seed: UInt64) {
            var random = SplitMix(state: seed)
            pieces = Int.random(in: 1...12, using: &random)
            moment = Int.random(in: 0...(pieces + 1), using: &random)
            restart = Int.random(in: 0..<4, using: &random) == 0 ? Int.random(in: 1...pieces, using: &random) : nil
            intruder = Intruder.allCases.randomElement(using: &random) ?? .message
            isAwaited = Int.random(in: 0..<3, using: &random) == 0
            yields = Int.random(in: 0...20, using: &random)
        }
    }

    /// Where the reply of a round meets whoever comes between.
    final class Meeting: Sendable {
        let plan: Plan
        private let intrude = Mutex<(@Sendable () async throws -> Void)?>(nil)
        private let running = Mutex<Task<Void, any Error>?>(nil)

        init(_ plan: Plan, _ intrude: @escaping @Sendable () async throws -> Void) {
            self.plan = plan
            self.intrude.withLock { $0 = intrude }
        }

        func reached(_ moment: Int) async throws {
            guard moment == plan.moment else { return }
            begin()
            if plan.isAwaited { try await running.withLock { $0 }?.value }
        }

        /// Once; also for rounds whose reply ended before its moment.
        func begin() {
            guard
                let work = intrude.withLock({ work in
                    defer { work = nil }
                    return work
                })
            else { return }
            running.withLock { $0 = Task { try await work() } }
        }

        func finish() async throws {
            begin()
            try await running.withLock { $0 }?.value
        }
    }

    @Test(arguments: 0..<lanes)
    func whoeverComesBetweenAReplyHasOneEndAndNothingFollowsTheNewOwner(lane: Int) async throws {
        let meetings = Mutex<[Identifier<Conversation>: Meeting]>([:])
        // No pause between checkpoints: every piece is saved, and saving is one more place to come between.
        let fixture = try await ReplyFixture(renewal: .milliseconds(5), checkpoint: .zero) { question, deliver in
            guard let meeting = meetings.withLock({ $0[question.conversationId] }) else { throw CancellationError() }
            let plan = meeting.plan
            var text = ""
            for index in 0..<plan.pieces {
                try await meeting.reached(index)
                if index == plan.restart {
                    try await deliver(.reset(reason: "provider"))
                    text = ""
                }
                for _ in 0..<plan.yields { await Task.yield() }
                let piece = "\(index)词 "
                text += piece
                try await deliver(.text(piece))
            }
            try await meeting.reached(plan.pieces)
            return ComposedReply(text: text, sources: [], finish: .stop, isAnswered: true)
        }
        var ends: [String: Int] = [:]
        for round in 0..<Self.rounds {
            let plan = Plan(seed: UInt64(lane * Self.rounds + round))
            let (id, visitor) = try await fixture.visitor()
            let meeting = Meeting(plan) { try await Self.intrude(plan.intruder, into: id, by: visitor, fixture) }
            meetings.withLock { $0[id] = meeting }
            let frames = try await fixture.frames(of: id, by: visitor) { frame in
                frame.message?["content"]?.stringValue == "end of round"
            }
            try await fixture.send("question", to: id, by: visitor)
            // A reply that was stopped before its moment never reaches it.
            try await noReplyIsOpen(in: id, fixture)
            try await meeting.finish()
            try await noReplyIsOpen(in: id, fixture)
            try await fixture.send("end of round", to: id, by: fixture.admin)
            let seen = try await frames.value
            let end = try await check(seen, id, fixture, "lane \(lane), round \(round): \(plan)")
            ends[end, default: 0] += 1
            _ = meetings.withLock { $0.removeValue(forKey: id) }
        }
        // The moments are telling: replies that nobody saw, that were stopped, and that were faster.
        for end in ["none", "cancelled", "complete"] { #expect(ends[end, default: 0] >= 10, "\(ends)") }
    }

    private static func intrude(
        _ intruder: Intruder, into id: Identifier<Conversation>, by visitor: Access, _ fixture: ReplyFixture
    ) async throws {
        switch intruder {
        case .message: try await fixture.send("I take over", to: id, by: fixture.admin)
        case .staffSwitch:
            _ = try await fixture.store.write {
                try $0.switchOwner(of: id, to: .anyHuman, reason: nil, by: fixture.admin)
            }
        case .contactButton:
            _ = try await fixture.store.write {
                try $0.switchOwner(
                    of: id, to: .anyHuman, reason: nil, wording: HandoffDesk.words(_:_:by:because:), by: visitor)
            }
        case .silence:
            _ = try await fixture.store.write {
                try $0.handOverSilentReplies(after: -3600, limit: 10, wording: HandoffDesk.words(_:_:by:because:))
            }
        }
    }

    private func noReplyIsOpen(in id: Identifier<Conversation>, _ fixture: ReplyFixture) async throws {
        let hasEnded = await eventually { (try? await fixture.store.read { try $0.openJobs(of: id) }.isEmpty) ?? false }
        try #require(hasEnded, "the reply must end")
    }

    /// - Returns: how the reply ended.
    private func check(
        _ seen: [SeenFrame], _ id: Identifier<Conversation>, _ fixture: ReplyFixture, _ name: String
    ) async throws -> String {
        let changes = seen.indices.filter { seen[$0].changesOwner }
        let after = seen[((changes.first ?? seen.endIndex - 1) + 1)...].filter(\.isOfAI)
        #expect(after.allSatisfy { $0.type == "message.updated" && $0.status == "cancelled" }, "\(name)")
        let ends = seen.filter { $0.isOfAI && ($0.type == "message.completed" || $0.type == "message.updated") }
        guard let created = seen.first(where: { $0.isOfAI && $0.type == "message.created" }) else {
            #expect(ends.isEmpty, "\(name): nothing shown, so there is no message")
            return "none"
        }
        #expect(ends.count == 1, "\(name)")
        var shown = created.message?["content"]?.stringValue ?? ""
        for frame in seen {
            if frame.type == "reply.reset" { shown = "" }
            guard frame.type == "reply.delta" else { continue }
            #expect(frame.data["offset"]?.intValue == Int64(shown.unicodeScalars.count), "\(name)")
            shown += frame.text ?? ""
        }
        #expect(ends.last?.message?["content"]?.stringValue == shown, "\(name)")
        let kept = try await fixture.store.read {
            try $0.messages(of: id, SeqPage(.after(0), limit: 50), by: fixture.admin)
        }.items.filter { $0.sender.kind == .ai }
        #expect(kept.map(\.content) == [shown], "\(name)")
        #expect(kept.first?.status == .cancelled || kept.first?.status == .complete, "\(name)")
        return kept.first?.status.rawValue ?? ""
    }
}

/// The same moments from the same seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
