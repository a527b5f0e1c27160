/// A table that belongs to the installation, as a copy sees it: rows in the order of its key.
struct CopiedTable: Sendable {
    let name: String
    /// Columns of the primary key, in its order. Every kind of database orders them alike: by number, or byte by byte.
    let key: [String]
    /// Which rows belong to the installation; nil for all.
    let condition: String?

    init(_ name: String, key: String..., where condition: String? = nil) {
        self.name = name
        self.key = key
        self.condition = condition
    }

    /// Every table, parents first. `leases` and `nodes` belong to running processes and not to the installation.
    static let all = [
        CopiedTable("installation", key: "name", where: "name <> '\(InstallationValue.unfinishedCopy.rawValue)'"),
        CopiedTable("workspaces", key: "id"),
        CopiedTable("inboxes", key: "id"),
        CopiedTable("users", key: "id"),
        CopiedTable("logins", key: "id"),
        CopiedTable("refresh_tokens", key: "digest"),
        CopiedTable("contacts", key: "id"),
        CopiedTable("conversations", key: "id"),
        CopiedTable("conversation_heads", key: "conversation_id"),
        CopiedTable("conversation_labels", key: "conversation_id", "label"),
        CopiedTable("messages", key: "id"),
        CopiedTable("events", key: "id"),
        CopiedTable("read_positions", key: "conversation_id", "reader_kind", "reader_id"),
        CopiedTable("chat_sessions", key: "id"),
        CopiedTable("tickets", key: "digest"),
        CopiedTable("reply_jobs", key: "id"),
        CopiedTable("articles", key: "id"),
        CopiedTable("roles", key: "id"),
        CopiedTable("teams", key: "id"),
        CopiedTable("team_members", key: "team_id", "user_id"),
        CopiedTable("api_keys", key: "id"),
        CopiedTable("invitations", key: "id"),
        CopiedTable("login_failures", key: "account", "address"),
        CopiedTable("attachments", key: "id"),
        CopiedTable("audit_log", key: "id"),
        CopiedTable("idempotency_keys", key: "workspace_id", "principal", "route", "name"),
        CopiedTable("reply_receipts", key: "message_id"),
        CopiedTable("statistics_progress", key: "id"),
        CopiedTable("statistics_conversations", key: "conversation_id"),
        CopiedTable(
            "statistics_periods", key: "workspace_id", "scope", "span", "starts_at", "scope_id"),
        CopiedTable("statistics_standing", key: "workspace_id", "inbox_id", "name"),
        CopiedTable("statistics_agents", key: "user_id"),
        CopiedTable("search_words", key: "workspace_id", "kind", "word", "row_id"),
        CopiedTable("ai_spending", key: "workspace_id", "conversation_id", "starts_at"),
        CopiedTable("ai_reservations", key: "message_id"),
        CopiedTable("ai_prices", key: "id"),
        CopiedTable("token_calibrations", key: "provider", "model"),
        CopiedTable("conversation_summaries", key: "conversation_id"),
        CopiedTable("handoffs", key: "conversation_id", "owner_epoch"),
    ]
}

/// A copied table with its columns, as the target's schema has them.
struct TableLayout: Sendable {
    let table: CopiedTable
    let columns: [String]
    private let keyPlaces: [Int]

    /// - Throws: ``StorageFailure/broken(_:)`` when the table lacks its key.
    init(_ table: CopiedTable, columns: [String]) throws {
        self.table = table
        self.columns = columns
        keyPlaces = table.key.compactMap(columns.firstIndex)
        guard keyPlaces.count == table.key.count else {
            throw StorageFailure.broken("the table \(table.name) has no key \(table.key.joined(separator: ", "))")
        }
    }

    func key(of row: [SQLValue]) -> [SQLValue] { keyPlaces.map { row[$0] } }

    /// A row's key for a person, such as `id 12` or `conversation_id 3, label vip`.
    func keyText(of row: [SQLValue]) -> String {
        zip(table.key, key(of: row)).map { name, value in
            switch value {
            case .null: "\(name) NULL"
            case .integer(let integer): "\(name) \(integer)"
            case .text(let text): "\(name) \(text)"
            case .blob(let bytes): "\(name) \(String(validating: bytes, as: UTF8.self) ?? RowSum.hexadecimal(bytes))"
            }
        }.joined(separator: ", ")
    }
}

// MARK: - SQL

extension TableLayout {
    /// Rows in the order of the key, `limit` at most.
    /// - Parameters:
    ///   - key: of the row behind which the page begins; nil for the first page.
    ///   - feedPosition: the database's name for an event's place in the feed.
    func select(after key: [SQLValue]?, limit: Int, feedPosition: String) -> (sql: String, arguments: [SQLValue]) {
        let names = columns.map { $0 == "feed_position" ? feedPosition : $0 }.joined(separator: ", ")
        var conditions = table.condition.map { [$0] } ?? []
        var arguments: [SQLValue] = []
        if let key, let first = table.key.first {
            // The first half says the same as the second, in a form for which every database uses the index.
            conditions += ["\(first) >= ?", Self.behind(table.key[...])]
            arguments = Array(key.prefix(1)) + Self.arguments(behind: key[...])
        }
        let filter = conditions.isEmpty ? "" : "WHERE \(conditions.joined(separator: " AND ")) "
        let order = table.key.joined(separator: ", ")
        return ("SELECT \(names) FROM \(table.name) \(filter)ORDER BY \(order) LIMIT \(limit)", arguments)
    }

    /// Compares keys of several columns. Not with `(a, b) > (?, ?)`, for which MySQL reads the whole table.
    private static func behind(_ key: ArraySlice<String>) -> String {
        guard let first = key.first, key.count > 1 else { return "\(key.first ?? "1") > ?" }
        return "(\(first) > ? OR (\(first) = ? AND \(behind(key.dropFirst()))))"
    }

    private static func arguments(behind key: ArraySlice<SQLValue>) -> [SQLValue] {
        guard let first = key.first, key.count > 1 else { return Array(key) }
        return [first, first] + arguments(behind: key.dropFirst())
    }

    func insert(rows: Int) -> String {
        let row = "(\(Array(repeating: "?", count: columns.count).joined(separator: ", ")))"
        let values = Array(repeating: row, count: rows).joined(separator: ", ")
        return "INSERT INTO \(table.name) (\(columns.joined(separator: ", "))) VALUES \(values)"
    }

    /// Deletes all rows up to one, of whose key the first column is given.
    var deletion: String {
        let condition = table.condition.map { "\($0) AND " } ?? ""
        return "DELETE FROM \(table.name) WHERE \(condition)\(table.key.first ?? "1") <= ?"
    }

    /// Gives a row when the table holds any.
    var probe: String {
        "SELECT 1 FROM \(table.name) \(table.condition.map { "WHERE \($0) " } ?? "")LIMIT 1"
    }

    var count: String { "SELECT count(*) FROM \(table.name)\(table.condition.map { " WHERE \($0)" } ?? "")" }
}
