/// The words of the rules that a model works under, ready to be compared with what it writes.
struct RuleWords: Sendable {
    let text: String
    fileprivate let words: [String]
    /// Where each word stands.
    fileprivate let places: [String: [Int]]

    init(_ text: String) {
        self.text = text
        var words: [String] = []
        var word = String.UnicodeScalarView()
        // Markers of ours never come through.
        let plain = [ReplyMarker.unknown, PromptText.humanAgentTag].reduce(text) { $0.replacing($1, with: " ") }
        for scalar in PromptText.clean(plain).unicodeScalars + ["\n"] {
            RuleGuard.advance(scalar, &word) { if !RuleGuard.isNumber($0) { words.append($0) } }
        }
        self.words = words
        places = Dictionary(grouping: words.indices, by: { words[$0] })
    }
}

/// Keeps the rules that a model works under to itself.
///
/// Compares words, whatever stands between them; numbers are passed over, because those of sources come and go. From a few words of the rules in a row on what follows is held back, so
/// that no more of them is ever shown; a dozen are no coincidence, and the reply ends there.
struct RuleGuard: Sendable {
    /// Weights: a word of letters, and a Chinese character.
    private static let word = 2
    private static let character = 1
    /// Twelve words or 24 Chinese characters are a quotation.
    static let quotation = 24
    /// Five words or ten characters may be shown before it is clear whether more follow.
    static let held = 10
    /// Words that may be put in between or left out without making it something else.
    private static let tolerated = 2

    private struct Run: Sendable {
        /// The token of the rules that would have to follow.
        var next: Int
        var weight: Int
        /// Words of the text that were none of the rules', and words of the rules that were missing.
        var deviations = 0
        /// Place in the text at which holding back began; nil while nothing is held.
        var hold: Int?
    }

    private let rules: RuleWords
    private(set) var hasLeaked = false
    private var runs: [Run] = []
    private var token = String.UnicodeScalarView()
    /// Scalars taken and not yet let through; the first stands at `offset` of the whole text.
    private var pending: [Unicode.Scalar] = []
    private var offset = 0

    /// For each word of the rules, the run that would go on there, while a word is followed.
    private var slots: [Int]

    /// - Parameter rules: what must not be quoted; nothing is held back when they are empty.
    init(_ rules: RuleWords) {
        self.rules = rules
        slots = Array(repeating: -1, count: rules.words.count + 1)
    }

    mutating func push(_ scalars: some Sequence<Unicode.Scalar>, isFinal: Bool) -> [Unicode.Scalar] {
        guard !rules.words.isEmpty else { return Array(scalars) }
        for scalar in scalars where !hasLeaked {
            pending.append(scalar)
            var ended: [String] = []
            Self.advance(scalar, &token) { ended.append($0) }
            // A Chinese character ends with itself, a word with the scalar behind it.
            for (index, word) in ended.enumerated() {
                let isItself = index == ended.count - 1 && token.isEmpty && Characters.isHan(scalar.value)
                follow(word, endsAt: offset + pending.count - (isItself ? 0 : 1))
            }
        }
        if isFinal, !hasLeaked, !token.isEmpty {
            follow(Self.folded(token), endsAt: offset + pending.count)
            token = String.UnicodeScalarView()
        }
        return release(isFinal: isFinal)
    }

    private mutating func release(isFinal: Bool) -> [Unicode.Scalar] {
        var end = offset + pending.count
        if !isFinal || hasLeaked, let hold = runs.compactMap(\.hold).min() { end = min(end, hold) }
        let count = max(0, end - offset)
        let output = Array(pending.prefix(count))
        pending.removeFirst(count)
        offset += count
        if hasLeaked { pending = [] }
        return output
    }

    private mutating func follow(_ word: String, endsAt place: Int) {
        guard !hasLeaked, !Self.isNumber(word) else { return }
        let weight = word.unicodeScalars.first.map { Characters.isHan($0.value) } == true ? Self.character : Self.word
        var following: [Run] = []
        func keep(_ run: Run) {
            let slot = slots[run.next]
            guard slot >= 0 else {
                slots[run.next] = following.count
                return following.append(run)
            }
            // The heavier one is nearer to a quotation. What is held stays held.
            let other = following[slot]
            if (run.weight, -run.deviations) > (other.weight, -other.deviations) { following[slot] = run }
            following[slot].hold = [run.hold, other.hold].compactMap { $0 }.min()
        }
        let places = rules.places[word] ?? []
        for var run in runs {
            let last = run.next + Self.tolerated - run.deviations
            if let found = places.first(where: { $0 >= run.next }), found <= last {
                run.deviations += found - run.next
                run.next = found + 1
                run.weight += weight
                keep(run)
            } else if run.deviations < Self.tolerated {
                run.deviations += 1
                keep(run)
            }
        }
        for index in places { keep(Run(next: index + 1, weight: weight, hold: nil)) }
        for run in following { slots[run.next] = -1 }
        runs = following
        for index in runs.indices where runs[index].weight >= Self.held && runs[index].hold == nil {
            runs[index].hold = place
        }
        hasLeaked = runs.contains { $0.weight >= Self.quotation }
    }

    /// Takes one scalar; `end` is told each token that it ends.
    fileprivate static func advance(
        _ scalar: Unicode.Scalar, _ token: inout String.UnicodeScalarView, _ end: (String) -> Void
    ) {
        let isHan = Characters.isHan(scalar.value)
        if !isHan, scalar.properties.isAlphabetic || scalar.properties.numericType != nil {
            token.append(scalar)
            return
        }
        if !token.isEmpty { end(folded(token)) }
        token = String.UnicodeScalarView()
        if isHan { end(folded([scalar])) }
    }

    fileprivate static func isNumber(_ word: String) -> Bool {
        word.unicodeScalars.allSatisfy { Characters.isDigit($0.value) }
    }

    private static func folded(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        var isPlain = true
        for scalar in scalars {
            isPlain = isPlain && scalar.isASCII
            let isUpper = scalar.value >= 0x41 && scalar.value <= 0x5A
            view.append(isUpper ? Unicode.Scalar(UInt8(truncatingIfNeeded: scalar.value | 0x20)) : scalar)
        }
        return isPlain ? String(view) : ComparableText(String(view)).string
    }
}
