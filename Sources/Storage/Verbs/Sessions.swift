public import Domain

/// What somebody needs to open a chat session.
public struct SessionRequest: Sendable {
    /// Who the visitor is known to be.
    public enum Visitor: Sendable {
        /// Nobody we know: a new contact, with what it says of itself kept as claims.
        case stranger
        /// A contact that showed a session token of its own.
        case returning(Identifier<Contact>)
        /// A registered customer, who always writes as the same contact.
        case customer(Identifier<User>)
        /// A customer of the company, proven by an identity token of the inbox.
        case proven(externalId: String, email: String?, name: String?)
    }

    public var inboxId: Identifier<Inbox>
    public var visitor: Visitor
    public var name: String?
    public var email: String?
    public var phone: String?
    public var externalId: String?
    public var attributes: JSONValue?
    public var locale: String?
    public var metadata: JSONValue
    /// Continue this conversation of the returning contact instead of opening a new one.
    public var conversationId: Identifier<Conversation>?
    public var ticketDigest: [UInt8]

    public init(
        inboxId: Identifier<Inbox>, visitor: Visitor, name: String? = nil, email: String? = nil,
        phone: String? = nil, externalId: String? = nil, attributes: JSONValue? = nil, locale: String? = nil,
        metadata: JSONValue = .object([:]), conversationId: Identifier<Conversation>? = nil, ticketDigest: [UInt8]
    ) {
        self.inboxId = inboxId
        self.visitor = visitor
        self.name = name
        self.email = email
        self.phone = phone
        self.externalId = externalId
        self.attributes = attributes
        self.locale = locale
        self.metadata = metadata
        self.conversationId = conversationId
        self.ticketDigest = ticketDigest
    }
}

/// For whom a ticket opens a socket.
public enum TicketHolder: Sendable, Equatable {
    case session(Identifier<ChatSession>)
    case login(Identifier<Login>, userId: Identifier<User>)
}

extension Transaction {
    /// How long a ticket is good. Contract: single use, 60 s.
    public static var ticketSeconds: Int64 { 60 }

    /// Opens a session, with the contact and the conversation that it needs and a first ticket.
    public func openSession(
        _ request: SessionRequest, in workspaceId: Identifier<Workspace>
    ) throws -> ChatSession {
        let inbox = try liveInbox(request.inboxId, in: workspaceId)
        let contact = try contact(of: request, in: workspaceId)
        let actor = Actor(kind: .contact, id: contact.id.rawValue, name: contact.name)
        let conversationId: Identifier<Conversation>
        if let wanted = request.conversationId {
            let access = Access.server(of: workspaceId)
            guard try locked(wanted, by: access).contactId == contact.id else { throw Refusal.notFound }
            conversationId = wanted
        } else {
            conversationId =
                try create(conversationOf: contact, in: inbox, subject: nil, priority: .normal, actor: actor).id
        }
        let session = ChatSession(
            id: identifiers.next(), workspaceId: workspaceId, inboxId: inbox.id, contactId: contact.id,
            conversationId: conversationId, status: .active, locale: request.locale, metadata: request.metadata,
            createdAt: now, lastActiveAt: now, expiresAt: now.adding(seconds: settings.lifetime.expirySeconds))
        try connection.run(
            """
            INSERT INTO chat_sessions (id, workspace_id, inbox_id, contact_id, conversation_id, status, locale, \
            metadata, created_at, last_active_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .identifier(session.id), .identifier(workspaceId), .identifier(inbox.id), .identifier(contact.id),
                .identifier(conversationId), .text(session.status.rawValue), .optional(session.locale),
                .text(try StoredJSON.encode(session.metadata)), .time(now), .time(now), .time(session.expiresAt),
            ])
        try issueTicket(request.ticketDigest, to: .session(session.id), in: workspaceId)
        return session
    }

    private func contact(of request: SessionRequest, in workspaceId: Identifier<Workspace>) throws -> Contact {
        switch request.visitor {
        case .returning(let id):
            // A merge or a removal at the same moment must not miss the conversation that is about to be made.
            try lock(id)
            return try contact(id, by: .server(of: workspaceId))
        case .customer(let id): return try contact(ofCustomer: id, request, in: workspaceId)
        case .proven(let externalId, let email, let name):
            if let known = try contact(externalId: externalId, in: workspaceId) {
                var renewed = known
                renewed.email = email ?? known.email
                renewed.name = name ?? known.name
                if renewed != known {
                    renewed.updatedAt = now
                    try save(renewed, insteadOf: known)
                }
                return renewed
            }
            let new = Contact(
                id: identifiers.next(), workspaceId: workspaceId, name: name ?? request.name, email: email,
                phone: request.phone, externalId: externalId,
                claimedEmail: email == nil ? request.email : nil, attributes: request.attributes ?? .object([:]),
                locale: request.locale, createdAt: now, updatedAt: now)
            do {
                return try insertContact(new)
            } catch Refusal.conflict {
                // Opened on another node at the same moment.
                guard let other = try contact(externalId: externalId, in: workspaceId) else { throw Refusal.notFound }
                return other
            }
        case .stranger:
            return try insertContact(
                Contact(
                    id: identifiers.next(), workspaceId: workspaceId, name: request.name, phone: request.phone,
                    claimedEmail: request.email, claimedExternalId: request.externalId,
                    attributes: request.attributes ?? .object([:]), locale: request.locale, createdAt: now,
                    updatedAt: now))
        }
    }

    private func contact(externalId: String, in workspaceId: Identifier<Workspace>) throws -> Contact? {
        try connection.row(
            """
            SELECT \(ContactRow.columns) FROM contacts WHERE workspace_id = ? AND external_id = ? \
            \(connection.lockingClause)
            """, [.identifier(workspaceId), .text(externalId)], ContactRow.decode)
    }

    /// Takes note of a contact's activity.
    /// - Parameter seconds: write only when the last activity is older than this.
    /// - Throws: ``Refusal/sessionOver``.
    public func touchSession(_ id: Identifier<ChatSession>, atLeastEvery seconds: Int64) throws {
        guard let session = try session(id) else { throw Refusal.sessionOver }
        try touch(session, atLeastEvery: seconds)
    }

    /// The same with a session that was read in this transaction.
    func touch(_ session: ChatSession, atLeastEvery seconds: Int64) throws {
        var session = session
        let status = session.status(at: now, lifetime: settings.lifetime)
        let last = session.lastActiveAt
        try session.touch(at: now, lifetime: settings.lifetime)
        guard status != .active || now >= last.adding(seconds: seconds) else { return }
        // It may be closed on another node between the two.
        let touched = try connection.run(
            """
            UPDATE chat_sessions SET status = 'active', last_active_at = ?, expires_at = ? \
            WHERE id = ? AND status IN ('active', 'idle')
            """, [.time(session.lastActiveAt), .time(session.expiresAt), .identifier(session.id)])
        guard touched == 1 else { throw Refusal.sessionOver }
    }

    /// Changes what the session carries.
    public func updateSession(
        _ id: Identifier<ChatSession>, locale: String??, metadata: JSONValue?, by access: Access
    ) throws -> ChatSession {
        try lock(id)
        var session = try self.session(id, by: access)
        if access.contact != nil {
            try touchSession(id, atLeastEvery: 0)
        } else {
            try access.require(.sessionsWrite)
            guard !session.status(at: now, lifetime: settings.lifetime).isOver else { throw Refusal.sessionOver }
        }
        if let locale { session.locale = locale }
        if let metadata { session.metadata = metadata }
        try connection.run(
            "UPDATE chat_sessions SET locale = ?, metadata = ? WHERE id = ?",
            [.optional(session.locale), .text(try StoredJSON.encode(session.metadata)), .identifier(id)])
        return try self.session(id, by: access)
    }

    /// Closes a session for good: its token and sockets die. Closing twice is no error.
    public func closeSession(_ id: Identifier<ChatSession>, by access: Access) throws {
        if access.contact == nil { try access.require(.sessionsWrite) }
        let session = try self.session(id, by: access)
        guard session.status != .closed else { return }
        try connection.run(
            "UPDATE chat_sessions SET status = 'closed', ended_at = ? WHERE id = ?", [.time(now), .identifier(id)])
        try connection.run("DELETE FROM tickets WHERE session_id = ?", [.identifier(id)])
        committed.endedSessions.append(EndedSession(id: id, contactId: session.contactId))
    }

    /// Writes down which sessions have become idle or have expired, and forgets late tickets.
    /// - Returns: how many rows changed; call again while it reaches `limit`.
    public func sweepSessions(limit: Int) throws -> Int {
        let expired = try connection.rows(
            "SELECT id, contact_id FROM chat_sessions WHERE status IN ('active', 'idle') AND expires_at <= ? LIMIT ?",
            [.time(now), .integer(Int64(limit))]
        ) { EndedSession(id: $0.identifier(0), contactId: $0.identifier(1)) }
        for session in expired {
            // Asked again with the write: it may have been used on another node since.
            let ended = try connection.run(
                """
                UPDATE chat_sessions SET status = 'expired', ended_at = ? \
                WHERE id = ? AND status IN ('active', 'idle') AND expires_at <= ?
                """, [.time(now), .identifier(session.id), .time(now)])
            if ended == 1 { committed.endedSessions.append(session) }
        }
        let idleSince = now.adding(seconds: -settings.lifetime.idleSeconds)
        let idle = try connection.rows(
            "SELECT id FROM chat_sessions WHERE status = 'active' AND last_active_at <= ? LIMIT ?",
            [.time(idleSince), .integer(Int64(limit))]
        ) { $0.identifier(0, of: ChatSession.self) }
        for id in idle {
            try connection.run(
                "UPDATE chat_sessions SET status = 'idle' WHERE id = ? AND status = 'active' AND last_active_at <= ?",
                [.identifier(id), .time(idleSince)])
        }
        let late = try connection.run("DELETE FROM tickets WHERE expires_at <= ?", [.time(now)])
        return max(expired.count, idle.count, late)
    }

    /// Writes a ticket. Only its digest is kept.
    public func issueTicket(
        _ digest: [UInt8], to holder: TicketHolder, in workspaceId: Identifier<Workspace>
    ) throws {
        let columns: [SQLValue] =
            switch holder {
            case .session(let id): [.identifier(id), .null, .null]
            case .login(let id, let userId): [.null, .identifier(userId), .identifier(id)]
            }
        try connection.run(
            """
            INSERT INTO tickets (digest, workspace_id, session_id, user_id, login_id, expires_at) \
            VALUES (?, ?, ?, ?, ?, ?)
            """,
            [.blob(digest), .identifier(workspaceId)] + columns + [.time(now.adding(seconds: Self.ticketSeconds))])
    }

    /// Uses a ticket up.
    /// - Returns: whom it was for, or nil when it is unknown, used or late.
    public func redeemTicket(_ digest: [UInt8]) throws -> (TicketHolder, Identifier<Workspace>)? {
        let found = try connection.row(
            "SELECT session_id, user_id, login_id, expires_at, workspace_id FROM tickets WHERE digest = ?",
            [.blob(digest)]
        ) { row -> (holder: TicketHolder?, expiresAt: Timestamp, workspaceId: Identifier<Workspace>) in
            let holder: TicketHolder? =
                if let session = row.optionalInteger(0) {
                    .session(Identifier(session))
                } else if let user = row.optionalInteger(1), let login = row.optionalInteger(2) {
                    .login(Identifier(login), userId: Identifier(user))
                } else {
                    nil
                }
            return (holder, row.timestamp(3), row.identifier(4))
        }
        // The delete decides: of two that bring the same ticket, one changes a row.
        guard let found, try connection.run("DELETE FROM tickets WHERE digest = ?", [.blob(digest)]) == 1 else {
            return nil
        }
        guard let holder = found.holder, now < found.expiresAt else { return nil }
        return (holder, found.workspaceId)
    }
}

extension RowReader {
    /// A session with its status as of now, whatever workspace it is of. For authentication only.
    public func session(_ id: Identifier<ChatSession>) throws -> ChatSession? {
        var session = try connection.row(
            "SELECT \(ChatSessionRow.columns) FROM chat_sessions WHERE id = ?", [.identifier(id)],
            ChatSessionRow.decode)
        if let current = session?.status(at: now, lifetime: settings.lifetime) { session?.status = current }
        return session
    }

    /// A session that `access` may see: its own for a contact, the workspace's for staff.
    public func session(_ id: Identifier<ChatSession>, by access: Access) throws -> ChatSession {
        if access.contact == nil { try access.require(.sessionsRead) }
        guard let session = try session(id), session.workspaceId == access.workspaceId else { throw Refusal.notFound }
        if let contact = access.contact, contact.sessionId != id { throw Refusal.notFound }
        return session
    }

    /// Language that the conversation's newest visit asked for.
    public func latestSessionLocale(of conversationId: Identifier<Conversation>) throws -> String? {
        try connection.row(
            "SELECT locale FROM chat_sessions WHERE conversation_id = ? ORDER BY id DESC LIMIT 1",
            [.identifier(conversationId)]
        ) { $0.optionalText(0) } ?? nil
    }

    /// Sessions of the workspace, newest first.
    public func sessions(
        status: ChatSession.Status?, after position: KeysetPosition?, limit: Int, by access: Access
    ) throws -> KeysetSlice<ChatSession> {
        try access.require(.sessionsRead)
        var conditions = "workspace_id = ?"
        var arguments: [SQLValue] = [.identifier(access.workspaceId)]
        if let position {
            conditions += " AND id < ?"
            arguments.append(.integer(position.id))
        }
        if let status {
            // Between two sweeps the row is behind the clock; the list must not be.
            let idleSince = now.adding(seconds: -settings.lifetime.idleSeconds)
            switch status {
            case .active:
                conditions += " AND status IN ('active', 'idle') AND expires_at > ? AND last_active_at > ?"
                arguments += [.time(now), .time(idleSince)]
            case .idle:
                conditions += " AND status IN ('active', 'idle') AND expires_at > ? AND last_active_at <= ?"
                arguments += [.time(now), .time(idleSince)]
            case .expired:
                conditions += " AND (status = 'expired' OR (status IN ('active', 'idle') AND expires_at <= ?))"
                arguments.append(.time(now))
            case .closed: conditions += " AND status = 'closed'"
            }
        }
        arguments.append(.integer(Int64(limit) + 1))
        var items = try connection.rows(
            "SELECT \(ChatSessionRow.columns) FROM chat_sessions WHERE \(conditions) ORDER BY id DESC LIMIT ?",
            arguments, ChatSessionRow.decode)
        let hasMore = items.count > limit
        if hasMore { items.removeLast() }
        for index in items.indices { items[index].status = items[index].status(at: now, lifetime: settings.lifetime) }
        return KeysetSlice(
            items: items, next: hasMore ? items.last.map { KeysetPosition(sortKey: 0, id: $0.id.rawValue) } : nil)
    }
}
