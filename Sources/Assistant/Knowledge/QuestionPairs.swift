import Foundation

/// Compares a question with the questions of the articles by pairs of characters (Dice's coefficient), which forgives
/// typing errors in either language. A pair counts by how rare it is: else all questions with the product's name in them
/// look alike.
struct QuestionPairs: Sendable {
    /// Chunks that an entry's article was cut into.
    private(set) var chunks: [Range<UInt32>] = []
    /// Sum of the weights of an entry's pairs.
    private var sizes: [Float] = []
    /// Weight of each row's pair.
    private var weights: [Float] = []
    private var offsets: [UInt32] = [0]
    private var entries: [UInt32] = []
    private var rows: [UInt64: UInt32] = [:]

    /// Questions with less in common are not looked at.
    private static let least = 0.3

    /// - Parameter questions: each with the chunks of its article.
    init(_ questions: [(text: String, chunks: Range<UInt32>)]) {
        var postings: [(row: UInt32, entry: UInt32)] = []
        for (number, question) in questions.enumerated() {
            let pairs = Self.pairs(of: question.text)
            chunks.append(question.chunks)
            for pair in pairs.sorted() {
                let row = rows[pair] ?? UInt32(rows.count)
                rows[pair] = row
                postings.append((row, UInt32(number)))
            }
        }
        var counts = [UInt32](repeating: 0, count: rows.count + 1)
        for posting in postings { counts[Int(posting.row) + 1] += 1 }
        for row in counts.indices.dropFirst() { counts[row] += counts[row - 1] }
        offsets = counts
        weights = [Float](repeating: 0, count: rows.count)
        for (pair, row) in rows {
            let count = counts[Int(row) + 1] - counts[Int(row)]
            weights[Int(row)] = Self.weight(of: count, in: chunks.count) * Self.share(of: pair)
        }
        sizes = [Float](repeating: 0, count: chunks.count)
        for posting in postings { sizes[Int(posting.entry)] += weights[Int(posting.row)] }
        entries = [UInt32](repeating: 0, count: postings.count)
        var next = counts
        for posting in postings {
            entries[Int(next[Int(posting.row)])] = posting.entry
            next[Int(posting.row)] += 1
        }
    }

    /// The entries most like `question`, best first, each with its likeness 0…1.
    func nearest(to question: String, limit: Int) -> [(entry: Int, likeness: Double)] {
        let pairs = Self.pairs(of: question)
        guard !pairs.isEmpty, !sizes.isEmpty else { return [] }
        var shared = [Float](repeating: 0, count: sizes.count)
        // A pair that no question has may be a slip of the finger, so it is not held against the others in full.
        let unknown = Self.weight(of: 1, in: chunks.count) / 2
        var size: Float = 0
        for pair in pairs.sorted() {
            guard let row = rows[pair] else {
                size += unknown * Self.share(of: pair)
                continue
            }
            let weight = weights[Int(row)]
            size += weight
            for position in Int(offsets[Int(row)])..<Int(offsets[Int(row) + 1]) {
                shared[Int(entries[position])] += weight
            }
        }
        var best = Best(limit: limit)
        for entry in shared.indices where shared[entry] > 0 {
            let likeness = Double(2 * shared[entry] / (sizes[entry] + size))
            if likeness >= Self.least { best.offer(entry, score: likeness) }
        }
        return best.ranked.map { ($0.number, $0.score) }
    }

    /// A word of letters has several pairs where a Chinese word has one.
    private static func share(of pair: UInt64) -> Float { pair & 0xFFFF_FFFF < 0x3000 ? 1.0 / 3 : 1 }

    private static func weight(of count: UInt32, in total: Int) -> Float {
        log1p((Float(total) - Float(count) + 0.5) / (Float(count) + 0.5))
    }

    /// Pairs of letters inside the words that carry meaning, and of neighbouring characters elsewhere. When nothing carries
    /// meaning ("who are you"), of everything.
    static func pairs(of text: String) -> Set<UInt64> {
        var pairs: Set<UInt64> = []
        for part in QuestionWords(text).parts {
            switch part.word {
            case .word(let run, _), .number(let run), .unspaced(let run), .weak(let run): add(run, to: &pairs)
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
