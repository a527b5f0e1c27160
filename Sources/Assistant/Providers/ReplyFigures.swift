import Metrics

/// What is measured of the providers' replies. Labels are names from the configuration and kinds, never texts or
/// identifiers.
struct ReplyFigures: Sendable {
    /// A provider whose failure means that somebody else is to be asked.
    struct Loss: Sendable {
        var provider: String
        var failure: ProviderFailure
        /// Text of it was shown.
        var wasVisible: Bool
    }

    /// How a call ended.
    private enum Outcome: String, CaseIterable {
        case ok, failed
        /// By us: the customer left, a human took over, the node stops.
        case cancelled
    }

    private enum Direction: String, CaseIterable {
        case input, output, cached, reasoning
    }

    fileprivate enum Phase: String, CaseIterable {
        case preToken = "pre_token"
        case midStream = "mid_stream"
    }

    /// In place of a provider's name, or of a failure's kind, where there is none.
    private static let none = "none"

    private let resets = Counter(label: "ai.resets")

    /// Shows every series from the start, at 0, so that the first failure of all is a rise and not a beginning.
    init(of providers: [any ReplyProvider]) {
        for (place, provider) in providers.enumerated() {
            let (name, model) = (provider.name, provider.model)
            Self.requests(name, model, .ok).increment(by: 0)
            Self.requests(name, model, .cancelled).increment(by: 0)
            for kind in ProviderFailure.Kind.allCases { Self.requests(name, model, .failed, kind).increment(by: 0) }
            for direction in Direction.allCases {
                Self.tokens(direction, name, model, isEstimated: false).increment(by: 0)
            }
            _ = Self.firstToken(name, model)
            _ = Self.duration(name, model)
            let following = providers.indices.contains(place + 1) ? providers[place + 1].name : Self.none
            for phase in Phase.allCases {
                for kind in ProviderFailure.Kind.allCases {
                    Self.failovers(from: name, to: following, phase, kind).increment(by: 0)
                }
            }
        }
    }

    /// A call that its provider ended, well or not.
    func ended(_ attempt: ProviderChain.Attempt) {
        let outcome = attempt.failure == nil ? Outcome.ok : .failed
        count(attempt, Self.requests(attempt.provider, attempt.model, outcome, attempt.failure?.kind))
    }

    /// A call that was ended by us.
    func cancelled(_ attempt: ProviderChain.Attempt) {
        count(attempt, Self.requests(attempt.provider, attempt.model, .cancelled))
    }

    private func count(_ attempt: ProviderChain.Attempt, _ requests: Counter) {
        let (name, model, usage) = (attempt.provider, attempt.model, attempt.usage)
        requests.increment()
        if let first = attempt.firstToken { Self.firstToken(name, model).record(duration: first) }
        Self.duration(name, model).record(duration: attempt.duration)
        for (direction, count) in [
            (Direction.input, usage.input), (.output, usage.output), (.cached, usage.cachedInput),
            (.reasoning, usage.reasoning),
        ] where count > 0 {
            Self.tokens(direction, name, model, isEstimated: usage.isEstimated).increment(by: count)
        }
    }

    /// Another provider is asked in the place of one that failed; the same one once more is no failover.
    func goesOn(after loss: Loss?, with provider: any ReplyProvider) {
        guard let loss, loss.provider != provider.name else { return }
        Self.failovers(from: loss.provider, to: provider.name, loss.phase, loss.failure.kind).increment()
    }

    /// Nobody else is asked.
    func gaveUp(_ loss: Loss?) {
        guard let loss else { return }
        Self.failovers(from: loss.provider, to: Self.none, loss.phase, loss.failure.kind).increment()
    }

    /// Visible text was taken back.
    func reset() { resets.increment() }

    // MARK: Series

    private static func requests(
        _ provider: String, _ model: String, _ outcome: Outcome, _ kind: ProviderFailure.Kind? = nil
    ) -> Counter {
        Counter(
            label: "ai.requests",
            dimensions: [
                ("provider", provider), ("model", model), ("outcome", outcome.rawValue),
                ("error_class", kind?.rawValue ?? none),
            ])
    }

    private static func firstToken(_ provider: String, _ model: String) -> Timer {
        Timer(label: "ai.ttft", dimensions: [("provider", provider), ("model", model)])
    }

    private static func duration(_ provider: String, _ model: String) -> Timer {
        Timer(label: "ai.request.duration", dimensions: [("provider", provider), ("model", model)])
    }

    private static func tokens(
        _ direction: Direction, _ provider: String, _ model: String, isEstimated: Bool
    ) -> Counter {
        Counter(
            label: "ai.tokens",
            dimensions: [
                ("direction", direction.rawValue), ("provider", provider), ("model", model),
                ("estimated", isEstimated ? "true" : "false"),
            ])
    }

    private static func failovers(
        from provider: String, to next: String, _ phase: Phase, _ kind: ProviderFailure.Kind
    ) -> Counter {
        Counter(
            label: "ai.failovers",
            dimensions: [("from", provider), ("to", next), ("phase", phase.rawValue), ("reason", kind.rawValue)])
    }
}

extension ReplyFigures.Loss {
    fileprivate var phase: ReplyFigures.Phase { wasVisible ? .midStream : .preToken }
}
