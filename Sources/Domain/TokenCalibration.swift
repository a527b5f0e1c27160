/// How far estimates of tokens are off for one model of one provider: a moving average of real tokens per estimated one.
/// Pure.
///
/// The numbers are design choices: ratios beyond 0.6…1.8 are faults of the endpoint (a server that cuts prompts silently
/// reports only what it kept) and not of the estimate.
public struct TokenCalibration: Sendable, Equatable {
    public static let bounds = 0.6...1.8
    /// Share of the newest sample in the average: the last ten or so count.
    static let weight = 0.2
    /// Above the average, because half of all prompts are.
    static let margin = 1.05
    /// What the factor grows by when a prompt did not fit.
    public static let overflow = 1.2
    /// Estimated tokens below which a prompt says more of the model's fixed costs than of its words.
    static let smallestSample = 100

    public let provider: String
    public let model: String
    /// Real tokens per estimated one, within ``bounds``.
    public private(set) var factor: Double
    /// Prompts that it was learnt from. Does not overflow: it stays at ``maximumSamples``.
    public private(set) var samples: Int

    static let maximumSamples = 1_000_000_000

    /// - Parameters:
    ///   - factor: is brought within ``bounds``; anything that is no number is 1.
    ///   - samples: 0 while nothing is known.
    public init(provider: String, model: String, factor: Double = 1, samples: Int = 0) {
        self.provider = provider
        self.model = model
        self.factor = factor.isFinite ? Self.clamped(factor) : 1
        self.samples = min(max(samples, 0), Self.maximumSamples)
    }

    /// Models that are kept. Those of the configuration are three or four; the others are past ones.
    public static let maximumKept = 64

    /// As it is kept: ``factor`` in thousandths.
    public init(provider: String, model: String, thousandths: Int64, samples: Int64) {
        self.init(
            provider: provider, model: model, factor: Double(thousandths) / 1000,
            samples: Int(clamping: samples))
    }

    public var thousandths: Int64 { Int64((factor * 1000).rounded()) }

    /// What an estimate is multiplied with.
    public var multiplier: Double { samples == 0 ? 1 : factor * Self.margin }

    /// Learns from what a prompt has cost.
    public mutating func observe(real: Int, estimated: Int) {
        guard estimated >= Self.smallestSample, real > 0 else { return }
        let sample = Self.clamped(Double(real) / Double(estimated))
        factor = samples == 0 ? sample : Self.clamped(factor + Self.weight * (sample - factor))
        count()
    }

    /// Learns from a prompt that was too long though it was estimated to fit.
    public mutating func overflowed() {
        factor = Self.clamped(factor * Self.overflow)
        count()
    }

    private mutating func count() {
        samples = min(samples + 1, Self.maximumSamples)
    }

    private static func clamped(_ factor: Double) -> Double {
        min(max(factor, bounds.lowerBound), bounds.upperBound)
    }
}
