/// A question as an index sees it.
struct KnowledgeQuery {
    /// A part of the question's meaning, and what covers it.
    struct Unit {
        /// What it is worth.
        var weight: Double
        /// Ways to cover it: rows that must all be there, and how well that covers it (0…1).
        var ways: [(rows: [UInt32], strength: Double)]
    }

    /// Ways to say one thing, of which the one that a text says best is scored: rows, each with its weight.
    typealias Wordings = [[(row: UInt32, weight: Double)]]

    private(set) var scored: [Wordings] = []
    private(set) var units: [Unit] = []
    /// Comparable UTF-8 of what should stand together.
    private(set) var phrases: [[UInt8]] = []
    /// Whether it asks for anything beyond words that fit almost any question.
    private(set) var isSpecific = false

    /// How many of the first units must not all be uncovered: those of a question that asks for something of its own beside
    /// the subject that it leans on ("is it tasty?").
    private(set) var required = 0

    /// Unknown words so far that were taken for slips of the finger.
    private var corrections = 0

    private let index: KnowledgeIndex

    init(_ question: QuestionWords, in index: KnowledgeIndex) {
        self.index = index
        let parts = question.parts
        for (number, part) in parts.enumerated() {
            if scored.count >= Ranking.maximumTerms { break }
            switch part.word {
            case .word(let word, let weak):
                read(word: word, weak: weak, joined: joinedRows(parts, around: number))
            case .number(let digits): read(number: digits, joined: joinedRows(parts, around: number))
            case .unspaced(let run): read(unspaced: run[...])
            case .everyday(let run): read(everyday: run[...])
            case .weak(let run): read(weak: run[...])
            case .synonym(let member, let entry):
                for row in joinedRows(parts, around: number) { score(row, 1) }
                read(synonym: member, entry)
            }
        }
        readPhrases(parts)
    }

    /// This query with what was asked before it: fully for finding, but that an article is about the subject answers only
    /// a part of what is asked now.
    func leaning(on before: KnowledgeQuery) -> KnowledgeQuery {
        var joined = self
        joined.scored += before.scored.map { wordings in
            wordings.map { wording in wording.map { ($0.row, $0.weight * Ranking.previousInFinding) } }
        }
        joined.units += before.units.map { unit in
            Unit(weight: unit.weight * Ranking.previousInCovering, ways: unit.ways)
        }
        joined.required = isSpecific ? units.count : 0
        joined.isSpecific = isSpecific || before.isSpecific
        return joined
    }

    private static let weakFactor = 0.2
    /// Grammar beside another character may be half of a word (到账).
    private static let weakInPairFactor = 0.6
    /// A word is worth what its two characters would be in Chinese.
    private static let wordFactor = 2.0
    /// Longer numbers name an order or a person, and no article is about them.
    private static let longestNumber = 4

    private func weight(_ row: UInt32) -> Double { index.weight(ofTermIn: index.postings.count(of: row)) }
    private var unknownWeight: Double { index.weight(ofTermIn: 0) }

    private func row(_ term: Term) -> UInt32? {
        index.postings.row(of: term.key)
    }

    private mutating func score(_ row: UInt32, _ weight: Double) {
        scored.append([[(row, weight)]])
    }

    private mutating func add(_ weight: Double, _ ways: [(rows: [UInt32], strength: Double)]) {
        units.append(Unit(weight: weight, ways: ways))
    }

    private mutating func read(word: [UInt32], weak: Bool, joined: [UInt32]) {
        let isEveryday = EnglishWords.isEveryday(word[...])
        let worth = Self.wordFactor * (weak ? Self.weakFactor : isEveryday ? Ranking.everyday : 1)
        var ways: [(rows: [UInt32], strength: Double)] = joined.map { ([$0], 1) }
        for row in joined { score(row, 1) }
        if let row = row(.word(EnglishWords.stem(word[...]))) {
            isSpecific = isSpecific || !weak
            ways.append(([row], 1))
            // A name that stands written together in addresses only ("chatapi" in name@chatapi.com) means its parts.
            if !weak, !index.postings.isInTitle(row), let parts = split(word),
                parts.allSatisfy(index.postings.isInTitle)
            {
                for row in parts { score(row, 1) }
                add(worth * (parts.map(weight).max() ?? 0), ways + [(parts, 1)])
            } else {
                score(row, weak ? Self.weakFactor : 1)
                add(worth * weight(row), ways)
            }
            return
        }
        if weak { return }
        if isEveryday {
            add(worth * unknownWeight * Ranking.unknownEveryday, ways)
            return
        }
        isSpecific = true
        if let parts = split(word) {
            for row in parts { score(row, 1) }
            add(worth * (parts.map(weight).max() ?? 0), ways + [(parts, 0.9)])
            return
        }
        let near = corrections < Ranking.maximumCorrections ? index.words.stems(near: word) : []
        corrections += 1
        if near.isEmpty, Self.isMistypedGrammar(word) { return }
        for row in near.compactMap(index.postings.row) {
            score(row, Ranking.correctionWeight)
            ways.append(([row], 0.6))
        }
        add(worth * (ways.flatMap(\.rows).map(weight).min() ?? unknownWeight), ways)
    }

    /// `waht is this`: a function word with two letters swapped or one missing.
    private static func isMistypedGrammar(_ word: [UInt32]) -> Bool {
        !grammar.stems(near: word).isEmpty
    }

    private static let grammar = WordList(of: EnglishWords.functionWords)

    /// The two known words that `word` was written together from (`chatapi`).
    private func split(_ word: [UInt32]) -> [UInt32]? {
        guard word.count >= 6, word.count <= 30 else { return nil }
        for place in 3...(word.count - 3) {
            if let first = row(.word(EnglishWords.stem(word[..<place]))),
                let second = row(.word(EnglishWords.stem(word[place...])))
            {
                return [first, second]
            }
        }
        return nil
    }

    private mutating func read(number: [UInt32], joined: [UInt32]) {
        if number.count > Self.longestNumber { return }
        for row in joined { score(row, 1) }
        let own = row(.word(number))
        if let own { score(own, 1) }
        isSpecific = isSpecific || own != nil
        let ways = joined.map { (rows: [$0], strength: 1.0) } + (own.map { [(rows: [$0], strength: 1.0)] } ?? [])
        add(Self.wordFactor * (own.map(weight) ?? unknownWeight) * 0.5, ways)
    }

    /// Rows of the joined forms that part `number` belongs to: `gpt4o` when it was written together, and `chatapi` for an
    /// article that writes together what the question does not, when the pieces alone are unknown.
    private func joinedRows(_ parts: [QuestionWords.Part], around number: Int) -> [UInt32] {
        func written(_ number: Int) -> [UInt32]? {
            guard parts.indices.contains(number), parts[number].written.count == 1 else { return nil }
            return parts[number].written.first
        }
        func isKnown(_ word: [UInt32]) -> Bool { row(.word(EnglishWords.stem(word[...]))) != nil }
        guard let own = written(number) else { return [] }
        var before: [UInt32] = []
        var after: [UInt32] = []
        if let word = written(number - 1), parts[number].follows,
            parts[number - 1].group == parts[number].group || !isKnown(own) || !isKnown(word)
        {
            before = word
        }
        if let word = written(number + 1), parts[number + 1].follows,
            parts[number + 1].group == parts[number].group || !isKnown(own) || !isKnown(word)
        {
            after = word
        }
        let candidates = [before.isEmpty ? nil : before + own, after.isEmpty ? nil : own + after]
        let whole = before.isEmpty || after.isEmpty ? nil : before + own + after
        return (candidates + [whole]).compactMap { $0 }.compactMap { row(.word($0)) }
    }

    private mutating func read(everyday run: ArraySlice<UInt32>) {
        let terms = SynonymTable.unspacedTerms(run)
        let rows = terms.compactMap(row)
        guard rows.count == terms.count else {
            add(Self.wordFactor * Ranking.everyday * Ranking.unknownEveryday * unknownWeight, [])
            return
        }
        isSpecific = true
        for row in rows { score(row, 1) }
        add(Self.wordFactor * Ranking.everyday * (rows.map(weight).min() ?? 0), [(rows, 1)])
    }

    private mutating func read(weak run: ArraySlice<UInt32>) {
        let rows = SynonymTable.unspacedTerms(run).compactMap(row)
        guard !rows.isEmpty else { return }
        for row in rows { score(row, Self.weakFactor) }
        add(Self.weakFactor * Self.wordFactor * (rows.map(weight).min() ?? 0), [(rows, 1)])
    }

    private mutating func read(synonym member: SynonymTable.Member, _ entry: SynonymTable.Entry) {
        isSpecific = true
        var ways: [(rows: [UInt32], strength: Double)] = []
        var wordings: Wordings = []
        let share = entry.isLight ? Ranking.lightGroup : 1
        let own = member.terms.compactMap(row)
        let isKnown = own.count == member.terms.count && !own.isEmpty
        if isKnown {
            wordings.append(own.map { ($0, share) })
            ways.append((own, 1))
        } else if !own.isEmpty {
            // "Shipping cost" where the articles only speak of shipping.
            wordings.append(own.map { ($0, share) })
            ways.append((own, 0.8 * Double(own.count) / Double(member.terms.count)))
        }
        for other in entry.others {
            let rows = other.terms.compactMap(row)
            guard rows.count == other.terms.count, !rows.isEmpty else { continue }
            // As much as the member itself, in however many terms it is said.
            let weight = Ranking.synonymWeight * share * Double(member.terms.count) / Double(rows.count)
            wordings.append(rows.map { ($0, weight) })
            ways.append((rows, 0.85))
        }
        if !wordings.isEmpty { scored.append(wordings) }
        // Known by its own name it is worth what that is worth; else what the best known name is.
        let known = ways.map { way in way.rows.map(weight).max() ?? unknownWeight }
        let worth = isKnown ? known.first : known.min()
        add(Self.wordFactor * share * (worth ?? unknownWeight), ways)
    }

    private mutating func read(unspaced run: ArraySlice<UInt32>) {
        var run = run
        func isLoose(_ scalar: UInt32, _ first: UInt32, _ second: UInt32) -> Bool {
            ChineseWords.weakCharacters.contains(scalar) && row(.pair(first, second)) == nil
        }
        while run.count > 1, isLoose(run[run.startIndex], run[run.startIndex], run[run.startIndex + 1]) {
            run = run.dropFirst()
        }
        while run.count > 1, isLoose(run[run.endIndex - 1], run[run.endIndex - 2], run[run.endIndex - 1]) {
            run = run.dropLast()
        }
        if run.count == 1 {
            read(single: run[run.startIndex])
            return
        }
        let pairs = zip(run, run.dropFirst()).map { row(.pair($0, $1)) }
        for row in pairs.compactMap({ $0 }) { score(row, 1) }
        let meant = meantPairs(run, known: pairs)
        // A character is covered by a pair that holds it. Those of which no pair is known are a foreign word, or, when
        // alone, a verb of one character.
        var unknown: [UInt32] = []
        func closeUnknown() {
            if unknown.count == 1, let only = unknown.first {
                read(single: only)
            } else if !unknown.isEmpty {
                isSpecific = true
                // Perhaps a verb of one character and its object (付…钱): a trace of what it is about.
                for scalar in unknown {
                    let own = row(.character(scalar)).map { [$0] }
                    if let own, !ChineseWords.weakCharacters.contains(scalar) {
                        score(own[0], Ranking.characterWeight)
                        add(weight(own[0]), [(own, Ranking.characterWeight)])
                    } else {
                        add(unknownWeight * looseness(scalar), [])
                    }
                }
            }
            unknown = []
        }
        for (place, scalar) in run.enumerated() {
            let before = place > 0 ? pairs[place - 1] : nil
            let after = place < pairs.count ? pairs[place] : nil
            let holding = [before, after].compactMap { $0 }
            if holding.isEmpty {
                let near = (place > 0 ? meant[place - 1] : []) + (place < pairs.count ? meant[place] : [])
                if near.isEmpty {
                    unknown.append(scalar)
                } else {
                    closeUnknown()
                    isSpecific = true
                    add((near.map(weight).min() ?? 0) * looseness(scalar), near.map { ([$0], 0.6) })
                }
                continue
            }
            closeUnknown()
            isSpecific = isSpecific || !ChineseWords.weakCharacters.contains(scalar)
            let share = ChineseWords.weakCharacters.contains(scalar) ? Self.weakInPairFactor : 1
            add((holding.map(weight).min() ?? 0) * share, holding.map { ([$0], 1) })
        }
        closeUnknown()
    }

    /// For each pair that is unknown, as its neighbours are, the pairs that sound like it: 验正 is a mistyped 验证.
    private mutating func meantPairs(_ run: ArraySlice<UInt32>, known: [UInt32?]) -> [[UInt32]] {
        zip(run, run.dropFirst()).enumerated().map { place, pair in
            let before = place > 0 ? known[place - 1] : nil
            let after = place + 1 < known.count ? known[place + 1] : nil
            guard known[place] == nil, before == nil || after == nil, corrections < Ranking.maximumCorrections,
                !ChineseWords.weakCharacters.contains(pair.0), !ChineseWords.weakCharacters.contains(pair.1)
            else { return [] }
            corrections += 1
            let near =
                Homophones.of(pair.0).compactMap { row(.pair($0, pair.1)) }
                + Homophones.of(pair.1).compactMap { row(.pair(pair.0, $0)) }
            for row in near { score(row, Ranking.correctionWeight) }
            return near
        }
    }

    private func looseness(_ scalar: UInt32) -> Double {
        ChineseWords.weakCharacters.contains(scalar) ? Self.weakFactor : 1
    }

    private mutating func read(single scalar: UInt32) {
        let weak = ChineseWords.weakCharacters.contains(scalar)
        guard let row = row(.character(scalar)) else {
            if !weak {
                isSpecific = true
                add(unknownWeight, [])
            }
            return
        }
        score(row, weak ? Self.weakFactor : 0.7)
        isSpecific = isSpecific || !weak
        add(weight(row) * looseness(scalar), [([row], 0.8)])
    }

    private mutating func readPhrases(_ parts: [QuestionWords.Part]) {
        var words: [[UInt32]] = []
        func close() {
            if words.count > 1 {
                var bytes: [UInt8] = [0x20]
                for word in words {
                    ComparablePhrase.append(word, to: &bytes)
                    bytes.append(0x20)
                }
                phrases.append(bytes)
            }
            words = []
        }
        for part in parts {
            if !part.follows { close() }
            words += part.written
            guard part.written.isEmpty else { continue }
            close()
            if case .unspaced(let run) = part.word, run.count > 2 {
                var bytes: [UInt8] = []
                ComparablePhrase.append(run, to: &bytes)
                phrases.append(bytes)
            }
        }
        close()
    }
}
