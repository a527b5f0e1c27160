import Domain

extension RowReader {
    /// Conversations that one statement counts in. Each takes a select of its own, and a round trip costs more than several.
    private static var countsPerStatement: [Int] { [1, 4, 16] }

    /// ``unread(in:by:)`` of all conversations of a page.
    func unreadCounts(in conversations: [Conversation], by access: Access) throws -> [Int64: Int] {
        guard let reader = access.actor.id else { return [:] }
        let kind = access.actor.kind
        var positions: [Int64: Int64] = [:]
        try SQLPlaces.each(conversations.map(\.id.rawValue)) { places, keys in
            try connection.each(
                """
                SELECT conversation_id, seq FROM read_positions \
                WHERE reader_kind = ? AND reader_id = ? AND conversation_id IN (\(places))
                """, [.text(kind.rawValue), .integer(reader)] + keys
            ) { row in
                positions[row.integer(0)] = row.integer(1)
                return true
            }
            return true
        }
        var counts: [Int64: Int] = [:]
        var rest = conversations.filter { $0.headSeq > positions[$0.id.rawValue] ?? 0 }[...]
        while let filler = rest.first {
            let length = Self.countsPerStatement.first { $0 >= rest.count } ?? 16
            let some = rest.prefix(length)
            rest = rest.dropFirst(some.count)
            let filled = some + Array(repeating: filler, count: length - some.count)
            let selects = Array(repeating: Self.unreadCount(for: access.viewer), count: length)
            try connection.each(
                selects.joined(separator: " UNION ALL "),
                filled.flatMap { conversation -> [SQLValue] in
                    [.identifier(conversation.id), .integer(positions[conversation.id.rawValue] ?? 0)]
                }
            ) { row in
                counts[row.integer(0)] = Int(row.integer(1))
                return true
            }
        }
        return counts
    }

    private static func unreadCount(for viewer: Viewer) -> String {
        // Staff read what the contact wrote; a contact reads what anybody else wrote, but notes.
        let senders = viewer == .contact ? "sender_kind <> 'contact' AND kind <> 'note'" : "sender_kind = 'contact'"
        return """
            SELECT max(conversation_id) AS id, count(*) AS unread FROM \
            (SELECT conversation_id FROM messages WHERE conversation_id = ? AND seq > ? AND \(senders) \
            AND status <> 'deleted' LIMIT 100) unread_messages
            """
    }
}
