import Foundation

/// Compares a question with the questions of the articles by pairs of characters (Dice's coefficient), which forgives
/// typing errors in either language. A pair counts by how rare it is: else all questions with the product's name in them
/// look alike.
struct QuestionPairs: Sendable, Equatable {
    /// Of each pair the questions that have it.
    let pairs: Postings
    /// Weight of each row of ``pairs``.
    private let weights: [Float]
    /// Sum of the weights of a question's pairs.
    private let sizes: [Float]

    /// Questions with less in common are not looked at.
    private static let least = 0.3

    /// - Parameter count: of the questions.
    init(_ pairs: Postings, count: Int) {
        self.pairs = pairs
        var sizes = [Float](repeating: 0, count: count)
        weights = pairs.keys.enumerated().map { row, pair in
            let row = UInt32(row)
            let weight = Self.weight(of: pairs.count(of: row), in: count) * Self.share(of: pair)
            pairs.each(of: row) { question, _ in sizes[question] += weight }
            return weight
        }
        self.sizes = sizes
    }

    /// The questions most like `question`, best first, each with its likeness 0…1.
    func nearest(to question: String, limit: Int) -> [(number: Int, likeness: Double)] {
        let asked = Self.pairs(of: question)
        guard !asked.isEmpty, !sizes.isEmpty else { return [] }
        var shared = [Float](repeating: 0, count: sizes.count)
        // A pair that no question has may be a slip of the finger, so it is not held against the others in full.
        let unknown = Self.weight(of: 1, in: sizes.count) / 2
        var size: Float = 0
        for pair in asked.sorted() {
            guard let row = pairs.row(of: pair) else {
                size += unknown * Self.share(of: pair)
                continue
            }
            let weight = weights[Int(row)]
            size += weight
            pairs.each(of: row) { question, _ in shared[question] += weight }
        }
        var best = Best(limit: limit)
        for number in shared.indices where shared[number] > 0 {
            let likeness = Double(2 * shared[number] / (sizes[number] + size))
            if likeness >= Self.least { best.offer(number, score: likeness) }
        }
        return best.ranked.map { ($0.number, $0.score) }
    }

    /// A word of letters has several pairs where a Chinese word has one.
    private static func share(of pair: UInt64) -> Float { pair & 0xFFFF_FFFF < 0x3000 ? 1.0 / 3 : 1 }

    private static func weight(of count: Int, in total: Int) -> Float {
        log1p((Float(total) - Float(count) + 0.5) / (Float(count) + 0.5))
    }

    /// Pairs of letters inside the words that carry meaning, and of neighbouring characters elsewhere. When nothing carries
    /// meaning ("who are you"), of everything.
    static func pairs(of text: String) -> Set<UInt64> {
        var pairs: Set<UInt64> = []
        for part in QuestionWords(text).parts {
            switch part.word {
            case .word(let run, _), .number(let run), .unspaced(let run), .everyday(let run), .weak(let run):
                add(run, to: &pairs)
            case .synonym(let member, _):
                for word in member.key.split(separator: " ") { add(word.unicodeScalars.map(\.value), to: &pairs) }
            }
        }
        if !pairs.isEmpty { return pairs }
        let whole = ComparableText(text, limit: QuestionWords.readScalars).scalars
        for run in TextRuns.all(in: whole) { add(Array(whole[run.range]), to: &pairs) }
        return pairs
    }

    private static func add(_ run: [UInt32], to pairs: inout Set<UInt64>) {
        if run.count == 1 { pairs.insert(UInt64(run[0])) }
        for (first, second) in zip(run, run.dropFirst()) { pairs.insert(UInt64(first) << 32 | UInt64(second)) }
    }
}
