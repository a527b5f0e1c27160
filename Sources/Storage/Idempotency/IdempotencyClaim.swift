import Crypto
import Foundation
import Synchronization

/// The claim of a request on its `Idempotency-Key`.
///
/// While it is ``current``, the first command that goes through `ChatStore.write` writes the key's row in its own
/// transaction. The database lets one such row be, and so one such command, however many nodes are sent the request at
/// once: the others meet ``RepeatedRequest`` and change nothing. A command that is refused takes the row back with it.
public final class IdempotencyClaim: Sendable {
    /// The claim of the request that is being handled in this task.
    @TaskLocal public static var current: IdempotencyClaim?

    private struct State {
        var digest: [UInt8]
        var stage = Stage.open
    }

    private enum Stage {
        case open
        /// A command that carries the row is on its way.
        case writing
        /// The row is on disk, with what the command did.
        case held
        /// The request has been handled; what its tasks still do is not its command.
        case closed
    }

    public let key: IdempotencyKey
    private let state: Mutex<State>

    /// - Parameter requestDigest: of all that must be the same when the key comes again.
    public init(_ key: IdempotencyKey, requestDigest: [UInt8]) {
        self.key = key
        state = Mutex(State(digest: requestDigest))
    }

    /// Of all that must be the same when the key comes again.
    public var requestDigest: [UInt8] { state.withLock { $0.digest } }

    /// Adds to it what a handler has read itself, such as an upload's content. To be called before the first command.
    public func cover(_ digest: [UInt8]) {
        state.withLock { state in state.digest = Array(SHA256.hash(data: Data(state.digest + digest))) }
    }

    /// Ends the claim.
    /// - Returns: whether a command was carried out under it.
    public func close() -> Bool {
        state.withLock { state in
            let isHeld = state.stage == .held
            state.stage = .closed
            return isHeld
        }
    }

    /// - Returns: whether the command that begins now carries the row.
    func begin() -> Bool {
        state.withLock { state in
            guard state.stage == .open else { return false }
            state.stage = .writing
            return true
        }
    }

    func settle(isCommitted: Bool) {
        state.withLock { state in
            if state.stage == .writing { state.stage = isCommitted ? .held : .open }
        }
    }
}
