/// One label set of a family, and what has been seen of it.
protocol Series: AnyObject, Sendable {
    var place: SeriesPlace { get }

    func write(to text: inout ExpositionText)
}

/// Where a series stands: its family, and which of it.
struct SeriesPlace: Sendable, Equatable {
    let family: String
    let labels: String
}
