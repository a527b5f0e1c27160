import Logging
import Synchronization

/// Every family and its series. The same name and labels always give the same series.
final class MetricRegistry: Sendable {
    private struct State {
        var families: [String: MetricFamily] = [:]
        /// Names of samples, and the families that they belong to: a histogram has four.
        var samples: [String: String] = [:]
        /// What was complained about.
        var complaints: Set<String> = []
    }

    private let descriptions: [String: FamilyDescription]
    private let limits: MetricLimits
    private let logger: Logger
    private let state = Mutex(State())

    init(describing descriptions: [FamilyDescription], limits: MetricLimits, logger: Logger) {
        self.descriptions = Dictionary(descriptions.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        self.limits = limits
        self.logger = logger
    }

    /// The series of these labels, made when it is new.
    /// - Returns: nil when it contradicts what is there. The log says so, once.
    func series<Wanted: Series>(
        _ label: String, _ dimensions: [(String, String)], unit: String = "", _ kind: MetricKind,
        make: (SeriesPlace, HistogramBuckets) -> Wanted
    ) -> Wanted? {
        let name = MetricName.exposed(label, unit: unit, kind: kind)
        do throws(MetricConflict) {
            let labels = try SeriesLabels(dimensions)
            let (series, isFull) = try state.withLock { state throws(MetricConflict) in
                let family = try open(name, label, kind, labels, in: &state)
                if let series = family.series[labels.text] {
                    guard let series = series as? Wanted else { throw .handler }
                    return (series, false)
                }
                if family.series.count >= limits.seriesPerFamily {
                    if let overflow = family.overflow {
                        guard let overflow = overflow as? Wanted else { throw .handler }
                        return (overflow, false)
                    }
                    let place = SeriesPlace(family: name, labels: SeriesLabels.overflow.text)
                    let overflow = make(place, family.buckets)
                    state.families[name]?.overflow = overflow
                    return (overflow, true)
                }
                let series = make(SeriesPlace(family: name, labels: labels.text), family.buckets)
                state.families[name]?.series[labels.text] = series
                return (series, false)
            }
            if isFull { complain(name, "a metric has too many label sets; the rest is counted together") }
            return series
        } catch {
            complain(name, "a metric is not counted: \(error)")
            return nil
        }
    }

    /// Forgets a series. That of last resort stays: it is many.
    func remove(_ series: any Series) {
        let place = series.place
        state.withLock { state in
            guard state.families[place.family]?.series[place.labels] === series else { return }
            state.families[place.family]?.series[place.labels] = nil
            guard let family = state.families[place.family], family.isEmpty else { return }
            state.families[place.family] = nil
            for sample in family.kind.sampleNames(of: place.family) { state.samples[sample] = nil }
        }
    }

    /// Everything as text. Values are read outside the lock: what is asked for them may take its time.
    func exposition() -> [UInt8] {
        let families = state.withLock { $0.families }
        var text = ExpositionText()
        for (_, family) in families.sorted(by: { $0.key < $1.key }) { family.write(to: &text) }
        return text.bytes
    }

    private func open(
        _ name: String, _ label: String, _ kind: MetricKind, _ labels: SeriesLabels, in state: inout State
    ) throws(MetricConflict) -> MetricFamily {
        if let family = state.families[name] {
            guard family.kind == kind else { throw .kind(kind, before: family.kind) }
            guard family.labelNames == labels.names else {
                throw .labelNames(labels.names, before: family.labelNames)
            }
            return family
        }
        guard state.families.count < limits.families else { throw .tooManyFamilies }
        let samples = kind.sampleNames(of: name)
        for sample in samples {
            if let other = state.samples[sample] { throw .sampleName(of: other) }
        }
        let description = descriptions[name]
        let family = MetricFamily(
            name: name, help: description?.help ?? "\(kind.rawValue) \(MetricName.shortened(label))", kind: kind,
            labelNames: labels.names, buckets: description?.buckets ?? .standard)
        state.families[name] = family
        for sample in samples { state.samples[sample] = name }
        return family
    }

    private func complain(_ name: String, _ sentence: String) {
        let isNew = state.withLock { state in
            state.complaints.count < MetricLimits.complaints && state.complaints.insert("\(name) \(sentence)").inserted
        }
        if isNew { logger.warning("\(sentence)", metadata: ["metric": "\(name)"]) }
    }
}
