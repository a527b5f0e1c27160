import Domain

// Rows that were there before there were words are given theirs in the background, some at a time. Where it stands is a row of
// its own, locked by whoever goes on, so any node may, and one that dies leaves nothing half done.

extension RowReader {
    /// Whether rows may be left that searches do not find yet.
    public func hasUnindexedRows() throws -> Bool { try installationValue(.searchIndex) != OldRows.done }
}

extension Transaction {
    /// Gives the next rows their words.
    /// - Returns: how many rows were looked at; 0 when none is left.
    public func indexOldRows(limit: Int) throws -> Int {
        try keep(OldRows(kind: .contact, after: 0).stored, as: .searchIndex)
        let stored = try connection.row(
            "SELECT value FROM installation WHERE name = ? \(connection.lockingClause)",
            [.text(InstallationValue.searchIndex.rawValue)]
        ) { $0.optionalBlob(0) }
        guard let place = OldRows(stored: stored ?? nil) else { return 0 }
        let rows = try words(behind: place, limit: limit)
        for row in rows { try index(place.kind, row.id, of: row.workspaceId, from: [], to: row.words) }
        let next: [UInt8]
        if let last = rows.last {
            next = OldRows(kind: place.kind, after: last.id).stored
        } else {
            next = place.kind == .contact ? OldRows(kind: .conversation, after: 0).stored : OldRows.done
        }
        try connection.run(
            "UPDATE installation SET value = ? WHERE name = ?",
            [.blob(next), .text(InstallationValue.searchIndex.rawValue)])
        // A kind that has come to its end is no end.
        return next == OldRows.done ? 0 : max(1, rows.count)
    }

    private func words(
        behind place: OldRows, limit: Int
    ) throws -> [(id: Int64, workspaceId: Identifier<Workspace>, words: Set<String>)] {
        let arguments: [SQLValue] = [.integer(place.after), .integer(Int64(limit))]
        switch place.kind {
        case .contact:
            return try connection.rows(
                "SELECT \(ContactRow.columns) FROM contacts WHERE id > ? ORDER BY id LIMIT ? \(connection.lockingClause)",
                arguments
            ) { row in
                let contact = try ContactRow.decode(row)
                return (contact.id.rawValue, contact.workspaceId, SearchText.words(of: contact))
            }
        case .conversation:
            return try connection.rows(
                """
                SELECT id, workspace_id, subject FROM conversations WHERE id > ? ORDER BY id LIMIT ? \
                \(connection.lockingClause)
                """, arguments
            ) { ($0.integer(0), $0.identifier(1), SearchText.words(ofSubject: $0.optionalText(2))) }
        }
    }
}

/// How far the indexing of old rows has come.
private struct OldRows {
    static let done = Array("done".utf8)

    var kind: SearchKind
    var after: Int64

    init(kind: SearchKind, after: Int64) {
        self.kind = kind
        self.after = after
    }

    /// Nil when nothing is left to do.
    init?(stored: [UInt8]?) {
        let parts = String(decoding: stored ?? [], as: UTF8.self).split(separator: " ").compactMap { Int64($0) }
        guard parts.count == 2, let kind = SearchKind(rawValue: parts[0]) else { return nil }
        self.init(kind: kind, after: parts[1])
    }

    var stored: [UInt8] { Array("\(kind.rawValue) \(after)".utf8) }
}
