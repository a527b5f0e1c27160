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

    private let tokens: [String]
    private let places: [String: [Int]]
    private(set) var hasLeaked = false
    private var runs: [Run] = []
    private var token = String.UnicodeScalarView()
    /// Scalars taken and not yet let through; the first stands at `offset` of the whole text.
    private var pending: [Unicode.Scalar] = []
    private var offset = 0

    /// - Parameter rules: what must not be quoted; nothing is held back when it is empty.
    init(_ rules: String) {
        var tokens: [String] = []
        var token = String.UnicodeScalarView()
        // Markers of ours never come through.
        let text = [ReplyMarker.unknown, PromptText.humanAgentTag].reduce(rules) { $0.replacing($1, with: " ") }
        for scalar in PromptText.clean(text).unicodeScalars + ["\n"] {
            Self.advance(scalar, &token) { if !Self.isNumber($0) { tokens.append($0) } }
        }
        self.tokens = tokens
        places = Dictionary(grouping: tokens.indices, by: { tokens[$0] })
    }

    mutating func push(_ scalars: some Sequence<Unicode.Scalar>, isFinal: Bool) -> [Unicode.Scalar] {
        guard !tokens.isEmpty else { return Array(scalars) }
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
        var following: [Int: Run] = [:]
        func keep(_ run: Run) {
            guard let other = following[run.next] else { return following[run.next] = run }
            // The heavier one is nearer to a quotation. What is held stays held.
            var kept = (run.weight, -run.deviations) > (other.weight, -other.deviations) ? run : other
            kept.hold = [run.hold, other.hold].compactMap { $0 }.min()
            following[run.next] = kept
        }
        for var run in runs {
            let window = tokens[min(run.next, tokens.count)...].prefix(1 + Self.tolerated - run.deviations)
            if let found = window.firstIndex(of: word) {
                run.deviations += found - run.next
                run.next = found + 1
                run.weight += weight
                keep(run)
            } else if run.deviations < Self.tolerated {
                run.deviations += 1
                keep(run)
            }
        }
        for index in places[word] ?? [] { keep(Run(next: index + 1, weight: weight, hold: nil)) }
        runs = following.values.sorted { $0.next < $1.next }
        for index in runs.indices where runs[index].weight >= Self.held && runs[index].hold == nil {
            runs[index].hold = place
        }
        hasLeaked = runs.contains { $0.weight >= Self.quotation }
    }

    /// Takes one scalar; `end` is told each token that it ends.
    private static func advance(
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

    private static func isNumber(_ word: String) -> Bool {
        word.unicodeScalars.allSatisfy { Characters.isDigit($0.value) }
    }

    private static func folded(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return ComparableText(String(view)).string
    }
}
