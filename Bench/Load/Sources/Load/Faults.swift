/// What voids a figure: all are counted, the first ten are told whole.
struct Faults {
    /// As many as help to find the cause.
    static let told = 10

    private(set) var count = 0
    private(set) var first: [String] = []

    mutating func add(_ fault: @autoclosure () -> String) {
        count += 1
        if first.count < Self.told {
            first.append(fault())
        }
    }

    /// What is answered: the first ones, and how many more there were.
    var list: [String] {
        count > first.count ? first + ["and \(count - first.count) more"] : first
    }
}

/// A command that cannot be carried out: it is answered with `{"error":…}`.
struct Refused: Error {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}
