import Assistant
import Logging
import ServiceLifecycle
import Storage

/// What has to be done from time to time: replies of dead nodes, ended sessions, ended snoozes.
struct Sweeps: Service {
    /// How often is looked. A lease of 12 s and a look each second: another takes over within 16 s.
    static let interval = Duration.seconds(1)
    /// Rows of one sweep.
    static let limit = 500

    let store: ChatStore
    let runtime: AssistantRuntime
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try await ContinuousClock().sleep(for: Self.interval)
                await runtime.takeOver()
                await sweep()
            }
        }
    }

    private func sweep() async {
        do {
            guard try await store.read({ try $0.hasSweepWork() }) else { return }
            try await store.write { transaction in
                _ = try transaction.sweepSessions(limit: Self.limit)
                _ = try transaction.wakeSnoozedConversations(limit: Self.limit)
            }
        } catch {
            logger.warning("a sweep failed", metadata: ["error": "\(error)"])
        }
    }
}
