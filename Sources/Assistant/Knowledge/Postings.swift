/// An inverted index: for each key the numbers of what holds it, with how often.
///
/// Flat arrays in an order that only what they hold decides: keys ascending, numbers ascending, no key without a number. So
/// ten thousand articles take some tens of megabytes, a search touches memory in order, and one that was changed bit by bit
/// is the same as one made at once.
struct Postings: Sendable, Equatable {
    private(set) var keys: [UInt64] = []
    private var offsets: [Int] = [0]
    private var numbers: [UInt32] = []
    private var counts: [Count] = []

    /// Occurrences, at most 255 each: more does not change a ranking that saturates.
    struct Count: Sendable, Equatable {
        var inTitle: UInt8
        var inBody: UInt8

        static let one = Count(inTitle: 0, inBody: 1)
    }

    /// One key of one thing that is searched.
    struct Occurrence: Sendable, Equatable {
        var key: UInt64
        var count: Count
    }

    /// Where `key` stands in ``keys``, if at all.
    func row(of key: UInt64) -> UInt32? {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low < keys.count && keys[low] == key ? UInt32(low) : nil
    }

    /// How many numbers the key of `row` has, at least one.
    func count(of row: UInt32) -> Int { positions(of: row).count }

    /// Calls `body` with each number of `row`, ascending.
    func each(of row: UInt32, _ body: (Int, Count) -> Void) {
        for position in positions(of: row) { body(Int(numbers[position]), counts[position]) }
    }

    /// Whether the key of `row` stands in any title, heading or question.
    func isInTitle(_ row: UInt32) -> Bool {
        counts[positions(of: row)].contains { $0.inTitle > 0 }
    }

    /// How often `number` holds the key of `row`, nil for never.
    func count(of row: UInt32, in number: Int) -> Count? {
        let positions = positions(of: row)
        var low = positions.lowerBound
        var high = positions.upperBound
        while low < high {
            let middle = (low + high) / 2
            if numbers[middle] < UInt32(number) { low = middle + 1 } else { high = middle }
        }
        return low < positions.upperBound && numbers[low] == UInt32(number) ? counts[low] : nil
    }

    private func positions(of row: UInt32) -> Range<Int> {
        offsets[Int(row)]..<offsets[Int(row) + 1]
    }
}

extension Postings {
    /// - Parameter things: the occurrences in each, a key once; the thing's place is its number.
    init(of things: some Sequence<[Occurrence]>) {
        // Rows in order of appearance first: sorting only the keys that differ is much less than sorting all occurrences.
        var rows: [UInt64: UInt32] = [:]
        var perRow: [UInt32] = []
        var found: [(row: UInt32, number: UInt32, count: Count)] = []
        for (number, occurrences) in things.enumerated() {
            for occurrence in occurrences {
                let row = rows[occurrence.key] ?? UInt32(perRow.count)
                if Int(row) == perRow.count {
                    rows[occurrence.key] = row
                    perRow.append(0)
                }
                perRow[Int(row)] += 1
                found.append((row, UInt32(number), occurrence.count))
            }
        }
        let ordered = rows.sorted { $0.key < $1.key }
        keys = ordered.map(\.key)
        var next = [Int](repeating: 0, count: perRow.count)
        var total = 0
        offsets.reserveCapacity(keys.count + 1)
        for (_, row) in ordered {
            next[Int(row)] = total
            total += Int(perRow[Int(row)])
            offsets.append(total)
        }
        numbers = [UInt32](repeating: 0, count: total)
        counts = [Count](repeating: .one, count: total)
        for each in found {
            numbers[next[Int(each.row)]] = each.number
            counts[next[Int(each.row)]] = each.count
            next[Int(each.row)] += 1
        }
    }

    /// What stands for a number that is gone, in ``merged(renumbered:with:renumbered:)``.
    static let gone = UInt32.max

    /// These and `other` as one, without what is gone.
    ///
    /// - Parameters:
    ///   - own: the new number of each of these, ascending apart from ``gone``.
    ///   - theirs: the new number of each of the other's.
    func merged(renumbered own: [UInt32], with other: Postings, renumbered theirs: [UInt32]) -> Postings {
        var merged = Postings()
        merged.keys.reserveCapacity(keys.count + other.keys.count)
        merged.offsets.reserveCapacity(keys.count + other.keys.count + 1)
        merged.numbers.reserveCapacity(numbers.count + other.numbers.count)
        merged.counts.reserveCapacity(numbers.count + other.numbers.count)
        var left = 0
        var right = 0
        while left < keys.count || right < other.keys.count {
            let key = min(
                left < keys.count ? keys[left] : .max, right < other.keys.count ? other.keys[right] : .max)
            var mine = 0..<0
            var others = 0..<0
            if left < keys.count, keys[left] == key {
                mine = positions(of: UInt32(left))
                left += 1
            }
            if right < other.keys.count, other.keys[right] == key {
                others = other.positions(of: UInt32(right))
                right += 1
            }
            for position in mine {
                let number = own[Int(numbers[position])]
                if number == Self.gone { continue }
                while let first = others.first, theirs[Int(other.numbers[first])] < number {
                    merged.append(theirs[Int(other.numbers[first])], other.counts[first])
                    others = others.dropFirst()
                }
                merged.append(number, counts[position])
            }
            for position in others { merged.append(theirs[Int(other.numbers[position])], other.counts[position]) }
            merged.close(key)
        }
        return merged
    }

    private mutating func append(_ number: UInt32, _ count: Count) {
        numbers.append(number)
        counts.append(count)
    }

    /// Ends the row of `key`, unless nothing was appended to it.
    private mutating func close(_ key: UInt64) {
        guard numbers.count > offsets[keys.count] else { return }
        keys.append(key)
        offsets.append(numbers.count)
    }
}
