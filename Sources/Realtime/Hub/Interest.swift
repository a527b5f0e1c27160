import Domain
import Synchronization

/// Which event loops have readers of which conversation, so that an event wakes no loop in vain.
final class Interest: Sendable {
    private struct State {
        /// One bit per loop.
        var conversations: [Identifier<Conversation>: UInt64] = [:]
        var viewers: UInt64 = 0
    }

    private let state = Mutex(State())

    func add(_ loop: Int, to conversationId: Identifier<Conversation>) {
        state.withLock { $0.conversations[conversationId, default: 0] |= 1 << UInt64(loop) }
    }

    func remove(_ loop: Int, from conversationId: Identifier<Conversation>) {
        state.withLock { state in
            let rest = (state.conversations[conversationId] ?? 0) & ~(1 << UInt64(loop))
            state.conversations[conversationId] = rest == 0 ? nil : rest
        }
    }

    func addViewers(_ loop: Int) { state.withLock { $0.viewers |= 1 << UInt64(loop) } }
    func removeViewers(_ loop: Int) { state.withLock { $0.viewers &= ~(1 << UInt64(loop)) } }

    /// The loops that read any of `conversations`, one bit each, and those that show lists.
    func loops(
        of conversations: some Sequence<Identifier<Conversation>>
    ) -> (readers: [UInt64], viewers: UInt64) {
        state.withLock { state in
            (conversations.map { state.conversations[$0] ?? 0 }, state.viewers)
        }
    }
}
