import Metrics

/// Counts whole steps and, for floating-point counters, parts of them.
final class CounterSeries: Series, CounterHandler, FloatingPointCounterHandler {
    let place: SeriesPlace
    private let steps = AtomicCount()
    private let fractions = AtomicDouble()

    init(_ place: SeriesPlace) { self.place = place }

    /// A counter does not fall: amounts below zero are ignored.
    func increment(by amount: Int64) {
        if amount > 0 { steps.add(UInt64(amount)) }
    }

    func increment(by amount: Double) {
        if amount.isFinite, amount > 0 { fractions.add(amount) }
    }

    func reset() {
        steps.reset()
        fractions.set(0)
    }

    func write(to text: inout ExpositionText) {
        let fraction = fractions.value
        if fraction == 0 {
            text.sample(place.family, labels: place.labels, steps.value)
        } else {
            text.sample(place.family, labels: place.labels, Double(steps.value) + fraction)
        }
    }
}
