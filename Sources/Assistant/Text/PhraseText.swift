/// A text in which phrases are looked up: comparable, one space between words, none in scripts that have none.
///
/// Words of letters are found whole ("sue" is not in "issue"); phrases of scripts without spaces are found wherever
/// they stand.
struct PhraseText: Sendable {
    /// UTF-8: whole characters cost ten times as much to compare.
    private let bytes: [UInt8]

    /// Scalars that are read: whoever writes more than that has pasted it.
    static let readScalars = 2000

    init(_ text: String, limit: Int = PhraseText.readScalars) {
        bytes = Self.normal(ComparableText(text, limit: limit).scalars)
    }

    func contains(_ set: PhraseSet) -> Bool { set.phrases.contains { place(of: $0, from: 0) != nil } }

    /// Whether the text ends in one of `set`.
    func ends(with set: PhraseSet) -> Bool {
        let end = bytes.dropLast()
        return set.phrases.contains { phrase in
            end.count >= phrase.count && end.suffix(phrase.count).elementsEqual(phrase)
        }
    }

    /// Whether nothing else is said.
    func equals(_ set: PhraseSet) -> Bool {
        set.phrases.contains { phrase in
            phrase.first == Self.space ? phrase == bytes : bytes.dropFirst().dropLast().elementsEqual(phrase)
        }
    }

    /// Whether one of `set` stands in the text without one of `negations` before it, at most `reach` bytes apart.
    func contains(_ set: PhraseSet, notAfter negations: PhraseSet, within reach: Int) -> Bool {
        set.phrases.contains { phrase in
            var from = 0
            while let start = place(of: phrase, from: from) {
                if !isTurned(at: start, by: negations, within: reach) { return true }
                from = start + 1
            }
            return false
        }
    }

    private func isTurned(at start: Int, by negations: PhraseSet, within reach: Int) -> Bool {
        // A space may belong to both.
        let head = bytes[..<min(start + 1, bytes.count)]
        return negations.phrases.contains { negation in
            let earliest = max(0, start - reach - negation.count)
            guard head.count >= negation.count else { return false }
            return (earliest...max(earliest, head.count - negation.count)).contains { at in
                at + negation.count <= head.count && head[at..<at + negation.count].elementsEqual(negation)
            }
        }
    }

    /// How often phrases of `set` stand in the text, each phrase once.
    func count(of set: PhraseSet) -> Int { set.phrases.count { place(of: $0, from: 0) != nil } }

    /// The text without the phrases of `set`, so that what they hold is not found in it.
    func without(_ set: PhraseSet) -> PhraseText {
        var rest = bytes
        for phrase in set.phrases {
            while let start = PhraseText(bytes: rest).place(of: phrase, from: 0) {
                rest.replaceSubrange(start..<start + phrase.count, with: [Self.space, Self.gap, Self.space])
            }
        }
        return PhraseText(bytes: rest)
    }

    private func place(of phrase: [UInt8], from: Int) -> Int? {
        guard let first = phrase.first, bytes.count >= phrase.count, from <= bytes.count - phrase.count else {
            return nil
        }
        return bytes.withUnsafeBufferPointer { bytes in
            (from...(bytes.count - phrase.count)).first { start in
                bytes[start] == first && bytes[start..<start + phrase.count].elementsEqual(phrase)
            }
        }
    }

    private static let space = UInt8(ascii: " ")
    /// Stands where a phrase was taken out. In no comparable word.
    private static let gap = UInt8(ascii: "|")

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    fileprivate static func normal(_ scalars: [UInt32]) -> [UInt8] {
        var bytes: [UInt8] = [space]
        var wasUnspaced = false
        for run in TextRuns.all(in: scalars) {
            let isUnspaced = run.kind == .unspaced
            // Chinese is written with spaces by some and not by others; between clauses nothing is joined.
            if wasUnspaced, isUnspaced, !run.startsClause { bytes.removeLast() }
            ComparablePhrase.append(scalars[run.range].lazy.filter { $0 != 0x27 }, to: &bytes)
            bytes.append(space)
            wasUnspaced = isUnspaced
        }
        return bytes
    }
}

/// Phrases as ``PhraseText`` looks them up.
struct PhraseSet: Sendable, ExpressibleByArrayLiteral {
    fileprivate let phrases: [[UInt8]]

    init(_ phrases: [String]) {
        self.phrases = phrases.compactMap { phrase in
            let bytes = PhraseText.normal(ComparableText(phrase, limit: PhraseText.readScalars).scalars)
            guard bytes.count > 1 else { return nil }
            let scalars = ComparableText(phrase, limit: PhraseText.readScalars).scalars
            let start = scalars.first.map(Characters.isUnspaced) == true ? 1 : 0
            let end = scalars.last.map(Characters.isUnspaced) == true ? bytes.count - 1 : bytes.count
            return Array(bytes[start..<end])
        }
    }

    init(arrayLiteral phrases: String...) {
        self.init(phrases)
    }
}
