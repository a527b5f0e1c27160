/// What a question asks about, before any article is looked at: its words without the grammar around them.
struct QuestionWords {
    enum Word {
        /// A word of letters; `weak` ones fit almost any question.
        case word([UInt32], weak: Bool)
        case number([UInt32])
        /// A stretch without spaces that holds no known word of grammar.
        case unspaced([UInt32])
        /// A known word that fits almost any question.
        case weak([UInt32])
        /// A known word of everyday speech in a script without spaces.
        case everyday([UInt32])
        /// A word that others stand for.
        case synonym(SynonymTable.Member, SynonymTable.Entry)
    }

    struct Part {
        var word: Word
        /// The words of letters or digits that it was written with; empty for scripts without spaces.
        var written: [[UInt32]] = []
        /// Runs with the same number stood together without a space.
        var group: Int
        /// Whether it follows the part before without a word of grammar or a clause mark between them.
        var follows: Bool
    }

    private(set) var parts: [Part] = []

    /// Scalars of a question that are read. Longer texts are pasted logs and mails; their beginning tells what they are.
    static let readScalars = 1500

    /// Beside the built-in table.
    private let synonyms: SynonymTable?

    /// - Parameter synonyms: a table of the workspace's own.
    init(_ question: String, synonyms: SynonymTable? = nil) {
        self.synonyms = synonyms
        let text = ComparableText(question, limit: Self.readScalars)
        let runs = TextRuns.all(in: text.scalars)
        var follows = false
        var index = 0
        while index < runs.count {
            let run = runs[index]
            follows = follows && !run.startsClause
            let slice = text.scalars[run.range]
            switch run.kind {
            case .unspaced:
                follows = read(unspaced: slice, group: run.group, follows: follows)
                index += 1
            case .word, .number:
                let (word, length) = word(runs, at: index, in: text.scalars)
                if let word {
                    let written = runs[index..<index + length].map { Array(text.scalars[$0.range]) }
                    parts.append(Part(word: word, written: written, group: run.group, follows: follows))
                }
                follows = word != nil
                index += length
            }
        }
    }

    /// What stands for the member with `key` in either table.
    private func entry(_ key: String) -> SynonymTable.Entry? {
        guard let own = synonyms?[key] else { return Synonyms.table[key] }
        guard let common = Synonyms.table[key] else { return own }
        return SynonymTable.Entry(
            others: own.others + common.others.filter { !own.others.contains($0) },
            isLight: own.isLight && common.isLight)
    }

    private func word(_ runs: [TextRuns.Run], at index: Int, in scalars: [UInt32]) -> (word: Word?, length: Int) {
        var length = min(max(Synonyms.table.longestWords, synonyms?.longestWords ?? 0), runs.count - index)
        while length > 0 {
            let window = runs[index..<index + length]
            if window.allSatisfy({ $0.kind != .unspaced }), !window.dropFirst().contains(where: \.startsClause) {
                let stems = window.map { EnglishWords.stem(scalars[$0.range]) }
                let key = stems.map(Self.text).joined(separator: " ")
                if let entry = entry(key) {
                    let terms = zip(window, stems).filter { !EnglishWords.isFunctionWord(scalars[$0.0.range]) }
                        .map { Term.word($0.1) }
                    return (.synonym(SynonymTable.Member(key: key, terms: terms), entry), length)
                }
            }
            length -= 1
        }
        let slice = scalars[runs[index].range]
        if runs[index].kind == .number { return (.number(Array(slice)), 1) }
        if EnglishWords.isFunctionWord(slice) { return (nil, 1) }
        return (.word(Array(slice), weak: EnglishWords.isWeak(slice) || slice.count == 1), 1)
    }

    /// - Returns: whether the run ended in something that the next part can follow.
    private mutating func read(unspaced run: ArraySlice<UInt32>, group: Int, follows: Bool) -> Bool {
        var follows = follows
        var index = run.startIndex
        var plainStart = index
        func plain(upTo end: Int) -> Word? {
            plainStart < end ? .unspaced(Array(run[plainStart..<end])) : nil
        }
        func add(_ word: Word?) {
            guard let word else { return }
            parts.append(Part(word: word, group: group, follows: follows))
            follows = true
        }
        while index < run.endIndex {
            guard let (kind, length) = ChineseWords.word(in: run, at: index, synonyms) else {
                index += 1
                continue
            }
            let slice = run[index..<index + length]
            switch kind {
            case .protected:
                index += length
                continue
            case .function:
                add(plain(upTo: index))
                follows = false
            case .weak:
                add(plain(upTo: index))
                add(.weak(Array(slice)))
            case .everyday:
                add(plain(upTo: index))
                add(.everyday(Array(slice)))
            case .synonym:
                add(plain(upTo: index))
                let key = Self.text(slice)
                let member = SynonymTable.Member(key: key, terms: SynonymTable.unspacedTerms(slice))
                add(.synonym(member, entry(key) ?? SynonymTable.Entry(others: [], isLight: false)))
            }
            index += length
            plainStart = index
        }
        let ending = plain(upTo: run.endIndex)
        add(ending)
        return follows
    }

    private static func text(_ slice: ArraySlice<UInt32>) -> String {
        String(String.UnicodeScalarView(slice.compactMap(Unicode.Scalar.init)))
    }

    /// For each word that carries meaning, the terms by which a text shows that it speaks of it.
    var meanings: [Set<Term>] {
        parts.compactMap { part in
            switch part.word {
            case .word(let word, let weak): weak ? nil : [.word(EnglishWords.stem(word[...]))]
            case .number(let number): [.word(number)]
            case .unspaced(let run), .everyday(let run): Set(SynonymTable.unspacedTerms(run[...]))
            case .weak: nil
            case .synonym(let member, let entry):
                entry.others.reduce(into: Set(member.terms)) { $0.formUnion($1.terms) }
            }
        }
    }

    /// All of them: what a sentence that answers should hold.
    var terms: Set<Term> { meanings.reduce(into: []) { $0.formUnion($1) } }

    /// Whether nothing is asked about: only grammar, or nothing at all.
    var isEmpty: Bool { parts.isEmpty }
}
