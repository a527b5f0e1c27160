/// How a prompt's room is divided.
struct PromptBudget: Sendable, Equatable {
    /// Tokens that stay free, against the error of the estimate.
    static let reserve = 256
    /// A context smaller than this holds no conversation; it is treated as this large and the provider's error tells.
    static let smallest = 512
    /// Most of the room that the sources may take.
    static let knowledgeShare = 0.3
    /// Most that the conversation may take, its summary included. Fixed, whatever the question needs, so that the window on
    /// it stays where it is from one reply to the next.
    static let historyShare = 0.5
    /// Most of the history's share that the summary may take.
    static let summaryShare = 0.3
    /// Most that may be said of what a colleague said meanwhile.
    static let interludeShare = 0.1
    /// Most of what sources and interlude leave that the question may take.
    static let questionShare = 0.6
    /// Calibrations are rounded up to multiples of this: they change a little with every reply, and with them the window would.
    static let calibrationStep = 0.1

    /// Tokens, as we estimate them, for everything but the rules, the tools and the answer.
    let room: Int

    /// - Parameter fixed: tokens of the rules and the tools.
    init(contextTokens: Int, calibration: Double, output: Int, fixed: Int) {
        let step = Self.calibrationStep
        let factor = calibration.isFinite ? max((calibration / step).rounded(.up) * step, step) : 1
        let whole = Int((Double(max(contextTokens, 0)) / factor).rounded(.down))
        room = max(whole - max(output, 0) - max(fixed, 0) - TokenEstimate.perRequest - Self.reserve, Self.smallest)
    }

    var knowledge: Int { Int(Double(room) * Self.knowledgeShare) }
    var history: Int { Int(Double(room) * Self.historyShare) }
    var summary: Int { Int(Double(history) * Self.summaryShare) }
    var interlude: Int { Int(Double(room) * Self.interludeShare) }
}
