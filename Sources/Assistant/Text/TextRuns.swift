/// Cuts comparable text into runs: words of letters, numbers, and stretches of a script without spaces.
///
/// A letter beside a digit is a boundary, so `iphone15` and `iPhone 15` meet. What stood together without a space is
/// told by `group`, so that the joined form (`iphone15`, `gpt4o` from `GPT-4o`) can be compared as well.
struct TextRuns {
    enum Kind: Sendable, Equatable {
        /// Letters of a script with spaces.
        case word
        case number
        /// Chinese and other scripts without spaces.
        case unspaced
    }

    struct Run: Sendable, Equatable {
        var kind: Kind
        var range: Range<Int>
        /// Runs with the same number stand together, with nothing or one of `-_.'+&/` between them.
        var group: Int
        /// Whether a clause ends between the run before and this one.
        var startsClause: Bool
    }

    /// Every run of `scalars`, in order.
    static func all(in scalars: [UInt32]) -> [Run] {
        var runs: [Run] = []
        var group = 0
        var index = 0
        var gap = 0
        var gapJoins = true
        var clause = true
        while index < scalars.count {
            let scalar = scalars[index]
            guard let kind = kind(of: scalar) else {
                gap += 1
                gapJoins = gapJoins && isJoiner(scalar)
                clause = clause || endsClause(scalars, at: index)
                index += 1
                continue
            }
            let start = index
            index += 1
            while index < scalars.count, Self.kind(of: scalars[index]) == kind || isApostrophe(scalars, at: index, kind)
            {
                index += 1
            }
            let last = runs.last
            let joins =
                last.map { $0.kind != .unspaced && kind != .unspaced && gap <= 1 && gapJoins && !clause } ?? false
            if !joins { group += 1 }
            runs.append(Run(kind: kind, range: start..<index, group: group, startsClause: clause))
            gap = 0
            gapJoins = true
            clause = false
        }
        return runs
    }

    private static func kind(of scalar: UInt32) -> Kind? {
        if Characters.isDigit(scalar) { return .number }
        if Characters.isUnspaced(scalar) { return .unspaced }
        if Characters.isSpacedLetter(scalar) { return .word }
        return nil
    }

    /// `don't` is one word.
    private static func isApostrophe(_ scalars: [UInt32], at index: Int, _ kind: Kind) -> Bool {
        guard kind == .word, scalars[index] == 0x27, index + 1 < scalars.count else { return false }
        return Characters.isSpacedLetter(scalars[index + 1])
    }

    private static func isJoiner(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x2D, 0x5F, 0x2E, 0x27, 0x2B, 0x26, 0x2F: true
        default: false
        }
    }

    /// Sentence and clause marks. The point of `gpt-4.1` or `example.com` and the comma of `1,000` are none.
    private static func endsClause(_ scalars: [UInt32], at index: Int) -> Bool {
        let next = index + 1 < scalars.count ? scalars[index + 1] : 0x20
        switch scalars[index] {
        case 0x2E: return !isWordPart(next)
        case 0x2C, 0x3A: return !Characters.isDigit(next)
        case 0x21, 0x3F, 0x3B, 0x0A, 0x3001, 0x3002, 0x2026, 0x2014, 0x7E, 0xFF61:
            return true
        default: return false
        }
    }

    private static func isWordPart(_ scalar: UInt32) -> Bool {
        Characters.isDigit(scalar) || Characters.isASCIILetter(scalar)
    }
}
