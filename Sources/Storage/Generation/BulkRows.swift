import Domain

/// Rows of one table that go in together.
struct BulkRows: Sendable {
    /// Rows of one statement: as many as pay for its preparation, within every database's number of arguments.
    static let perStatement = 64

    let table: String
    let columns: [String]
    private(set) var values: [SQLValue] = []

    init(_ table: String, _ columns: String...) {
        self.table = table
        self.columns = columns
    }

    var count: Int { values.count / max(1, columns.count) }

    mutating func add(_ row: SQLValue...) { values += row }

    func insert(on connection: any SQLConnection) throws {
        var rest = values[...]
        while !rest.isEmpty {
            let rows = min(Self.perStatement, rest.count / columns.count)
            // A last incomplete statement goes row by row, so that there are two texts to prepare.
            let length = rows == Self.perStatement ? rows : 1
            let row = "(\(SQLPlaces.list(columns.count)))"
            let places = Array(repeating: row, count: length).joined(separator: ", ")
            try connection.run(
                "INSERT INTO \(table) (\(columns.joined(separator: ", "))) VALUES \(places)",
                Array(rest.prefix(length * columns.count)))
            rest = rest.dropFirst(length * columns.count)
        }
    }
}

/// What some conversations are made of.
struct GeneratedBatch: Sendable {
    var contacts = BulkRows(
        "contacts", "id", "workspace_id", "name", "email", "email_key", "phone", "external_id", "attributes", "locale",
        "created_at", "updated_at")
    var conversations = BulkRows(
        "conversations", "id", "workspace_id", "inbox_id", "contact_id", "number", "subject", "status", "priority",
        "owner_kind", "owner_id", "owner_epoch", "snoozed_until", "created_at")
    var heads = BulkRows(
        "conversation_heads", "conversation_id", "workspace_id", "head_seq", "last_message_id",
        "last_visible_message_id", "updated_at", "status", "priority", "owner_kind", "owner_id", "inbox_id",
        "contact_id", "listed_at")
    var labels = BulkRows(
        "conversation_labels", "conversation_id", "label", "workspace_id", "status", "listed_at")
    var messages = BulkRows(
        "messages", "id", "workspace_id", "conversation_id", "seq", "sender_kind", "sender_id", "kind", "content",
        "status", "created_at")
    /// With a place in the feed, which only one kind of database has a column for.
    var events = BulkRows(
        "events", "id", "workspace_id", "conversation_id", "seq", "kind", "actor_kind", "actor_id", "message_id",
        "payload", "created_at")
    var sessions = BulkRows(
        "chat_sessions", "id", "workspace_id", "inbox_id", "contact_id", "conversation_id", "status", "metadata",
        "created_at", "last_active_at", "expires_at", "ended_at")
    var readPositions = BulkRows(
        "read_positions", "conversation_id", "reader_kind", "reader_id", "workspace_id", "seq")
    var firstEvent: Int64 = 0
    var lastEvent: Int64 = 0
}

extension Transaction {
    func insert(_ batch: GeneratedBatch) throws {
        for rows in [
            batch.contacts, batch.conversations, batch.heads, batch.labels, batch.messages, batch.events,
            batch.sessions, batch.readPositions,
        ] {
            try rows.insert(on: connection)
        }
        guard connection.feedPosition != "id" else { return }
        try connection.run(
            "UPDATE events SET feed_position = id WHERE id BETWEEN ? AND ?",
            [.integer(batch.firstEvent), .integer(batch.lastEvent)])
    }

    func insert(
        _ words: [(word: String, row: Int64)], of kind: SearchKind, in workspaceId: Identifier<Workspace>
    ) throws {
        var rows = BulkRows("search_words", "workspace_id", "kind", "word", "row_id")
        for entry in words {
            rows.add(.identifier(workspaceId), .integer(kind.rawValue), .text(entry.word), .integer(entry.row))
        }
        try rows.insert(on: connection)
    }
}
