public import Domain
import Synchronization

/// What this node has learnt of how far its estimates of tokens are off, by provider and model.
public final class TokenCalibrations: Sendable {
    private struct Key: Hashable {
        var provider: String
        var model: String
    }

    private let known = Mutex<[Key: TokenCalibration]>([:])

    public init() {}

    /// Real tokens per estimated one, with its margin; 1 as long as nothing is known, because the estimate is rounded up.
    func multiplier(provider: String, model: String) -> Double {
        known.withLock { $0[Key(provider: provider, model: model)]?.multiplier ?? 1 }
    }

    /// Notes what a prompt has cost.
    func observe(provider: String, model: String, real: Int, estimated: Int) {
        change(provider, model) { $0.observe(real: real, estimated: estimated) }
    }

    /// Notes that a prompt was too long though it was estimated to fit.
    func overflowed(provider: String, model: String) {
        change(provider, model) { $0.overflowed() }
    }

    private func change(_ provider: String, _ model: String, _ change: (inout TokenCalibration) -> Void) {
        known.withLock { known in
            let key = Key(provider: provider, model: model)
            guard known[key] != nil || known.count < TokenCalibration.maximumKept else { return }
            change(&known[key, default: TokenCalibration(provider: provider, model: model)])
        }
    }

    /// What is known, in the order of the names.
    public func snapshot() -> [TokenCalibration] {
        known.withLock { $0.values.filter { $0.samples > 0 } }
            .sorted { ($0.provider, $0.model) < ($1.provider, $1.model) }
    }

    /// Takes over what was known before the start. What has been learnt since is newer and stays.
    public func restore(_ calibrations: [TokenCalibration]) {
        known.withLock { known in
            for calibration in calibrations.prefix(TokenCalibration.maximumKept) {
                let key = Key(provider: calibration.provider, model: calibration.model)
                if known[key] == nil { known[key] = calibration }
            }
        }
    }
}
