/// The inverted index: for each term the chunks that hold it, with how often in the title and in the body.
///
/// Flat arrays, so that ten thousand articles take some tens of megabytes and a search touches memory in order.
struct Postings: Sendable {
    private var rows: [Term: UInt32] = [:]
    private var offsets: [UInt32] = [0]
    private var chunks: [UInt32] = []
    /// Occurrences, at most 255: more does not change a ranking that saturates.
    private var inTitle: [UInt8] = []
    private var inBody: [UInt8] = []

    struct Posting {
        var chunk: Int
        var inTitle: UInt8
        var inBody: UInt8
    }

    func row(of term: Term) -> UInt32? { rows[term] }

    /// How many chunks hold the term of `row`.
    func count(of row: UInt32) -> Int { Int(offsets[Int(row) + 1] - offsets[Int(row)]) }

    /// Calls `body` with each posting of `row`, by ascending chunk.
    func each(of row: UInt32, _ body: (Posting) -> Void) {
        for position in Int(offsets[Int(row)])..<Int(offsets[Int(row) + 1]) {
            body(Posting(chunk: Int(chunks[position]), inTitle: inTitle[position], inBody: inBody[position]))
        }
    }

    /// Whether any chunk holds the term of `row` in its title, headings or questions.
    func isInTitle(_ row: UInt32) -> Bool {
        inTitle[Int(offsets[Int(row)])..<Int(offsets[Int(row) + 1])].contains { $0 > 0 }
    }

    /// Whether `chunk` holds the term of `row`.
    func contains(_ row: UInt32, in chunk: Int) -> Bool {
        var low = Int(offsets[Int(row)])
        var high = Int(offsets[Int(row) + 1])
        while low < high {
            let middle = (low + high) / 2
            if chunks[middle] < UInt32(chunk) { low = middle + 1 } else { high = middle }
        }
        return low < Int(offsets[Int(row) + 1]) && chunks[low] == UInt32(chunk)
    }

    /// Collects the chunks one after the other.
    struct Builder {
        private var rows: [Term: UInt32] = [:]
        private var entries: [(row: UInt32, chunk: UInt32, inTitle: UInt8, inBody: UInt8)] = []
        private var counts: [UInt32] = []

        /// The row of `term`, made when it is new.
        mutating func row(of term: Term) -> UInt32 {
            if let row = rows[term] { return row }
            let row = UInt32(counts.count)
            rows[term] = row
            counts.append(0)
            return row
        }

        /// - Parameters:
        ///   - title: rows of the terms of title, headings and questions.
        ///   - body: rows of the terms of the text.
        mutating func add(chunk: Int, title: [UInt32], body: [UInt32]) {
            // The lowest bit tells the field, so that one sort groups a term's occurrences in both.
            let occurrences = (title.map { UInt64($0) << 1 } + body.map { UInt64($0) << 1 | 1 }).sorted()
            var position = 0
            while position < occurrences.count {
                let row = UInt32(truncatingIfNeeded: occurrences[position] >> 1)
                var inTitle = 0
                var inBody = 0
                while position < occurrences.count, UInt32(truncatingIfNeeded: occurrences[position] >> 1) == row {
                    if occurrences[position] & 1 == 0 { inTitle += 1 } else { inBody += 1 }
                    position += 1
                }
                counts[Int(row)] += 1
                entries.append((row, UInt32(chunk), UInt8(clamping: inTitle), UInt8(clamping: inBody)))
            }
        }

        consuming func finish() -> Postings {
            var postings = Postings()
            postings.rows = rows
            var next: [UInt32] = []
            next.reserveCapacity(counts.count)
            var total: UInt32 = 0
            for count in counts {
                next.append(total)
                total += count
                postings.offsets.append(total)
            }
            postings.chunks = [UInt32](repeating: 0, count: entries.count)
            postings.inTitle = [UInt8](repeating: 0, count: entries.count)
            postings.inBody = [UInt8](repeating: 0, count: entries.count)
            for entry in entries {
                let position = Int(next[Int(entry.row)])
                next[Int(entry.row)] += 1
                postings.chunks[position] = entry.chunk
                postings.inTitle[position] = entry.inTitle
                postings.inBody[position] = entry.inBody
            }
            return postings
        }
    }
}
