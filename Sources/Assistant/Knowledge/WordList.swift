/// Every word of the articles' languages with spaces, for finding what a mistyped word was meant to be.
struct WordList: Sendable, Equatable {
    /// The words of one length, in order.
    private struct Shelf: Sendable, Equatable {
        var letters: [UInt8] = []
        /// Which of the 26 letters a word has: one comparison rules out nearly every word.
        var masks: [UInt32] = []
        /// Keys of the words' stems in the index.
        var stems: [UInt64] = []
        /// How many articles hold the word.
        var counts: [Int32] = []

        mutating func add(_ word: some Collection<UInt8>, count: Int32, stem: UInt64) {
            letters.append(contentsOf: word)
            masks.append(WordList.mask(word))
            stems.append(stem)
            counts.append(count)
        }
    }

    /// By length, from the shortest on.
    private var shelves = [Shelf](repeating: Shelf(), count: lengths.count)

    /// Shorter words have too many neighbours, longer ones are identifiers.
    static let lengths = 4...20

    init() {}

    /// A list of its own, of words of grammar as well.
    init(of words: some Sequence<String>) {
        for word in words.map({ Array($0.utf8) }).sorted(by: { $0.lexicographicallyPrecedes($1) })
        where Self.holds(word) {
            shelves[word.count - Self.lengths.lowerBound].add(word, count: 1, stem: 0)
        }
    }

    /// Whether `word` is one that a list holds: letters a–z, of a length in ``lengths``.
    static func holds(_ word: some Collection<UInt8>) -> Bool {
        lengths.contains(word.count) && word.allSatisfy { $0 >= 0x61 && $0 <= 0x7A }
    }

    /// The list with other counts.
    /// - Parameter changes: by how many more or fewer articles hold a word. Words of grammar are left out.
    func changed(by changes: [ArraySlice<UInt8>: Int32]) -> WordList {
        var byLength = [[(word: ArraySlice<UInt8>, change: Int32)]](repeating: [], count: Self.lengths.count)
        for (word, change) in changes where change != 0 && Self.holds(word) {
            byLength[word.count - Self.lengths.lowerBound].append((word, change))
        }
        var list = self
        for (number, changes) in byLength.enumerated() where !changes.isEmpty {
            list.shelves[number] = Self.merged(
                shelves[number], length: number + Self.lengths.lowerBound,
                changes.sorted { $0.word.lexicographicallyPrecedes($1.word) })
        }
        return list
    }

    private static func merged(
        _ shelf: Shelf, length: Int, _ changes: [(word: ArraySlice<UInt8>, change: Int32)]
    ) -> Shelf {
        var merged = Shelf()
        var changes = changes[...]
        func addNew(_ word: ArraySlice<UInt8>, _ count: Int32) {
            let scalars = word.map { UInt32($0) }
            guard count > 0, !EnglishWords.isFunctionWord(scalars[...]) else { return }
            merged.add(word, count: count, stem: Term.word(EnglishWords.stem(scalars[...])).key)
        }
        for number in shelf.masks.indices {
            let word = shelf.letters[(number * length)..<((number + 1) * length)]
            while let first = changes.first, first.word.lexicographicallyPrecedes(word) {
                addNew(first.word, first.change)
                changes = changes.dropFirst()
            }
            var count = shelf.counts[number]
            if let first = changes.first, first.word.elementsEqual(word) {
                count += first.change
                changes = changes.dropFirst()
            }
            if count > 0 { merged.add(word, count: count, stem: shelf.stems[number]) }
        }
        for (word, change) in changes { addNew(word, change) }
        return merged
    }

    /// Keys of the stems of the words nearest to `word`, all at the same distance, ascending: one slip of the finger, two in
    /// words of eight letters and more. Words of four letters only forgive two swapped letters, and the first letter must
    /// stand unless it was one of the two swapped, because "rust" is not a misspelt "trust".
    func stems(near word: [UInt32]) -> [UInt64] {
        let typed = word.map { UInt8(clamping: $0) }
        guard Self.holds(typed) else { return [] }
        let mask = Self.mask(typed)
        var allowed = typed.count >= 8 ? 2 : 1
        var found: Set<UInt64> = []
        for length in (typed.count - allowed)...(typed.count + allowed) where Self.lengths.contains(length) {
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
                found.insert(shelf.stems[number])
            }
        }
        return found.sorted()
    }

    static func plausible(_ typed: [UInt8], _ known: ArraySlice<UInt8>) -> Bool {
        let isShort = typed.count <= 4 || known.count <= 4
        if !isShort, typed.first == known.first { return true }
        return typed.count == known.count && typed.sorted() == known.sorted()
    }

    private static func mask(_ word: some Collection<UInt8>) -> UInt32 {
        word.reduce(0) { $0 | 1 << UInt32(($1 &- 0x61) & 31) }
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
