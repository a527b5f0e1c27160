/// Counters that all nodes add to. What they hold is worth little, and may be lost at any time.
public protocol SharedCounters: Sendable {
    /// Adds, and tells what all nodes together have added.
    ///
    /// - Parameter completion: called once, with one answer for each addition, in order; nil where it is not known, and
    ///   then the addition may or may not have been made.
    func add(_ additions: [CounterAddition], completion: @escaping @Sendable ([CounterTotals?]) -> Void)
}

/// An addition to one counter.
public struct CounterAddition: Sendable, Equatable {
    public var key: String
    public var amount: Int64
    /// Milliseconds after which the counter is forgotten, from its first addition.
    public var lifetime: Int64
    /// A counter that is only to be read.
    public var alsoRead: String?

    public init(key: String, amount: Int64, lifetime: Int64, alsoRead: String? = nil) {
        self.key = key
        self.amount = amount
        self.lifetime = lifetime
        self.alsoRead = alsoRead
    }
}

/// What a counter holds after an addition.
public struct CounterTotals: Sendable, Equatable {
    public var total: Int64
    /// Of the counter that was only read; 0 when there is none.
    public var alsoRead: Int64

    public init(total: Int64, alsoRead: Int64 = 0) {
        self.total = total
        self.alsoRead = alsoRead
    }
}
