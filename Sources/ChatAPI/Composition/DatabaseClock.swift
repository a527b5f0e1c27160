import Domain
import Logging
import ServiceLifecycle
import Synchronization

/// The clock of a cluster: the database server's, as this node last read it, carried on by its own.
///
/// Leases, sessions and tokens of all nodes are compared with each other, so all go by one clock; what that is wrong by
/// matters less than that it is the same for all. Nodes agree within the time that a question to the database takes.
final class DatabaseClock: WallClock {
    /// An answer that took longer than this says less than what was known before.
    static let longestQuestionMilliseconds: Int64 = 500

    private let base: any WallClock
    private let isSet = Atomic(false)
    private let offsetMilliseconds = Atomic<Int64>(0)

    init(base: any WallClock = SystemClock()) {
        self.base = base
    }

    func now() -> Timestamp {
        base.now().adding(milliseconds: offsetMilliseconds.load(ordering: .relaxed))
    }

    /// Asks the server for its time and goes by it from now on.
    /// - Parameter ask: milliseconds since 1970 UTC by the server's clock.
    /// - Returns: by how much this node's own clock is behind, in milliseconds.
    @discardableResult
    func set(by ask: () async throws -> Int64) async throws -> Int64 {
        let before = base.now().milliseconds
        let server = try await ask()
        let after = base.now().milliseconds
        // The answer is from between the two.
        let offset = server - (before + (after - before) / 2)
        let isFirst = !isSet.exchange(true, ordering: .relaxed)
        guard isFirst || after - before <= Self.longestQuestionMilliseconds else { return offset }
        offsetMilliseconds.store(offset, ordering: .relaxed)
        return offset
    }
}

/// Keeps a ``DatabaseClock`` right while the clocks drift apart.
struct ClockKeeper: Service {
    /// Clocks of computers drift by some milliseconds in this time.
    static let interval = Duration.seconds(10)
    /// A difference that an operator should know of: tokens and logs of other systems show it.
    static let notableMilliseconds: Int64 = 1_000

    let clock: DatabaseClock
    let ask: @Sendable () async throws -> Int64
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var hasWarned = false
            while !Task.isCancelled {
                try await ContinuousClock().sleep(for: Self.interval)
                guard let offset = try? await clock.set(by: ask) else { continue }
                let isNotable = abs(offset) >= Self.notableMilliseconds
                if isNotable, !hasWarned {
                    logger.warning(
                        "this machine's clock is not the database's; the database's counts",
                        metadata: ["behind_by_milliseconds": "\(offset)"])
                }
                hasWarned = isNotable
            }
        }
    }
}
