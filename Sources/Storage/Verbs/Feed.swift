public import Domain

/// That there is an event, without what it says.
public struct FeedEntry: Sendable, Equatable {
    /// Place in the feed of the whole installation: grows, with holes, and never has one filled later.
    public var position: Int64
    public var workspaceId: Identifier<Workspace>
    public var conversationId: Identifier<Conversation>
    public var seq: Int64
    /// Who answers from then on, when it changes that.
    public var owners: OwnerChange?
}

/// Who may not go on: what a node that heard of nothing must close sockets for.
public struct EndedAccess: Sendable, Equatable {
    public var sessions: Set<Identifier<ChatSession>> = []
    /// Sessions that are another contact's now.
    public var movedSessions: Set<MovedSession> = []
    public var logins: Set<Identifier<Login>> = []
    public var keys: Set<Identifier<APIKey>> = []
    public var users: Set<ChangedUser> = []

    /// A session's way to another contact, told from the one before by its time.
    public struct MovedSession: Sendable, Hashable {
        public var id: Identifier<ChatSession>
        public var at: Timestamp
    }

    /// A change of a user's rights, told from the one before by its time also when the version is the same.
    public struct ChangedUser: Sendable, Hashable {
        public var access: ChangedAccess
        public var at: Timestamp
    }

    public init() {}
}

extension Transaction {
    /// Events of one statement.
    private static var stampChunk: Int { 64 }

    /// Gives committed events their place in the feed, in an order in which no event ever takes a place before one that is
    /// stamped already. Within a conversation it is the order of `seq`.
    ///
    /// Needed where several nodes write: the keys of events are then not in the order of commits, and a reader that
    /// went by them would skip what commits late.
    /// - Parameter generation: of the ``LeasedWork/sequencer`` lease. Nothing is done when that has gone to another node.
    /// - Returns: how many were stamped; call again while it reaches `limit`.
    public func stampFeed(generation: Int64, limit: Int) throws -> Int {
        guard try holds(.sequencer, generation: generation) else { return 0 }
        let keys = try connection.rows(
            "SELECT id FROM events WHERE feed_position IS NULL ORDER BY id LIMIT ?", [.integer(Int64(limit))]
        ) { $0.integer(0) }
        guard !keys.isEmpty else { return 0 }
        var position = try connection.integer("SELECT MAX(feed_position) FROM events") ?? 0
        var rest = keys[...]
        while let filler = rest.first {
            var chunk = Array(rest.prefix(Self.stampChunk))
            rest = rest.dropFirst(chunk.count)
            // Filled up with what is there already, so that one prepared statement does for all: the first of equal cases
            // counts.
            let fresh = chunk.count
            chunk += Array(repeating: filler, count: Self.stampChunk - fresh)
            var arguments: [SQLValue] = []
            for (index, key) in chunk.enumerated() {
                arguments += [.integer(key), .integer(position + Int64(min(index + 1, fresh)))]
            }
            position += Int64(fresh)
            try connection.run(Self.stampStatement, arguments + chunk.map { .integer($0) })
        }
        return keys.count
    }

    private static let stampStatement: String = {
        let cases = Array(repeating: "WHEN ? THEN ?", count: stampChunk).joined(separator: " ")
        let places = Array(repeating: "?", count: stampChunk).joined(separator: ", ")
        return "UPDATE events SET feed_position = CASE id \(cases) END WHERE id IN (\(places))"
    }()
}

extension RowReader {
    /// The newest place of the feed.
    public func feedHead() throws -> Int64 {
        try connection.integer("SELECT MAX(\(connection.feedPosition)) FROM events") ?? 0
    }

    /// Whether committed events wait for their place.
    public func hasUnstampedEvents() throws -> Bool {
        try connection.integer("SELECT 1 FROM events WHERE \(connection.feedPosition) IS NULL LIMIT 1") != nil
    }

    /// What the feed has behind `position`, in order.
    public func feed(after position: Int64, limit: Int) throws -> [FeedEntry] {
        let column = connection.feedPosition
        return try connection.rows(
            """
            SELECT \(column), workspace_id, conversation_id, seq, \
            CASE WHEN kind = 'conversation.updated' THEN payload END FROM events WHERE \(column) > ? \
            ORDER BY \(column) LIMIT ?
            """, [.integer(position), .integer(Int64(limit))]
        ) { row in
            FeedEntry(
                position: row.integer(0), workspaceId: row.identifier(1), conversationId: row.identifier(2),
                seq: row.integer(3),
                owners: try row.optionalText(4).flatMap {
                    try StoredJSON.decode(EventPayload.self, $0).changes?.ownerChange
                })
        }
    }

    /// Whether what `access` rests on has ended since it was granted: its session, its sign-in, or the user's rights of then.
    public func hasEnded(_ access: Access) throws -> Bool {
        switch access.principal {
        case .contact(let contact): return try session(contact.sessionId)?.status.isOver ?? true
        case .staff(let staff):
            guard case .good(let current, _) = try standing(of: staff, in: access.workspaceId) else { return true }
            return staff.accessVersion < current.accessVersion
        case .server: return false
        }
    }

    /// Sessions, sign-ins and rights that have ended or changed since `time`.
    public func endedAccess(since time: Timestamp) throws -> EndedAccess {
        var ended = EndedAccess()
        ended.sessions = Set(
            try connection.rows("SELECT id FROM chat_sessions WHERE ended_at >= ?", [.time(time)]) { $0.identifier(0) })
        ended.movedSessions = Set(
            try connection.rows("SELECT id, moved_at FROM chat_sessions WHERE moved_at >= ?", [.time(time)]) {
                .init(id: $0.identifier(0), at: $0.timestamp(1))
            })
        ended.logins = Set(
            try connection.rows("SELECT id FROM logins WHERE revoked_at >= ?", [.time(time)]) { $0.identifier(0) })
        ended.keys = Set(
            try connection.rows("SELECT id FROM api_keys WHERE revoked_at >= ?", [.time(time)]) { $0.identifier(0) })
        ended.users = Set(
            try connection.rows(
                "SELECT id, access_version, access_changed_at FROM users WHERE access_changed_at >= ?", [.time(time)]
            ) {
                .init(
                    access: ChangedAccess(userId: $0.identifier(0), version: $0.integer(1)), at: $0.timestamp(2))
            })
        return ended
    }
}
