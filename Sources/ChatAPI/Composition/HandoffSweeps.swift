import Assistant
import Logging
import Storage
import Synchronization

/// Conversations in which somebody waits for nobody: questions that no node answers go to humans, and what humans have
/// finished goes back to the assistant.
final class HandoffSweeps: Sendable {
    /// Conversations of one look.
    static let limit = 100
    /// How often is looked for those that go back: the rule counts in minutes.
    static let returnInterval = Duration.seconds(15)

    private let store: ChatStore
    private let silenceSeconds: Int64
    private let logger: Logger
    private let nextReturn = Mutex(ContinuousClock.now)

    /// - Parameter silence: after which a question goes to a human, whoever was to answer it: the runtime's own limit,
    ///   which a reply under way keeps by itself.
    init(store: ChatStore, silence: Duration, logger: Logger) {
        self.store = store
        self.logger = logger
        silenceSeconds = silence.components.seconds
    }

    /// Hands over what nobody answers.
    func handOverIfSilent() async throws {
        let seconds = silenceSeconds
        guard try await store.read({ try $0.hasSilentReplies(after: seconds) }) else { return }
        let count = try await store.write {
            try $0.handOverSilentReplies(
                after: seconds, limit: Self.limit, wording: HandoffDesk.words(_:_:by:because:))
        }
        if count > 0 {
            logger.warning("handed over questions that nobody answered", metadata: ["conversations": "\(count)"])
        }
    }

    /// Gives back what human colleagues have finished, by the workspaces' rules.
    func returnIfDue() async throws {
        let isDue = nextReturn.withLock { next in
            guard ContinuousClock.now >= next else { return false }
            next = ContinuousClock.now + Self.returnInterval
            return true
        }
        guard isDue else { return }
        for id in try await store.read({ try $0.conversationsToReturn(limit: Self.limit) }) {
            _ = try await store.write(to: id) {
                try $0.returnToAssistant(id, announcement: HandoffDesk.returnAnnouncement(_:_:by:))
            }
        }
    }
}
