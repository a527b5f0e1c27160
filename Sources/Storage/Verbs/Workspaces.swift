public import Domain

extension Transaction {
    /// Makes a workspace with one inbox.
    /// - Parameters:
    ///   - inboxKey: public key of the inbox.
    ///   - inboxSecret: secret with which the company signs identity tokens.
    /// - Throws: ``Refusal/conflict(_:)`` when the slug is taken.
    public func createWorkspace(
        slug: String, name: String, inboxKey: String, inboxSecret: [UInt8]
    ) throws -> (Workspace, Inbox) {
        let workspace = Workspace(id: identifiers.next(), slug: slug, name: name, createdAt: now)
        do {
            try connection.run(
                "INSERT INTO workspaces (id, slug, name, created_at) VALUES (?, ?, ?, ?)",
                [.identifier(workspace.id), .text(slug), .text(name), .time(now)])
        } catch StorageFailure.constraint {
            throw Refusal.conflict("a workspace with the slug \(slug) exists")
        }
        let inbox = try insertInbox(
            Inbox(
                id: identifiers.next(), workspaceId: workspace.id, name: "Website", key: inboxKey, createdAt: now,
                updatedAt: now), secret: inboxSecret)
        return (workspace, inbox)
    }

    /// Writes a value of the installation unless it has one.
    /// - Returns: the value that stands now.
    @discardableResult
    public func keep(_ value: [UInt8], as name: InstallationValue) throws -> [UInt8] {
        if let kept = try installationValue(name) { return kept }
        do {
            try connection.run(
                "INSERT INTO installation (name, value) VALUES (?, ?)", [.text(name.rawValue), .blob(value)])
            return value
        } catch StorageFailure.constraint(let text) {
            // Another node was faster.
            guard let kept = try installationValue(name) else { throw StorageFailure.constraint(text) }
            return kept
        }
    }
}

/// What belongs to the installation as a whole.
public enum InstallationValue: String, Sendable {
    /// Names the log's incarnation: 16 random bytes; a restored backup gets others.
    case logEpoch = "log_epoch"
    /// AES-128 key that maps row keys to public identifiers. It moves with the data, so identifiers survive.
    case identifierKey = "identifier_key"
    /// The log's epoch of the installation that is being copied into this database. While it is here, the database is not
    /// whole and no node may use it.
    case unfinishedCopy = "unfinished_copy"
    /// How far rows from before there were words to search by have been given theirs.
    case searchIndex = "search_index"
}

extension RowReader {
    public func installationValue(_ name: InstallationValue) throws -> [UInt8]? {
        try connection.row("SELECT value FROM installation WHERE name = ?", [.text(name.rawValue)]) {
            $0.optionalBlob(0)
        } ?? nil
    }

    public func workspace(slug: String) throws -> Workspace? {
        try connection.row(
            "SELECT \(WorkspaceRow.columns) FROM workspaces WHERE slug = ?", [.text(slug)], WorkspaceRow.decode)
    }
}
