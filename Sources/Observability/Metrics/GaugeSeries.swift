import Metrics

/// A value that goes up and down.
final class GaugeSeries: Series, MeterHandler, RecorderHandler {
    let place: SeriesPlace
    private let number = AtomicDouble()

    init(_ place: SeriesPlace) { self.place = place }

    func set(_ value: Int64) { number.set(Double(value)) }
    func set(_ value: Double) { number.set(value) }
    func record(_ value: Int64) { number.set(Double(value)) }
    func record(_ value: Double) { number.set(value) }

    /// As swift-metrics' own meter does it: steps are above zero, whatever their direction.
    func increment(by amount: Double) {
        if amount.isFinite, amount > 0 { number.add(amount) }
    }

    func decrement(by amount: Double) {
        if amount.isFinite, amount > 0 { number.add(-amount) }
    }

    func write(to text: inout ExpositionText) {
        text.sample(place.family, labels: place.labels, number.value)
    }
}
