public import Domain
import Synchronization

/// What the making of one reply has come to: kept beside it, because a reply that is cancelled or fails has used tokens too
/// and is to be explained all the same.
public final class ReplyAccount: Sendable {
    private struct State {
        var draft: ReplyReceipt?
        var stopwatch: Stopwatch?
        var attempts: [ReplyReceipt.Attempt] = []
    }

    private let state = Mutex(State())

    public init() {}

    /// A prompt is about to be sent; of several the last one counts, with the attempts of all.
    func begin(_ prompt: ReplyPrompt, _ stopwatch: Stopwatch) {
        let draft = ReplyReceipt(prompt)
        state.withLock { state in
            state.draft = draft
            state.stopwatch = state.stopwatch ?? stopwatch
        }
    }

    func note(_ attempt: ReplyReceipt.Attempt) { state.withLock { $0.attempts.append(attempt) } }

    var attempts: [ReplyReceipt.Attempt] { state.withLock { $0.attempts } }

    /// Tokens that were used so far and are not booked yet.
    var usedTokens: Int {
        state.withLock { state in
            state.attempts.filter { !$0.isFree }.reduce(0) { $0 + $1.inputTokens + $1.outputTokens }
        }
    }

    /// - Parameters:
    ///   - cited: numbers of the sources that the reply cites.
    ///   - handoff: why a human takes over with the reply's end.
    /// - Returns: nil when there was not even a prompt.
    public func receipt(
        _ outcome: ReplyReceipt.Outcome, citing cited: [Int] = [], handoff: Handoff.Reason? = nil
    ) -> ReplyReceipt? {
        state.withLock { state in
            guard var receipt = state.draft else { return nil }
            for index in receipt.passages.indices {
                receipt.passages[index].isCited = cited.contains(receipt.passages[index].number)
            }
            receipt.attempts = state.attempts
            receipt.durationMilliseconds = state.stopwatch?.elapsed().wholeMilliseconds ?? 0
            receipt.outcome = outcome
            receipt.handoff = handoff
            return receipt
        }
    }
}
