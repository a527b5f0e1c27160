import Domain
public import Logging
public import Storage
import Synchronization

/// Sums long conversations up, so that models know what was said before their window.
///
/// Always behind a reply and never in its way: what is not summed up yet is trimmed. A summary that could not be made, or is
/// none, leaves the one before it in its place. Of several nodes that sum up the same, one is kept.
public final class Summarizer: CommitObserver {
    /// Conversations that one node sums up at the same time, and that wait for it. Beyond, the next reply asks again.
    static let concurrent = 2
    static let longestQueue = 256
    /// How long a conversation is left alone whose summary failed.
    static let pauseSeconds: Int64 = 60
    static let rememberedFailures = 1000
    /// Messages that are looked at at once.
    static let messageLimit = 200

    /// Writes what a prompt asks for. Throws when no model does, or none may be called.
    typealias Writing = @Sendable (ReplyPrompt, Spender) async throws -> (text: String, finish: ReplyFinish)

    private struct Place: Sendable, Hashable {
        var conversationId: Identifier<Conversation>
        var workspaceId: Identifier<Workspace>
    }

    private struct State {
        var running: [Place: Task<Void, Never>] = [:]
        var waiting: [Place] = []
        var failures: [Place: Timestamp] = [:]
        var isStopped = false
        var waitingForQuiet: [CheckedContinuation<Void, Never>] = []
    }

    private let store: ChatStore
    private let contextTokens: Int
    private let write: Writing
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameters:
    ///   - composer: asks the models.
    ///   - contextTokens: `AI_CONTEXT_TOKENS`.
    public convenience init(store: ChatStore, composer: ReplyComposer, contextTokens: Int, logger: Logger) {
        self.init(store: store, contextTokens: contextTokens, logger: logger) {
            try await composer.text(of: $0, for: $1)
        }
    }

    init(store: ChatStore, contextTokens: Int, logger: Logger, write: @escaping Writing) {
        self.store = store
        self.contextTokens = contextTokens
        self.logger = logger
        self.write = write
    }

    // MARK: When

    public func committed(_ batch: CommittedBatch) {
        // What another node committed, that node sums up.
        guard batch.committedAt != nil else { return }
        for event in batch.events {
            guard case .messageCompleted(let message, _) = event.body, message.sender.kind == .ai else { continue }
            take(Place(conversationId: event.conversationId, workspaceId: event.workspaceId))
        }
    }

    private func take(_ place: Place) {
        state.withLock { state in
            guard !state.isStopped, state.running[place] == nil, !state.waiting.contains(place),
                state.waiting.count < Self.longestQueue
            else { return }
            state.waiting.append(place)
            startNext(&state)
        }
    }

    private func startNext(_ state: inout State) {
        while state.running.count < Self.concurrent, !state.waiting.isEmpty, !state.isStopped {
            let place = state.waiting.removeFirst()
            state.running[place] = Task { [self] in
                await sumUp(place)
                finished(place)
            }
        }
    }

    private func finished(_ place: Place) {
        let waiting: [CheckedContinuation<Void, Never>] = state.withLock { state in
            state.running[place] = nil
            startNext(&state)
            guard state.running.isEmpty else { return [] }
            defer { state.waitingForQuiet = [] }
            return state.waitingForQuiet
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Breaks off what is under way and begins nothing more.
    public func stop() async {
        state.withLock { state in
            state.isStopped = true
            state.waiting = []
            for task in state.running.values { task.cancel() }
        }
        await quiet()
    }

    /// Returns when nothing is under way.
    func quiet() async {
        await withCheckedContinuation { continuation in
            let isQuiet = state.withLock { state in
                if !state.running.isEmpty { state.waitingForQuiet.append(continuation) }
                return state.running.isEmpty
            }
            if isQuiet { continuation.resume() }
        }
    }

    // MARK: How

    private func sumUp(_ place: Place) async {
        let metadata: Logger.Metadata = ["conversation": "\(place.conversationId.rawValue)"]
        do {
            guard !isPausing(place), let (source, context) = try await source(of: place) else { return }
            let (prompt, plan) = prompt(for: source)
            guard let prompt, let plan else { return }
            let spender = Spender(
                workspaceId: place.workspaceId, conversationId: place.conversationId, policy: context.policy,
                providers: context.providers)
            let written = try await write(prompt, spender)
            guard let accepted = SummaryText.accepted(written.text, finish: written.finish) else {
                logger.warning("a model wrote no summary", metadata: metadata)
                return pause(place)
            }
            // What the assistant said stands in the articles; what the customer and colleagues said stands nowhere else.
            let texts = [source.summary?.text ?? ""] + plan.covered.filter { $0.sender.kind != .ai }.map(\.told)
            let summary = SummaryFacts.restored(accepted, from: texts)
            let isKept = try await store.write(to: place.conversationId) {
                try $0.keepSummary(summary, upTo: plan.upToSeq, from: source)
            }
            if isKept { logger.debug("summed up a conversation", metadata: metadata) }
        } catch is NoModel {
            // Articles alone answer without what was said before.
        } catch is CancellationError {
        } catch {
            logger.warning(
                "a conversation could not be summed up", metadata: metadata.merging(["error": "\(error)"]) { $1 })
            pause(place)
        }
    }

    private func source(of place: Place) async throws -> (SummarySource, ReplyContext)? {
        let history = budget.history
        return try await store.read { snapshot in
            let length = try snapshot.unsummedLength(of: place.conversationId)
            guard SummaryPlan.mayBeDue(messages: length.messages, characters: length.characters, history: history),
                let source = try snapshot.summarySource(
                    of: place.conversationId, in: place.workspaceId, limit: Self.messageLimit)
            else { return nil }
            return (source, try snapshot.replyContext(of: place.conversationId, in: place.workspaceId))
        }
    }

    /// Room of a prompt for an answer.
    private var budget: PromptBudget {
        PromptAssembly(contextTokens: contextTokens).budget(
            for: ReplyPrompt(question: "", knowledge: .nothing, language: .english))
    }

    private func prompt(for source: SummarySource) -> (ReplyPrompt?, SummaryPlan?) {
        let words = source.messages.last { $0.sender.kind == .contact }?.content ?? ""
        var prompt = ReplyPrompt(
            system: MemoryPrompt.system, summary: source.summary?.text, question: "", knowledge: .nothing,
            language: Language.ofReply(to: words, locale: "en"), maximumOutputTokens: MemoryPrompt.outputTokens,
            task: .summary)
        let room = PromptAssembly(contextTokens: contextTokens).budget(for: prompt).room
        let plan = SummaryPlan(
            source.messages, history: budget.history, longest: Int(Double(room) * MemoryPrompt.conversationShare))
        guard let plan else { return (nil, nil) }
        prompt.turns = plan.covered.compactMap(ReplyPromptMaker.turn)
        return (prompt.turns.isEmpty ? nil : prompt, plan)
    }

    private func isPausing(_ place: Place) -> Bool {
        let now = store.clock.now()
        return state.withLock { state in
            guard let end = state.failures[place] else { return false }
            if now < end { return true }
            state.failures[place] = nil
            return false
        }
    }

    private func pause(_ place: Place) {
        let end = store.clock.now().adding(seconds: Self.pauseSeconds)
        state.withLock { state in
            if state.failures.count >= Self.rememberedFailures { state.failures = [:] }
            state.failures[place] = end
        }
    }
}

/// No model is configured, only the built-in provider.
struct NoModel: Error {}
