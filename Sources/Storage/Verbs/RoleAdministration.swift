public import Domain

/// What admins enter of a role. `nil` leaves a field.
public struct RolePatch: Sendable, Equatable {
    public var name: String?
    public var grants: Grants?

    public init(name: String? = nil, grants: Grants? = nil) {
        self.name = name
        self.grants = grants
    }
}

/// A role, and how many have it.
public struct RoleInUse: Sendable, Equatable {
    public var role: Role
    public var users: Int64
}

extension Transaction {
    /// Roles of a workspace's own, at most: they are listed and compared as a whole.
    public static var maximumRoles: Int { 100 }

    /// Makes a role that goes in nothing beyond what the caller may do.
    /// - Throws: ``Refusal/forbidden``, ``Refusal/conflict(_:)`` for a name that is taken and for too many.
    public func createRole(name: String, grants: Grants, by access: Access) throws -> Role {
        let own = try administer(.rolesWrite, by: access)
        try own.require(toCover: grants)
        let others = try ownRoles(in: access.workspaceId)
        try requireFreeName(name, among: others)
        guard others.count < Self.maximumRoles else {
            throw Refusal.conflict("a workspace has at most \(Self.maximumRoles) roles of its own")
        }
        let role = Role(id: identifiers.next(), name: name, grants: grants, updatedAt: now)
        try connection.run(
            "INSERT INTO roles (id, workspace_id, name, permissions, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
            [
                .identifier(role.id), .identifier(access.workspaceId), .text(name), .text(try RoleRow.text(grants)),
                .time(now), .time(now),
            ])
        if let id = role.id { try audit(.roleCreated, .role(id), after: role.administered, by: access) }
        return role
    }

    /// Changes a role. Everybody who has it has the new rights with the commit: tokens from before are void, and sockets
    /// are closed.
    /// - Throws: ``Refusal/notFound``; ``Refusal/forbidden`` when the role goes beyond what the caller may do, before or
    ///   after; ``Refusal/conflict(_:)`` for a name that is taken.
    public func updateRole(_ id: Identifier<Role>, _ patch: RolePatch, by access: Access) throws -> RoleInUse {
        let own = try administer(.rolesWrite, by: access)
        let old = try ownRole(id, in: access.workspaceId)
        try own.require(toCover: old.grants)
        var role = old
        if let grants = patch.grants { role.grants = grants }
        if let name = patch.name { role.name = name }
        try own.require(toCover: role.grants)
        guard role != old else {
            return RoleInUse(role: old, users: try users(withRole: old.name, in: access.workspaceId))
        }
        if role.name != old.name {
            try requireFreeName(role.name, among: try ownRoles(in: access.workspaceId).filter { $0.id != id })
        }
        role.updatedAt = now
        try connection.run(
            "UPDATE roles SET name = ?, permissions = ?, updated_at = ? WHERE id = ?",
            [.text(role.name), .text(try RoleRow.text(role.grants)), .time(now), .identifier(id)])
        let users = try renewRights(ofRole: old.name, now: role.name, in: access.workspaceId)
        var changes = Changes()
        changes.note("name", .string(old.name), .string(role.name))
        changes.note("permissions", old.permissionTexts, role.permissionTexts)
        try audit(.roleUpdated, .role(id), before: changes.before, after: changes.after, by: access)
        return RoleInUse(role: role, users: users)
    }

    /// Deletes a role that nobody has and no open invitation promises.
    /// - Throws: ``Refusal/notFound``, ``Refusal/forbidden``, ``Refusal/conflict(_:)``.
    public func deleteRole(_ id: Identifier<Role>, by access: Access) throws {
        let own = try administer(.rolesWrite, by: access)
        let role = try ownRole(id, in: access.workspaceId)
        try own.require(toCover: role.grants)
        let holder = try connection.integer(
            "SELECT id FROM users WHERE workspace_id = ? AND role = ? AND deleted_at IS NULL LIMIT 1",
            [.identifier(access.workspaceId), .text(role.name)])
        guard holder == nil else { throw Refusal.conflict("users have this role: give them another one first") }
        let promised = try connection.integer(
            """
            SELECT id FROM invitations WHERE workspace_id = ? AND role = ? AND used_at IS NULL AND expires_at > ? \
            LIMIT 1
            """, [.identifier(access.workspaceId), .text(role.name), .time(now)])
        guard promised == nil else { throw Refusal.conflict("an open invitation is for this role: delete it first") }
        try connection.run("DELETE FROM roles WHERE id = ?", [.identifier(id)])
        try audit(.roleDeleted, .role(id), before: role.administered, by: access)
    }

    /// Gives all who have the role `old` the rights of `new`, which stands in its place.
    /// - Returns: how many they are.
    private func renewRights(
        ofRole old: String, now new: String, in workspaceId: Identifier<Workspace>
    ) throws -> Int64 {
        let changed = try connection.run(
            """
            UPDATE users SET role = ?, access_version = access_version + 1, access_changed_at = ? \
            WHERE workspace_id = ? AND role = ? AND deleted_at IS NULL
            """, [.text(new), .time(now), .identifier(workspaceId), .text(old)])
        if old != new {
            try connection.run(
                "UPDATE invitations SET role = ? WHERE workspace_id = ? AND role = ? AND used_at IS NULL",
                [.text(new), .identifier(workspaceId), .text(old)])
        }
        guard changed > 0 else { return 0 }
        committed.changedUsers += try connection.rows(
            "SELECT id, access_version FROM users WHERE workspace_id = ? AND role = ? AND deleted_at IS NULL",
            [.identifier(workspaceId), .text(new)]
        ) { ChangedAccess(userId: $0.identifier(0), version: $0.integer(1)) }
        return Int64(changed)
    }

    /// Two roles that people would take for one are not made, however databases compare.
    private func requireFreeName(_ name: String, among others: [Role]) throws(Refusal) {
        let form = Role.comparable(name)
        guard !Role.builtIn.contains(where: { $0.name == form }) else {
            throw .conflict("\(form) is a built-in role")
        }
        guard !others.contains(where: { Role.comparable($0.name) == form }) else {
            throw .conflict("another role has this name")
        }
    }
}

extension Role {
    /// The form under which names are compared.
    fileprivate static func comparable(_ name: String) -> String {
        name.split(whereSeparator: \.isWhitespace).joined(separator: " ").lowercased()
    }

    fileprivate var permissionTexts: JSONValue { .array(permissions.map { .string($0.text) }) }

    /// What the audit log tells of a role.
    fileprivate var administered: JSONValue { ["name": .string(name), "permissions": permissionTexts] }
}

extension RowReader {
    /// The workspace's own roles, in the order in which they were made.
    fileprivate func ownRoles(in workspaceId: Identifier<Workspace>) throws -> [Role] {
        try connection.rows(
            "SELECT \(RoleRow.columns) FROM roles WHERE workspace_id = ? ORDER BY id", [.identifier(workspaceId)],
            RoleRow.decode)
    }

    fileprivate func ownRole(_ id: Identifier<Role>, in workspaceId: Identifier<Workspace>) throws -> Role {
        let role = try connection.row(
            "SELECT \(RoleRow.columns) FROM roles WHERE id = ? AND workspace_id = ?",
            [.identifier(id), .identifier(workspaceId)], RoleRow.decode)
        guard let role else { throw Refusal.notFound }
        return role
    }

    /// A role by its name, built in or of the workspace's own; nil when there is none.
    public func role(named name: String, in workspaceId: Identifier<Workspace>) throws -> Role? {
        if let role = Role.builtIn(name) { return role }
        return try connection.row(
            "SELECT \(RoleRow.columns) FROM roles WHERE workspace_id = ? AND name = ?",
            [.identifier(workspaceId), .text(name)], RoleRow.decode)
    }

    /// A role of the workspace's own.
    /// - Throws: ``Refusal/notFound``, ``Refusal/forbidden``.
    public func role(_ id: Identifier<Role>, by access: Access) throws -> Role {
        try access.require(.rolesRead)
        return try ownRole(id, in: access.workspaceId)
    }

    /// How many have a role.
    public func users(withRole name: String, by access: Access) throws -> Int64 {
        try access.require(.rolesRead)
        return try users(withRole: name, in: access.workspaceId)
    }

    fileprivate func users(withRole name: String, in workspaceId: Identifier<Workspace>) throws -> Int64 {
        try connection.integer(
            "SELECT COUNT(*) FROM users WHERE workspace_id = ? AND role = ? AND deleted_at IS NULL",
            [.identifier(workspaceId), .text(name)]) ?? 0
    }

    /// The roles of a workspace: the built-in ones, then its own in the order in which they were made.
    public func roles(
        after position: KeysetPosition?, limit: Int, by access: Access
    ) throws -> KeysetSlice<RoleInUse> {
        try access.require(.rolesRead)
        let all = Role.builtIn + (try ownRoles(in: access.workspaceId))
        let placed = all.enumerated().map { index, role in
            // A built-in role's place is its number, which is below every key.
            (place: KeysetPosition(sortKey: 0, id: role.id?.rawValue ?? Int64(index)), role: role)
        }
        let page = placed.drop { position.map { $0.id } ?? -1 >= $0.place.id }.prefix(limit + 1)
        let shown = page.prefix(limit)
        let items = try shown.map { RoleInUse(role: $0.role, users: try users(withRole: $0.role.name, by: access)) }
        return KeysetSlice(items: items, next: page.count > limit ? shown.last?.place : nil)
    }
}
