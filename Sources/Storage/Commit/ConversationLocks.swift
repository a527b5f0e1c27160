import Domain

/// The conversations whose rows a batch has locked, where several processes write to one database.
///
/// A batch locks what its commands are known to write to before it begins, in the order of their keys: two batches then never
/// wait for each other in a circle, and one round trip does for all. What shows only in the course of a command is locked
/// there; if that makes a circle, the database breaks it, and the batch is run again.
final class ConversationLocks {
    /// Places of one locking statement; a longer list takes several. Statements are prepared by text, so lists are
    /// filled up to one of few lengths.
    private static let lengths = [1, 4, 16, 64, 256]

    private var locked: Set<Int64> = []

    /// Locks `conversations`.
    init(of conversations: [Identifier<Conversation>], on connection: any SQLConnection) throws {
        guard !connection.lockingClause.isEmpty else { return }
        let keys = Set(conversations.map(\.rawValue)).sorted()
        var rest = keys[...]
        while !rest.isEmpty {
            let length = Self.lengths.first { $0 >= rest.count } ?? Self.lengths[Self.lengths.count - 1]
            let some = rest.prefix(length)
            try lock(some, filledUpTo: length, on: connection)
            rest = rest.dropFirst(length)
        }
    }

    /// Locks one more, unless it is locked already.
    func lock(_ conversation: Identifier<Conversation>, on connection: any SQLConnection) throws {
        guard !connection.lockingClause.isEmpty, !locked.contains(conversation.rawValue) else { return }
        try lock([conversation.rawValue], filledUpTo: 1, on: connection)
    }

    private func lock(_ keys: ArraySlice<Int64>, filledUpTo length: Int, on connection: any SQLConnection) throws {
        guard let last = keys.last else { return }
        let padded = keys + Array(repeating: last, count: length - keys.count)
        let places = padded.map { _ in "?" }.joined(separator: ", ")
        try connection.each(
            """
            SELECT conversation_id FROM conversation_heads WHERE conversation_id IN (\(places)) \
            ORDER BY conversation_id \(connection.lockingClause)
            """, padded.map { .integer($0) }
        ) { _ in true }
        locked.formUnion(keys)
    }
}
