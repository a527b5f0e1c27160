/// The best few of many, kept while they stream by. Equal scores keep the order of arrival.
struct Best {
    struct Entry {
        var number: Int
        var score: Double
    }

    private let limit: Int
    private(set) var ranked: [Entry] = []

    init(limit: Int) {
        self.limit = limit
        ranked.reserveCapacity(limit)
    }

    mutating func offer(_ number: Int, score: Double) {
        if ranked.count == limit {
            guard let last = ranked.last, score > last.score else { return }
            ranked.removeLast()
        }
        let place = ranked.lastIndex { $0.score >= score }.map { $0 + 1 } ?? 0
        ranked.insert(Entry(number: number, score: score), at: place)
    }
}
