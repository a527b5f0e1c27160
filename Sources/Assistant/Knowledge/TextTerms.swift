/// The terms of a text as the index holds them: words by their stems, pairs and single characters of scripts without
/// spaces, and the joined form of what stood together (`gpt4o`).
enum TextTerms {
    /// Calls `body` with each term, in the order of the text.
    static func each(in scalars: [UInt32], runs: [TextRuns.Run], _ body: (Term) -> Void) {
        var index = 0
        while index < runs.count {
            let run = runs[index]
            let slice = scalars[run.range]
            switch run.kind {
            case .unspaced:
                var previous: UInt32?
                for scalar in slice {
                    body(.character(scalar))
                    if let previous { body(.pair(previous, scalar)) }
                    previous = scalar
                }
            case .number: body(.word(slice))
            case .word: if !EnglishWords.isFunctionWord(slice) { body(.word(EnglishWords.stem(slice))) }
            }
            if run.kind != .unspaced, index == 0 || runs[index - 1].group != run.group {
                let together = runs[index...].prefix { $0.group == run.group }
                if together.count > 1 { body(joined(together, in: scalars)) }
            }
            index += 1
        }
    }

    /// The term of runs written as one.
    static func joined(_ runs: ArraySlice<TextRuns.Run>, in scalars: [UInt32]) -> Term {
        .word(runs.flatMap { scalars[$0.range] })
    }

    static func set(of text: String) -> Set<Term> {
        let text = ComparableText(text)
        var terms: Set<Term> = []
        each(in: text.scalars, runs: TextRuns.all(in: text.scalars)) { terms.insert($0) }
        return terms
    }
}
