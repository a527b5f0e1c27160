import Domain

/// What is found by words.
enum SearchKind: Int64 {
    case conversation = 1
    case contact = 2
}

/// How much of the rows and words one search looks at.
struct SearchBounds: Sendable {
    /// Entries of a word that are looked at to see whether it is rare.
    var rare = 256
    /// Entries that are read of one term. Beyond them a walk through the list finds a page sooner than they are sorted.
    var entries = 5000
    /// Rows of a list that one request walks through where the words are too common to begin with them: some 100 ms.
    var walked = 4096
    /// Rows that are compared at a time.
    var chunk = 256
}

extension Transaction {
    /// Rows of one insert of words; a longer list takes several.
    private static var wordsPerInsert: [Int] { [1, 4, 16, 64] }

    /// Brings the words of a row from what its texts gave to what they give now.
    func index(
        _ kind: SearchKind, _ row: Int64, of workspaceId: Identifier<Workspace>, from old: Set<String>,
        to new: Set<String>
    ) throws {
        let key: [SQLValue] = [.identifier(workspaceId), .integer(kind.rawValue)]
        for word in old.subtracting(new).sorted() {
            try connection.run(
                "DELETE FROM search_words WHERE workspace_id = ? AND kind = ? AND word = ? AND row_id = ?",
                key + [.text(word), .integer(row)])
        }
        // In the order of the key, so that two nodes take locks in the same order.
        var rest = new.subtracting(old).sorted()[...]
        while let filler = rest.first {
            let length = Self.wordsPerInsert.first { $0 >= rest.count } ?? 64
            let some = rest.prefix(length)
            rest = rest.dropFirst(some.count)
            let rows = (some + Array(repeating: filler, count: length - some.count)).flatMap {
                key + [SQLValue.text($0), .integer(row)]
            }
            try connection.run(Self.insertions[length].map { "\(connection.insertUnlessThere) \($0)" } ?? "", rows)
        }
    }

    private static let insertions: [Int: String] = Dictionary(
        uniqueKeysWithValues: [1, 4, 16, 64].map { count in
            let rows = Array(repeating: "(?, ?, ?, ?)", count: count).joined(separator: ", ")
            return (count, "search_words (workspace_id, kind, word, row_id) VALUES \(rows)")
        })
}

extension RowReader {
    /// Rows that may match `terms`, and among them all that do; nil when there are too many to tell.
    func candidates(
        _ kind: SearchKind, _ terms: [SearchQuery.Term], in workspaceId: Identifier<Workspace>
    ) throws
        -> Set<Int64>?
    {
        var common: [SearchQuery.Term] = []
        for term in terms {
            if let rows = try rows(kind, term, in: workspaceId, limit: settings.searchBounds.rare) { return rows }
            common.append(term)
        }
        var found: Set<Int64>?
        for term in common {
            guard let rows = try rows(kind, term, in: workspaceId, limit: settings.searchBounds.entries) else {
                continue
            }
            found = found.map { $0.intersection(rows) } ?? rows
            if found?.isEmpty == true { break }
        }
        return found
    }

    /// Rows with a word that begins so; nil when there are more than `limit` of them.
    private func rows(
        _ kind: SearchKind, _ term: SearchQuery.Term, in workspaceId: Identifier<Workspace>, limit: Int
    ) throws -> Set<Int64>? {
        var rows: Set<Int64> = []
        for beginning in term.beginnings {
            var entries = 0
            try connection.each(
                """
                SELECT row_id FROM search_words WHERE workspace_id = ? AND kind = ? AND word >= ? AND word < ? LIMIT ?
                """,
                [
                    .identifier(workspaceId), .integer(kind.rawValue), .text(beginning),
                    // No word holds this, the highest of all characters.
                    .text(beginning + "\u{10FFFF}"), .integer(Int64(limit) + 1),
                ]
            ) { row in
                entries += 1
                rows.insert(row.integer(0))
                return true
            }
            guard entries <= limit else { return nil }
        }
        return rows
    }
}
