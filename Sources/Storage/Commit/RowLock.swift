public import Domain

/// What a command keeps from other processes until its commit, because it reads first and then writes.
public struct RowLock: Sendable {
    fileprivate enum Place: Sendable {
        case conversation(Identifier<Conversation>)
        case row(Int64, table: StaticString)
    }

    fileprivate let place: Place

    /// A conversation with all that is said in it.
    public static func conversation(_ id: Identifier<Conversation>) -> RowLock {
        RowLock(place: .conversation(id))
    }

    static func row(_ key: Int64, of table: StaticString) -> RowLock { RowLock(place: .row(key, table: table)) }
}

/// An entity with a row of its own that can be locked.
public protocol Lockable: Sendable {
    static func lock(on id: Identifier<Self>) -> RowLock
}

extension Conversation: Lockable {
    public static func lock(on id: Identifier<Conversation>) -> RowLock { .conversation(id) }
}

extension Contact: Lockable {
    public static func lock(on id: Identifier<Contact>) -> RowLock { .row(id.rawValue, of: "contacts") }
}

extension ChatSession: Lockable {
    public static func lock(on id: Identifier<ChatSession>) -> RowLock { .row(id.rawValue, of: "chat_sessions") }
}

extension Message: Lockable {
    public static func lock(on id: Identifier<Message>) -> RowLock { .row(id.rawValue, of: "messages") }
}

extension Article: Lockable {
    public static func lock(on id: Identifier<Article>) -> RowLock { .row(id.rawValue, of: "articles") }
}

extension User: Lockable {
    public static func lock(on id: Identifier<User>) -> RowLock { .row(id.rawValue, of: "users") }
}

extension Inbox: Lockable {
    public static func lock(on id: Identifier<Inbox>) -> RowLock { .row(id.rawValue, of: "inboxes") }
}

extension Role: Lockable {
    public static func lock(on id: Identifier<Role>) -> RowLock { .row(id.rawValue, of: "roles") }
}

extension Team: Lockable {
    public static func lock(on id: Identifier<Team>) -> RowLock { .row(id.rawValue, of: "teams") }
}

extension APIKey: Lockable {
    public static func lock(on id: Identifier<APIKey>) -> RowLock { .row(id.rawValue, of: "api_keys") }
}

extension Workspace: Lockable {
    public static func lock(on id: Identifier<Workspace>) -> RowLock { .row(id.rawValue, of: "workspaces") }
}

extension ChatStore {
    /// Runs a command that looks at something before it changes it: no other process changes it in between.
    /// - Throws: as ``write(to:run:)``.
    public func write<Value: Sendable>(
        locking lock: RowLock, run body: @escaping @Sendable (Transaction) throws -> Value
    ) async throws -> Value {
        switch lock.place {
        case .conversation(let id): try await write(to: id, run: body)
        case .row(let key, let table):
            try await write { transaction in
                try transaction.lockRow(key, of: table)
                return try body(transaction)
            }
        }
    }
}
