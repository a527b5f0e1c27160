import Assistant
import Domain
import Logging
import ServiceLifecycle
import Storage

/// Keeps what this node learns of how far estimates of tokens are off, so that it need not learn it anew after a restart.
struct CalibrationUpkeep: Service {
    /// Between two saves, at most one write. What is lost when the process dies is learnt again from the next replies.
    static let interval = Duration.seconds(60)

    let calibrations: TokenCalibrations
    let store: ChatStore
    let logger: Logger

    func run() async throws {
        let loaded = await load()
        let saved = await cancelWhenGracefulShutdown {
            var saved = loaded
            while (try? await ContinuousClock().sleep(for: Self.interval)) != nil { saved = await save(since: saved) }
            return saved
        }
        _ = await save(since: saved)
    }

    private func load() async -> [TokenCalibration] {
        do {
            let kept = try await store.read { try $0.tokenCalibrations() }
            calibrations.restore(kept)
            return kept
        } catch {
            logger.warning("what is known of the models' tokens could not be read", metadata: ["error": "\(error)"])
            return []
        }
    }

    /// - Returns: what is kept now.
    private func save(since saved: [TokenCalibration]) async -> [TokenCalibration] {
        let known = calibrations.snapshot()
        let changed = known.filter { new in
            !saved.contains {
                ($0.provider, $0.model) == (new.provider, new.model) && $0.thousandths == new.thousandths
            }
        }
        guard !changed.isEmpty else { return saved }
        do {
            try await store.write { try $0.keep(changed) }
            return known
        } catch {
            logger.warning("what is known of the models' tokens could not be kept", metadata: ["error": "\(error)"])
            return saved
        }
    }
}
