public import Domain

/// Which users a list shows. Nil fields do not filter.
public struct UserFilter: Sendable, Equatable {
    /// Name of a role.
    public var role: String?
    public var status: User.Status?
    /// Part of a name or an e-mail.
    public var text: String?
    public var team: Identifier<Team>?

    public init() {}
}

/// A user whom an admin makes.
public struct UserDraft: Sendable, Equatable {
    public var email: String
    public var name: String
    public var passwordHash: String
    /// Name of a role.
    public var role: String
    public var locale: String?

    public init(email: String, name: String, passwordHash: String, role: String, locale: String? = nil) {
        self.email = email
        self.name = name
        self.passwordHash = passwordHash
        self.role = role
        self.locale = locale
    }
}

/// What admins change of a user. `nil` leaves a field, `.some(nil)` clears it.
public struct UserPatch: Sendable, Equatable {
    public var name: String?
    public var email: String?
    /// Name of a role.
    public var role: String?
    public var status: User.Status?
    public var locale: String??

    public init() {}
}

extension Transaction {
    /// Makes a user with a role that goes in nothing beyond what the caller may do.
    /// - Throws: ``Refusal/emailTaken``, ``Refusal/forbidden``, ``Refusal/invalid(_:)`` for a role that there is not.
    public func addUser(_ new: UserDraft, by access: Access) throws -> User {
        let grants = try administer(.usersWrite, by: access)
        let role = try givenRole(new.role, within: grants, in: access.workspaceId)
        var user = try createUser(
            email: new.email, name: new.name, passwordHash: new.passwordHash, role: role, in: access.workspaceId)
        if let locale = new.locale {
            try connection.run(
                "UPDATE users SET locale = ? WHERE id = ?", [.text(locale), .identifier(user.id)])
            user.locale = locale
        }
        try audit(.userCreated, .user(user.id), after: user.administered, by: access)
        return user
    }

    /// Changes a user whose rights go in nothing beyond the caller's. With another role or status every token from before is
    /// void and every socket closed.
    ///
    /// Who is suspended, or is no longer staff, also loses what would go on without them: sign-ins, live visits and the
    /// conversations that wait for their answer; who is no longer staff, keys and teams as well.
    /// - Throws: ``Refusal/notFound``, ``Refusal/forbidden``, ``Refusal/emailTaken``; ``Refusal/conflict(_:)`` for one's own
    ///   role or status, and for the last active admin's; ``Refusal/invalid(_:)`` for a role that there is not.
    public func updateUser(_ id: Identifier<User>, _ patch: UserPatch, by access: Access) throws -> User {
        let (user, grants) = try administered(id, by: access)
        let role = patch.role == user.role.name ? nil : patch.role
        let status = patch.status == user.status ? nil : patch.status
        let newRole = try role.map { try givenRole($0, within: grants, in: access.workspaceId) }
        if newRole != nil || status != nil {
            guard access.staff?.userId != id else { throw Refusal.conflict("nobody changes their own role or status") }
            try requireAnotherAdmin(than: user, unlessStill: newRole ?? user.role, status ?? user.status)
        }
        try save(patch, of: user)
        var changed = user
        if newRole != nil || status != nil {
            changed = try changeAccess(of: id, role: newRole, status: status)
            if changed.status == .suspended { try endPresence(of: changed, by: access) }
            if user.role.isStaff, !changed.role.isStaff {
                try releaseAllConversations(of: .agent(id), by: access)
                try endMembership(of: changed)
            }
        } else if let read = try self.user(id) {
            changed = read
            // The rights are the same, but not the name that goes with them.
            if read.name != user.name { try reachChanged(of: [id]) }
        }
        let changes = user.changes(to: changed)
        if !changes.isEmpty {
            try audit(.userUpdated, .user(id), before: changes.before, after: changes.after, by: access)
        }
        return changed
    }

    /// Deletes a user: nothing signs in or acts as them any more, and the e-mail is free again. The row stays with the name,
    /// because messages and events tell of it.
    /// - Throws: ``Refusal/notFound``, ``Refusal/forbidden``, ``Refusal/conflict(_:)`` for oneself and the last active admin.
    public func deleteUser(_ id: Identifier<User>, by access: Access) throws {
        let user = try dismissible(id, by: access)
        let gone = try changeAccess(of: id, status: .suspended)
        try endPresence(of: gone, by: access)
        try endMembership(of: gone)
        // No address has this form, and the row's key is in it: no two rows have the same.
        try connection.run(
            "UPDATE users SET deleted_at = ?, email = '', email_key = ?, password_hash = '' WHERE id = ?",
            [.time(now), .text("deleted:\(id.rawValue)"), .identifier(id)])
        try audit(.userDeleted, .user(id), before: user.administered, by: access)
    }

    /// A user whom the caller may send away.
    /// - Throws: as ``deleteUser(_:by:)``.
    @discardableResult
    public func dismissible(_ id: Identifier<User>, by access: Access) throws -> User {
        let (user, _) = try administered(id, by: access)
        guard access.staff?.userId != id else { throw Refusal.conflict("nobody suspends or deletes themselves") }
        try requireAnotherAdmin(than: user, unlessStill: .customer, .suspended)
        return user
    }

    /// Sets somebody else's password and ends all their sign-ins.
    /// - Throws: ``Refusal/notFound``, ``Refusal/forbidden``; ``Refusal/conflict(_:)`` for one's own, which needs the present
    ///   one.
    public func resetPassword(of id: Identifier<User>, hash: String, by access: Access) throws {
        _ = try administered(id, by: access)
        guard access.staff?.userId != id else {
            throw Refusal.conflict("one's own password is changed with the present one")
        }
        try setPassword(of: id, hash: hash, keeping: nil)
        try audit(.passwordChanged, .user(id), by: access)
    }

    /// Ends one sign-in of a user.
    /// - Throws: ``Refusal/notFound``, ``Refusal/forbidden``.
    public func endLogin(_ loginId: Identifier<Login>, of id: Identifier<User>, by access: Access) throws {
        let (user, _) = try administered(id, by: access)
        let login = try login(loginId, of: id)
        try revokeLogin(login.id)
        try audit(.loginEnded, .login(login.id), before: ["user": .string(user.email)], by: access)
    }

    /// Ends every sign-in of a user.
    /// - Throws: ``Refusal/notFound``, ``Refusal/forbidden``.
    public func endLogins(of id: Identifier<User>, by access: Access) throws {
        _ = try administered(id, by: access)
        let ended = try revokeLogins(of: id)
        if ended > 0 { try audit(.loginEnded, .user(id), after: ["ended": .int(Int64(ended))], by: access) }
    }

    /// A user whom the caller may handle, and what the caller may do.
    private func administered(_ id: Identifier<User>, by access: Access) throws -> (User, Grants) {
        let grants = try administer(.usersWrite, by: access)
        guard let user = try user(id), user.workspaceId == access.workspaceId else { throw Refusal.notFound }
        try grants.require(toCover: user.role.grants)
        return (user, grants)
    }

    /// A role that somebody with `grants` may give.
    private func givenRole(
        _ name: String, within grants: Grants, in workspaceId: Identifier<Workspace>
    ) throws -> Role {
        guard let role = try role(named: name, in: workspaceId) else {
            throw Refusal.invalid([FieldProblem(field: "role", code: "unknown_role", message: "is no role")])
        }
        try grants.require(toCover: role.grants)
        return role
    }

    /// A workspace whose last admin is gone could never be administered again.
    private func requireAnotherAdmin(than user: User, unlessStill role: Role, _ status: User.Status) throws {
        guard user.role == .admin, user.status == .active, role != .admin || status != .active else { return }
        let other = try connection.integer(
            """
            SELECT id FROM users WHERE workspace_id = ? AND role = ? AND status = 'active' AND deleted_at IS NULL \
            AND id <> ? LIMIT 1
            """, [.identifier(user.workspaceId), .text(Role.admin.name), .identifier(user.id)])
        guard other != nil else { throw Refusal.conflict("this is the last active admin") }
    }

    private func save(_ patch: UserPatch, of user: User) throws {
        let email = patch.email ?? user.email
        let locale = patch.locale ?? user.locale
        do {
            try connection.run(
                "UPDATE users SET name = ?, email = ?, email_key = ?, locale = ? WHERE id = ?",
                [
                    .text(patch.name ?? user.name), .text(email), .text(User.emailKey(email)), .optional(locale),
                    .identifier(user.id),
                ])
        } catch StorageFailure.constraint {
            throw Refusal.emailTaken
        }
    }

    /// Ends what a user has under way, and lets others answer what waits for them.
    private func endPresence(of user: User, by access: Access) throws {
        try revokeLogins(of: user.id)
        try releaseAllConversations(of: .agent(user.id), by: access)
        if let contactId = user.contactId { try closeSessions(of: contactId, in: user.workspaceId) }
    }

    /// Takes a user out of the staff's circles.
    private func endMembership(of user: User) throws {
        try connection.run(
            "UPDATE api_keys SET revoked_at = ? WHERE user_id = ? AND revoked_at IS NULL",
            [.time(now), .identifier(user.id)])
        try leaveTeams(user.id)
    }

    /// Closes the live visits of a registered customer.
    private func closeSessions(of contactId: Identifier<Contact>, in workspaceId: Identifier<Workspace>) throws {
        let live = try connection.rows(
            """
            SELECT s.id FROM conversations c JOIN chat_sessions s ON s.conversation_id = c.id \
            WHERE c.workspace_id = ? AND c.contact_id = ? AND s.status IN ('active', 'idle')
            """, [.identifier(workspaceId), .identifier(contactId)]
        ) { $0.identifier(0, of: ChatSession.self) }
        for id in live { try closeSession(id, by: .server(of: workspaceId)) }
    }
}

extension User {
    /// What the audit log tells of a user.
    var administered: JSONValue {
        [
            "email": .string(email), "name": .string(name), "role": .string(role.name),
            "status": .string(status.rawValue), "locale": JSONValue(locale),
        ]
    }

    fileprivate func changes(to user: User) -> Changes {
        var changes = Changes()
        changes.note("email", .string(email), .string(user.email))
        changes.note("name", .string(name), .string(user.name))
        changes.note("role", .string(role.name), .string(user.role.name))
        changes.note("status", .string(status.rawValue), .string(user.status.rawValue))
        changes.note("locale", JSONValue(locale), JSONValue(user.locale))
        return changes
    }
}

extension RowReader {
    /// A user whom the caller may change, as far as can be seen now.
    /// - Throws: ``Refusal/notFound``, ``Refusal/forbidden``.
    public func administrable(_ id: Identifier<User>, by access: Access) throws -> User {
        try access.require(.usersWrite)
        guard let user = try user(id), user.workspaceId == access.workspaceId else { throw Refusal.notFound }
        if let staff = access.staff { try staff.grants.require(toCover: user.role.grants) }
        return user
    }

    /// A user of the workspace.
    /// - Throws: ``Refusal/notFound``, ``Refusal/forbidden``.
    public func user(_ id: Identifier<User>, by access: Access) throws -> User {
        try access.require(.usersRead)
        guard let user = try user(id), user.workspaceId == access.workspaceId else { throw Refusal.notFound }
        return user
    }

    /// Users of the workspace, newest first.
    public func users(
        _ filter: UserFilter, after position: KeysetPosition?, limit: Int, by access: Access
    ) throws -> KeysetSlice<User> {
        try access.require(.usersRead)
        var conditions = ["u.workspace_id = ?", UserRow.isThere]
        var arguments: [SQLValue] = [.identifier(access.workspaceId)]
        func add(_ condition: String, _ values: SQLValue...) {
            conditions.append(condition)
            arguments += values
        }
        if let position { add("u.id < ?", .integer(position.id)) }
        if let role = filter.role { add("u.role = ?", .text(role)) }
        if let status = filter.status { add("u.status = ?", .text(status.rawValue)) }
        if let team = filter.team {
            add("u.id IN (SELECT m.user_id FROM team_members m WHERE m.team_id = ?)", .identifier(team))
        }
        if let text = filter.text {
            let pattern = SQLValue.text("%\(Self.unwild(text))%")
            let email = connection.searched("u.email_key")
            add("(u.name LIKE ? ESCAPE '!' OR \(email) LIKE ? ESCAPE '!')", pattern, pattern)
        }
        arguments.append(.integer(Int64(limit) + 1))
        let users = try connection.rows(
            """
            SELECT \(UserRow.columns) FROM \(UserRow.tables) WHERE \(conditions.joined(separator: " AND ")) \
            ORDER BY u.id DESC LIMIT ?
            """, arguments, UserRow.decode)
        return KeysetSlice(users, limit: limit) { $0.id.rawValue }
    }

    /// A text in which no character is a wildcard of LIKE.
    private static func unwild(_ text: String) -> String {
        var plain = ""
        for character in text.unicodeScalars {
            if character == "%" || character == "_" || character == "!" { plain += "!" }
            plain.unicodeScalars.append(character)
        }
        return plain
    }
}
