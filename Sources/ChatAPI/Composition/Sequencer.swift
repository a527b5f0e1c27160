import Logging
import ServiceLifecycle
import Storage

/// Gives committed events their place in the feed, on one node of the cluster at a time.
struct Sequencer: Service {
    /// Between two looks. With the feed's own polling it keeps delivery without the bus under a second.
    static let interval = Duration.milliseconds(100)
    /// How long a node that died keeps the others from going on in its place.
    static let leaseSeconds: Int64 = 5
    /// Between two renewals, or two tries to get it.
    static let renewal = Duration.seconds(1)
    /// Events of one transaction.
    static let limit = 512

    let store: ChatStore
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown { await work() }
        do {
            try await store.write { try $0.releaseLease(.sequencer) }
        } catch {
            logger.warning("the sequencer's lease was left to run out", metadata: ["error": "\(error)"])
        }
    }

    private func work() async {
        let clock = ContinuousClock()
        var generation: Int64?
        var renewAt = clock.now
        while !Task.isCancelled {
            do {
                if clock.now >= renewAt {
                    let held = try await store.write { try $0.takeLease(.sequencer, seconds: Self.leaseSeconds) }
                    if let held, generation == nil {
                        logger.info("stamping the feed", metadata: ["generation": "\(held)"])
                    }
                    generation = held
                    renewAt = clock.now + Self.renewal
                }
                if let generation { try await stamp(generation) }
            } catch {
                logger.warning("the feed could not be stamped", metadata: ["error": "\(error)"])
                generation = nil
                renewAt = clock.now
                try? await clock.sleep(for: Self.renewal)
            }
            try? await clock.sleep(for: generation == nil ? Self.renewal : Self.interval)
        }
    }

    private func stamp(_ generation: Int64) async throws {
        guard try await store.read({ try $0.hasUnstampedEvents() }) else { return }
        while try await store.write(run: { try $0.stampFeed(generation: generation, limit: Self.limit) }) == Self.limit
        {}
    }
}
