public import Domain

/// Which lines of the audit log a list shows. Nil fields do not filter.
public struct AuditFilter: Sendable, Equatable {
    public var action: AuditEntry.Action?
    public var actor: Identifier<User>?
    public var target: AuditEntry.Target?
    public var targetKind: AuditEntry.Target.Kind?
    public var since: Timestamp?
    public var until: Timestamp?

    public init() {}
}

extension Transaction {
    /// Adds a line to the audit log, in the transaction of what it tells.
    /// - Parameters:
    ///   - before: the changed fields as they were, without secrets; null for what is new.
    ///   - after: the changed fields as they are, without secrets; null for what is gone.
    /// - Returns: the line's key.
    @discardableResult
    public func audit(
        _ action: AuditEntry.Action, _ target: AuditEntry.Target?, before: JSONValue = .null, after: JSONValue = .null,
        by access: Access
    ) throws -> Identifier<AuditEntry> {
        let actor = access.actor
        let id = identifiers.next(AuditEntry.self)
        try connection.run(
            """
            INSERT INTO audit_log (id, workspace_id, at, actor_kind, actor_id, actor_name, address, action, \
            target_kind, target_id, state_before, state_after) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .identifier(id), .identifier(access.workspaceId), .time(now),
                .text(actor.kind.rawValue), .optional(actor.id), .optional(actor.name), .optional(access.address),
                .text(action.rawValue), .optional(target?.kind.rawValue), .optional(target?.key),
                .text(before.serialized()),
                .text(after.serialized()),
            ])
        return id
    }
}

extension RowReader {
    /// Lines of the audit log, newest first.
    public func auditLog(
        _ filter: AuditFilter, after position: KeysetPosition?, limit: Int, by access: Access
    ) throws -> KeysetSlice<AuditEntry> {
        try access.require(.auditRead)
        var conditions = ["workspace_id = ?"]
        var arguments: [SQLValue] = [.identifier(access.workspaceId)]
        func add(_ condition: String, _ values: SQLValue...) {
            conditions.append(condition)
            arguments += values
        }
        if let position { add("id < ?", .integer(position.id)) }
        if let action = filter.action { add("action = ?", .text(action.rawValue)) }
        if let actor = filter.actor {
            add("actor_kind = ? AND actor_id = ?", .text(Actor.Kind.agent.rawValue), .identifier(actor))
        }
        if let target = filter.target {
            add("target_kind = ? AND target_id = ?", .text(target.kind.rawValue), .integer(target.key))
        }
        if let kind = filter.targetKind { add("target_kind = ?", .text(kind.rawValue)) }
        if let since = filter.since { add("at >= ?", .time(since)) }
        if let until = filter.until { add("at < ?", .time(until)) }
        arguments.append(.integer(Int64(limit) + 1))
        // A line of a newer build is not shown, and does not end the list.
        let rows = try connection.rows(
            """
            SELECT \(AuditRow.columns) FROM audit_log WHERE \(conditions.joined(separator: " AND ")) \
            ORDER BY id DESC LIMIT ?
            """, arguments
        ) { (id: $0.integer(0), entry: try AuditRow.decode($0)) }
        let slice = KeysetSlice(rows, limit: limit) { $0.id }
        return KeysetSlice(items: slice.items.compactMap(\.entry), next: slice.next)
    }
}

enum AuditRow {
    static let columns = """
        id, workspace_id, at, actor_kind, actor_id, actor_name, address, action, target_kind, target_id, \
        state_before, state_after
        """

    /// Nil for an action of a newer build.
    static func decode(_ row: any SQLRow) throws -> AuditEntry? {
        guard let action = AuditEntry.Action(rawValue: row.text(7)) else { return nil }
        return AuditEntry(
            id: row.identifier(0), workspaceId: row.identifier(1), at: row.timestamp(2),
            actor: Actor(
                kind: Actor.Kind(rawValue: row.text(3)) ?? .system, id: row.optionalInteger(4),
                name: row.optionalText(5)),
            address: row.optionalText(6), action: action,
            target: AuditEntry.Target(kind: row.optionalText(8), key: row.optionalInteger(9)),
            before: try StoredJSON.value(row.text(10)), after: try StoredJSON.value(row.text(11)))
    }
}

extension AuditEntry.Target {
    var key: Int64 {
        switch self {
        case .user(let id): id.rawValue
        case .login(let id): id.rawValue
        case .invitation(let id): id.rawValue
        case .role(let id): id.rawValue
        case .team(let id): id.rawValue
        case .apiKey(let id): id.rawValue
        case .inbox(let id): id.rawValue
        case .contact(let id): id.rawValue
        case .article(let id): id.rawValue
        case .price(let id): id.rawValue
        case .workspace(let id): id.rawValue
        }
    }

    init?(kind: String?, key: Int64?) {
        guard let kind = kind.flatMap({ Kind(rawValue: $0) }), let key else { return nil }
        switch kind {
        case .user: self = .user(Identifier(key))
        case .login: self = .login(Identifier(key))
        case .invitation: self = .invitation(Identifier(key))
        case .role: self = .role(Identifier(key))
        case .team: self = .team(Identifier(key))
        case .apiKey: self = .apiKey(Identifier(key))
        case .inbox: self = .inbox(Identifier(key))
        case .contact: self = .contact(Identifier(key))
        case .article: self = .article(Identifier(key))
        case .price: self = .price(Identifier(key))
        case .workspace: self = .workspace(Identifier(key))
        }
    }
}
