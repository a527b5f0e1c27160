/// Every word of the articles' languages with spaces, for finding what a mistyped word was meant to be.
struct WordList: Sendable {
    /// The words of one length.
    private struct Shelf: Sendable {
        var letters: [UInt8] = []
        /// Which of the 26 letters a word has: one comparison rules out nearly every word.
        var masks: [UInt32] = []
        /// Row of the word's stem in the index.
        var rows: [UInt32] = []
    }

    /// By length, from the shortest on.
    private var shelves = [Shelf](repeating: Shelf(), count: lengths.count)

    /// Shorter words have too many neighbours, longer ones are identifiers.
    static let lengths = 4...20

    mutating func add(_ word: ArraySlice<UInt32>, row: UInt32) {
        guard Self.lengths.contains(word.count), word.allSatisfy({ $0 >= 0x61 && $0 <= 0x7A }) else { return }
        let shelf = word.count - Self.lengths.lowerBound
        shelves[shelf].letters.append(contentsOf: word.lazy.map { UInt8(truncatingIfNeeded: $0) })
        shelves[shelf].masks.append(Self.mask(word))
        shelves[shelf].rows.append(row)
    }

    /// Rows of the words nearest to `word`, all at the same distance: one slip of the finger, two in words of eight letters
    /// and more. Words of four letters only forgive two swapped letters, and the first letter must stand unless it was one
    /// of the two swapped, because "rust" is not a misspelt "trust".
    func rows(near word: [UInt32]) -> Set<UInt32> {
        guard Self.lengths.contains(word.count), word.allSatisfy({ $0 >= 0x61 && $0 <= 0x7A }) else { return [] }
        let typed = word.map { UInt8(truncatingIfNeeded: $0) }
        let mask = Self.mask(word[...])
        var allowed = word.count >= 8 ? 2 : 1
        var found: Set<UInt32> = []
        for length in (word.count - allowed)...(word.count + allowed) where Self.lengths.contains(length) {
            let shelf = shelves[length - Self.lengths.lowerBound]
            for number in shelf.masks.indices where (shelf.masks[number] ^ mask).nonzeroBitCount <= 2 * allowed {
                let known = shelf.letters[(number * length)..<((number + 1) * length)]
                guard Self.plausible(typed, known) else { continue }
                let distance = Self.distance(typed, Array(known))
                guard distance <= allowed, distance > 0 else { continue }
                if distance < allowed {
                    found = []
                    allowed = distance
                }
                found.insert(shelf.rows[number])
            }
        }
        return found
    }

    static func plausible(_ typed: [UInt8], _ known: ArraySlice<UInt8>) -> Bool {
        let isShort = typed.count <= 4 || known.count <= 4
        if !isShort, typed.first == known.first { return true }
        return typed.count == known.count && typed.sorted() == known.sorted()
    }

    private static func mask(_ word: ArraySlice<UInt32>) -> UInt32 {
        word.reduce(0) { $0 | 1 << (($1 &- 0x61) & 31) }
    }

    /// Optimal string alignment: insertions, deletions, substitutions, and swaps of neighbours.
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        if left.isEmpty || right.isEmpty { return max(left.count, right.count) }
        var beforeLast = [Int](repeating: 0, count: right.count + 1)
        var last = Array(0...right.count)
        for i in 1...left.count {
            var row = [Int](repeating: i, count: right.count + 1)
            for j in 1...right.count {
                let cost = left[i - 1] == right[j - 1] ? 0 : 1
                row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + cost)
                if i > 1, j > 1, left[i - 1] == right[j - 2], left[i - 2] == right[j - 1] {
                    row[j] = min(row[j], beforeLast[j - 2] + 1)
                }
            }
            beforeLast = last
            last = row
        }
        return last[right.count]
    }
}
