import Domain
import Testing

@testable import Storage

/// A workspace in which things happen at random, through the verbs that clients use.
final class StatisticsWorld {
    let fixture: StoreFixture
    private var generator: SeededGenerator
    private var agents: [Access] = []
    private var visits: [(number: Int, conversation: Identifier<Conversation>, access: Access)] = []
    private var jobs: [Identifier<Conversation>: ReplyJob] = [:]
    private var shown: Set<Identifier<Message>> = []
    private var heard = 0

    init(_ fixture: StoreFixture, seed: UInt64) async throws {
        self.fixture = fixture
        generator = SeededGenerator(seed: seed)
        agents = [fixture.admin]
        for number in 0..<3 {
            let workspaceId = fixture.workspace.id
            let user = try await fixture.store.write {
                try $0.createUser(
                    email: "agent\(number)@example.com", name: "Agent \(number)", passwordHash: "hash", role: .admin,
                    in: workspaceId)
            }
            agents.append(
                Access(
                    workspaceId: workspaceId,
                    principal: .staff(
                        .init(userId: user.id, name: user.name, role: .admin, credential: .login(Identifier(1))))))
        }
    }

    private func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }
    private func pick<Item>(_ items: some Collection<Item>) -> Item? { items.randomElement(using: &generator) }

    /// Lets something happen. What the rules refuse does not happen.
    func step() async throws {
        let longest = chance(10) ? 8 * 3_600_000 : 600_000
        fixture.clock.advance(milliseconds: Int64.random(in: 0...Int64(longest), using: &generator))
        do {
            try await act()
        } catch is Refusal {
        } catch is ReplyRefusal {}
        hear()
    }

    private func hear() {
        let told = fixture.commits.replyJobs
        for job in told.dropFirst(heard) {
            jobs[job.conversationId] = job
        }
        heard = told.count
    }

    private func act() async throws {
        guard let visit = pick(visits.suffix(20)), let agent = pick(agents), !chance(10) else {
            return try await begin()
        }
        let (store, conversation) = (fixture.store, visit.conversation)
        // Two of three conversations are mostly left to the assistant.
        let isQuiet = visit.number % 3 > 0 && chance(90)
        let turn = Int.random(in: 0..<100, using: &generator)
        switch isQuiet && (30..<45).contains(turn) ? 60 : turn {
        case 0..<30: _ = try await fixture.send("question", to: conversation, by: visit.access)
        case 30..<45: _ = try await fixture.send("answer", to: conversation, by: agent)
        case 45..<49: _ = try await fixture.send("note", kind: .note, to: conversation, by: agent)
        case 49..<70:
            // Mostly where a reply is due.
            try await reply(in: chance(80) ? pick(jobs.keys.sorted().suffix(8)) ?? conversation : conversation)
        case 70..<78:
            guard let target = try await target() else { return }
            let wording = chance(50) ? HandoffWords.said : nil
            let actor = chance(50) && !isQuiet ? agent : visit.access
            _ = try await store.write {
                try $0.switchOwner(
                    of: conversation, to: target, reason: "because", wording: wording, by: actor)
            }
        case 78..<93: try await change(conversation, by: agent)
        case 93..<96:
            _ = try await store.write { try $0.wakeSnoozedConversations(limit: 10) }
        default: try await rewrite(conversation, by: agent)
        }
    }

    private func target() async throws -> OwnerSwitch? {
        guard let user = pick(agents)?.staff?.userId else { return nil }
        return pick([.ai, .ai, .anyHuman, .agent(user)])
    }

    private func begin() async throws {
        if let visit = pick(visits), let agent = pick(agents), chance(25) {
            let priority = pick(Conversation.Priority.allCases) ?? .normal
            let message = chance(70) ? MessageDraft(content: "Hello from us") : nil
            let contactId = try #require(visit.access.contact?.contactId)
            let made = try await fixture.store.write {
                try $0.openConversation(
                    with: contactId, inboxId: nil, subject: nil, priority: priority, message: message, by: agent)
            }
            return visits.append((visits.count, made.id, visit.access))
        }
        let (session, access) = try await fixture.visitor(name: "Visitor \(visits.count)")
        visits.append((visits.count, session.conversationId, access))
    }

    private func change(_ conversation: Identifier<Conversation>, by agent: Access) async throws {
        var patch = ConversationPatch()
        if chance(20) { patch.priority = pick(Conversation.Priority.allCases) }
        if chance(10) { patch.labels = ["a", "b"] }
        switch Int.random(in: 0..<100, using: &generator) {
        case 0..<35: patch.status = .resolved
        case 35..<55: patch.status = .open
        case 55..<65: patch.status = .pending
        case 65..<80:
            patch.snoozedUntil = fixture.clock.now().adding(seconds: Int64.random(in: 1...7200, using: &generator))
        case 80..<86: patch.status = .closed
        default: break
        }
        let wanted = patch
        _ = try await fixture.store.write { try $0.update(conversation, wanted, by: agent) }
    }

    /// Goes on with the assistant's reply: begins, ends, breaks off, or hands over.
    private func reply(in conversation: Identifier<Conversation>) async throws {
        guard let job = jobs[conversation] else { return }
        let store = fixture.store
        guard shown.contains(job.id) else {
            if chance(25) {
                let reason = pick(Handoff.Reason.allCases) ?? .failure
                jobs[conversation] = nil
                return try await store.write {
                    try $0.handOver(
                        conversation, fromEpoch: job.ownerEpoch, .of(reason), in: job.workspaceId)
                }
            }
            jobs[conversation] = nil
            _ = try await store.write { try $0.showReply(job, text: "I") }
            jobs[conversation] = job
            shown.insert(job.id)
            return
        }
        jobs[conversation] = nil
        let receipt = chance(60) ? Self.receipt(Int.random(in: 1...5000, using: &generator)) : nil
        let cost = chance(50) ? Int64.random(in: 0...9000, using: &generator) : nil
        @Sendable func keep(in transaction: Transaction) throws {
            guard let receipt else { return }
            try transaction.keep(receipt, of: job)
            try transaction.connection.run(
                "UPDATE reply_receipts SET cost_micros = ? WHERE message_id = ?",
                [.optional(cost), .identifier(job.id)])
        }
        if chance(20) {
            return try await store.write { transaction in
                try transaction.cancelReply(job, shownText: "I was")
                try keep(in: transaction)
            }
        }
        let finish = pick([Event.FinishReason.stop, .stop, .stop, .length, .partial]) ?? .stop
        let isAnswered = chance(70)
        let sources =
            chance(60) ? [Message.Source(number: 1, articleId: Identifier(1), title: "A", excerpt: "a", score: 1)] : []
        _ = try await store.write { transaction in
            _ = try transaction.completeReply(
                job, text: "I know", sources: sources, finish: finish, isAnswered: isAnswered)
            try keep(in: transaction)
        }
    }

    private static func receipt(_ tokens: Int) -> ReplyReceipt {
        ReplyReceipt(
            promptVersion: "1", language: "en", answerability: "answerable", coverage: 1, passages: [],
            attempts: [
                .init(
                    provider: "p", model: "m", failure: nil, status: nil, code: nil, firstTokenMilliseconds: 1,
                    durationMilliseconds: 2, inputTokens: tokens, outputTokens: tokens / 3, cachedInputTokens: 0,
                    isEstimated: false)
            ], durationMilliseconds: 3)
    }

    /// Edits or deletes a message, or puts a conversation of a deleted contact among the others.
    private func rewrite(_ conversation: Identifier<Conversation>, by agent: Access) async throws {
        let messages = try await fixture.store.read {
            try $0.messages(of: conversation, SeqPage(.after(0), limit: 200), by: agent).items
        }
        guard let message = pick(messages) else { return }
        if chance(50) {
            _ = try await fixture.store.write {
                try $0.edit(message.id, in: conversation, content: "edited", by: agent)
            }
        } else {
            _ = try await fixture.store.write { try $0.delete(message.id, in: conversation, by: agent) }
        }
    }

    /// Gives what was committed its place in the feed, where that is not by itself.
    func stamp() async throws {
        guard fixture.store.isShared else { return }
        try await fixture.store.write { transaction in
            guard let generation = try transaction.takeLease(.sequencer, seconds: 1000) else { return }
            while try transaction.stampFeed(generation: generation, limit: 500) > 0 {}
        }
    }
}

/// Random numbers that are the same in each run (SplitMix64), so that a failure can be repeated.
private struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
