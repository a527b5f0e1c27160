import Logging
import ServiceLifecycle
import Storage

/// Keeps the figures up with the event log, on one node of the cluster at a time.
struct StatisticsUpkeep: Service {
    /// Between two looks: how far the figures lag behind what happens, at most and with the sequencer's own interval.
    static let interval = Duration.seconds(1)
    /// How long a node that died keeps the others from going on in its place.
    static let leaseSeconds: Int64 = 5

    let store: ChatStore
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown { await work() }
        guard store.isShared else { return }
        do {
            try await store.write { try $0.releaseLease(.statistics) }
        } catch {
            logger.warning("the lease of the statistics was left to run out", metadata: ["error": "\(error)"])
        }
    }

    private func work() async {
        let clock = ContinuousClock()
        let keeper = StatisticsKeeper(store)
        while !Task.isCancelled {
            do {
                // The lease saves work alone: two that count at once count once.
                if try await isOurs() {
                    let renewal = clock.now + Self.interval
                    while !Task.isCancelled, clock.now < renewal, try await keeper.advance() {}
                    // A long way to go leaves no time to sleep, but the lease is renewed.
                    if clock.now >= renewal { continue }
                }
            } catch {
                logger.warning("the statistics could not be kept up", metadata: ["error": "\(error)"])
            }
            try? await clock.sleep(for: Self.interval)
        }
    }

    private func isOurs() async throws -> Bool {
        guard store.isShared else { return true }
        return try await store.write(run: { try $0.takeLease(.statistics, seconds: Self.leaseSeconds) }) != nil
    }
}
