import Cluster
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
    private let link: ClusterLink?

    /// - Parameter link: told which conversations are read here, so that what passes in them is sent here.
    init(link: ClusterLink?) {
        self.link = link
    }

    // The link is told under the lock: of two loops that come and go, the last word must be the right one.

    func add(_ loop: Int, to conversationId: Identifier<Conversation>) {
        state.withLock { state in
            let loops = state.conversations[conversationId] ?? 0
            state.conversations[conversationId] = loops | 1 << UInt64(loop)
            if loops == 0 { link?.join(conversationId) }
        }
    }

    func remove(_ loop: Int, from conversationId: Identifier<Conversation>) {
        state.withLock { state in
            let rest = (state.conversations[conversationId] ?? 0) & ~(1 << UInt64(loop))
            state.conversations[conversationId] = rest == 0 ? nil : rest
            if rest == 0 { link?.leave(conversationId) }
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
