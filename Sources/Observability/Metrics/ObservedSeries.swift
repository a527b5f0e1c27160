/// A value that is known elsewhere and asked for at each scrape.
final class ObservedSeries: Series {
    let place: SeriesPlace
    private let read: @Sendable () -> Double?

    init(_ place: SeriesPlace, _ read: @escaping @Sendable () -> Double?) {
        self.place = place
        self.read = read
    }

    func write(to text: inout ExpositionText) {
        if let value = read() { text.sample(place.family, labels: place.labels, value) }
    }
}
