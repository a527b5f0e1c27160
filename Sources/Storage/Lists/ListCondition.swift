/// Conditions of a query with their arguments, in order.
struct ListConditions {
    private(set) var conditions: [String] = []
    private(set) var arguments: [SQLValue] = []

    mutating func add(_ condition: String, _ values: SQLValue...) {
        conditions.append(condition)
        arguments += values
    }

    mutating func add(_ other: ListConditions) {
        conditions += other.conditions
        arguments += other.arguments
    }

    /// Joined by AND; true when there are none.
    var sql: String { conditions.isEmpty ? "1 = 1" : conditions.joined(separator: " AND ") }

    var isEmpty: Bool { conditions.isEmpty }
}

/// Places for arguments.
enum SQLPlaces {
    /// Lengths of lists in statements: statements are prepared by text, so a list is filled up to one of few lengths.
    static let lengths = [1, 4, 16, 64]
    static let longest = 64

    static func list(_ count: Int) -> String { Array(repeating: "?", count: count).joined(separator: ", ") }

    /// Calls `work` with places and arguments of up to ``longest`` keys at a time, until it returns false.
    static func each(_ keys: [Int64], _ work: (String, [SQLValue]) throws -> Bool) rethrows {
        var rest = keys[...]
        while let filler = rest.first {
            let some = rest.prefix(longest)
            rest = rest.dropFirst(some.count)
            let length = lengths.first { $0 >= some.count } ?? longest
            let padded = some + Array(repeating: filler, count: length - some.count)
            guard try work(list(length), padded.map { .integer($0) }) else { return }
        }
    }
}
