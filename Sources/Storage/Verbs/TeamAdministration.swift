public import Domain

/// What admins enter of a team. `nil` leaves a field.
public struct TeamPatch: Sendable, Equatable {
    public var name: String?
    /// All members, each once.
    public var members: [Identifier<User>]?

    public init(name: String? = nil, members: [Identifier<User>]? = nil) {
        self.name = name
        self.members = members
    }
}

extension Transaction {
    /// Teams of a workspace, at most.
    public static var maximumTeams: Int { 500 }

    /// Makes a team.
    /// - Throws: ``Refusal/forbidden``; ``Refusal/conflict(_:)`` for a name that is taken and for too many;
    ///   ``Refusal/invalid(_:)`` for members who are no active staff.
    public func createTeam(name: String, members: [Identifier<User>], by access: Access) throws -> Team {
        _ = try administer(.teamsWrite, by: access)
        try requireFreeTeamName(name, besides: nil, in: access.workspaceId)
        let count = try connection.integer(
            "SELECT COUNT(*) FROM teams WHERE workspace_id = ?", [.identifier(access.workspaceId)])
        guard count ?? 0 < Self.maximumTeams else {
            throw Refusal.conflict("a workspace has at most \(Self.maximumTeams) teams")
        }
        let members = try checked(members, besides: [], in: access.workspaceId)
        let team = Team(
            id: identifiers.next(), workspaceId: access.workspaceId, name: name, members: members, createdAt: now,
            updatedAt: now)
        try connection.run(
            "INSERT INTO teams (id, workspace_id, name, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
            [.identifier(team.id), .identifier(team.workspaceId), .text(name), .time(now), .time(now)])
        try enlist(members, in: team)
        try reachChanged(of: members)
        try audit(
            .teamCreated, .team(team.id),
            after: ["name": .string(name), "members": try emails(of: members)], by: access)
        return team
    }

    /// Changes a team. Whom its members work with follows at once, in lists and sockets.
    /// - Throws: ``Refusal/notFound``, ``Refusal/forbidden``, ``Refusal/conflict(_:)`` for a name that is taken,
    ///   ``Refusal/invalid(_:)`` for new members who are no active staff.
    public func updateTeam(_ id: Identifier<Team>, _ patch: TeamPatch, by access: Access) throws -> Team {
        _ = try administer(.teamsWrite, by: access)
        let old = try team(id, in: access.workspaceId)
        var team = old
        if let name = patch.name, name != old.name {
            try requireFreeTeamName(name, besides: id, in: access.workspaceId)
            team.name = name
        }
        if let members = patch.members {
            team.members = try checked(members, besides: Set(old.members), in: access.workspaceId)
        }
        guard team != old else { return old }
        team.updatedAt = now
        let (joined, left) = (Set(team.members).subtracting(old.members), Set(old.members).subtracting(team.members))
        try connection.run(
            "UPDATE teams SET name = ?, updated_at = ? WHERE id = ?",
            [.text(team.name), .time(now), .identifier(id)])
        for user in left {
            try connection.run(
                "DELETE FROM team_members WHERE team_id = ? AND user_id = ?", [.identifier(id), .identifier(user)])
        }
        try enlist(team.members.filter(joined.contains), in: team)
        if !joined.isEmpty || !left.isEmpty { try reachChanged(of: Set(old.members).union(joined)) }
        var changes = Changes()
        changes.note("name", .string(old.name), .string(team.name))
        changes.note("members", try emails(of: old.members), try emails(of: team.members))
        try audit(.teamUpdated, .team(id), before: changes.before, after: changes.after, by: access)
        return team
    }

    /// Adds a member, or leaves one who is there.
    /// - Throws: as ``updateTeam(_:_:by:)``; ``Refusal/notFound`` also for somebody who is no active staff.
    public func addMember(_ user: Identifier<User>, to id: Identifier<Team>, by access: Access) throws -> Team {
        _ = try administer(.teamsWrite, by: access)
        let team = try team(id, in: access.workspaceId)
        guard !team.members.contains(user) else { return team }
        guard try activeStaff(user, in: access.workspaceId) != nil else { throw Refusal.notFound }
        guard team.members.count < Team.maximumMembers else {
            throw Refusal.conflict("a team has at most \(Team.maximumMembers) members")
        }
        return try updateTeam(id, TeamPatch(members: team.members + [user]), by: access)
    }

    /// Removes a member.
    /// - Throws: ``Refusal/notFound`` also for somebody who is none, ``Refusal/forbidden``.
    public func removeMember(_ user: Identifier<User>, from id: Identifier<Team>, by access: Access) throws {
        _ = try administer(.teamsWrite, by: access)
        let team = try team(id, in: access.workspaceId)
        guard team.members.contains(user) else { throw Refusal.notFound }
        _ = try updateTeam(id, TeamPatch(members: team.members.filter { $0 != user }), by: access)
    }

    /// Deletes a team. Its conversations go back to the queue.
    /// - Throws: ``Refusal/notFound``, ``Refusal/forbidden``.
    public func deleteTeam(_ id: Identifier<Team>, by access: Access) throws {
        let team = try dismissible(id, by: access)
        try releaseAllConversations(of: .team(id), by: access)
        let members = try emails(of: team.members)
        try connection.run("DELETE FROM team_members WHERE team_id = ?", [.identifier(id)])
        try connection.run("DELETE FROM teams WHERE id = ?", [.identifier(id)])
        try connection.run(
            "UPDATE inboxes SET handoff_team_id = NULL WHERE workspace_id = ? AND handoff_team_id = ?",
            [.identifier(access.workspaceId), .identifier(id)])
        try reachChanged(of: team.members)
        try audit(
            .teamDeleted, .team(id), before: ["name": .string(team.name), "members": members], by: access)
    }

    /// A team that the caller may delete.
    /// - Throws: as ``deleteTeam(_:by:)``.
    @discardableResult
    public func dismissible(_ id: Identifier<Team>, by access: Access) throws -> Team {
        _ = try administer(.teamsWrite, by: access)
        return try team(id, in: access.workspaceId)
    }

    /// Takes a user out of every team.
    func leaveTeams(_ user: Identifier<User>) throws {
        let colleagues = try connection.rows(
            """
            SELECT DISTINCT other.user_id FROM team_members mine \
            JOIN team_members other ON other.team_id = mine.team_id WHERE mine.user_id = ?
            """, [.identifier(user)]
        ) { $0.identifier(0, of: User.self) }
        guard !colleagues.isEmpty else { return }
        try connection.run("DELETE FROM team_members WHERE user_id = ?", [.identifier(user)])
        try reachChanged(of: colleagues)
    }

    /// Members as they are to stand, in the order of their keys. Who is a member already may be suspended meanwhile.
    private func checked(
        _ members: [Identifier<User>], besides present: Set<Identifier<User>>, in workspaceId: Identifier<Workspace>
    ) throws -> [Identifier<User>] {
        var problems: [FieldProblem] = []
        for (index, user) in members.enumerated() where !present.contains(user) {
            guard try activeStaff(user, in: workspaceId) == nil else { continue }
            problems.append(
                FieldProblem(
                    field: "members[\(index)]", code: "not_found", message: "must be an active member of staff"))
        }
        guard problems.isEmpty else { throw Refusal.invalid(problems) }
        return Set(members).sorted { $0.rawValue < $1.rawValue }
    }

    private func enlist(_ members: [Identifier<User>], in team: Team) throws {
        for user in members {
            try connection.run(
                "INSERT INTO team_members (team_id, user_id, workspace_id) VALUES (?, ?, ?)",
                [.identifier(team.id), .identifier(user), .identifier(team.workspaceId)])
        }
    }

    private func requireFreeTeamName(
        _ name: String, besides id: Identifier<Team>?, in workspaceId: Identifier<Workspace>
    ) throws {
        let holder = try connection.integer(
            "SELECT id FROM teams WHERE workspace_id = ? AND name = ?", [.identifier(workspaceId), .text(name)])
        guard holder == nil || holder == id?.rawValue else { throw Refusal.conflict("another team has this name") }
    }

    /// How the audit log names members: row keys mean nothing to its readers.
    private func emails(of members: [Identifier<User>]) throws -> JSONValue {
        .array(try members.compactMap { try user($0).map { .string($0.email) } })
    }
}

extension RowReader {
    /// A team of the workspace.
    /// - Throws: ``Refusal/notFound``, ``Refusal/forbidden``.
    public func team(_ id: Identifier<Team>, by access: Access) throws -> Team {
        try access.require(.teamsRead)
        return try team(id, in: access.workspaceId)
    }

    fileprivate func team(_ id: Identifier<Team>, in workspaceId: Identifier<Workspace>) throws -> Team {
        let team = try connection.row(
            "SELECT \(TeamRow.columns) FROM teams WHERE id = ? AND workspace_id = ?",
            [.identifier(id), .identifier(workspaceId)], TeamRow.decode)
        guard var team else { throw Refusal.notFound }
        team.members = try connection.rows(
            "SELECT user_id FROM team_members WHERE team_id = ? ORDER BY user_id", [.identifier(id)]
        ) { $0.identifier(0) }
        return team
    }

    /// Teams of the workspace, newest first.
    public func teams(
        after position: KeysetPosition?, limit: Int, by access: Access
    ) throws -> KeysetSlice<Team> {
        try access.require(.teamsRead)
        let teams = try connection.rows(
            "SELECT \(TeamRow.columns) FROM teams WHERE workspace_id = ? AND id < ? ORDER BY id DESC LIMIT ?",
            [.identifier(access.workspaceId), .integer(position?.id ?? Int64.max), .integer(Int64(limit) + 1)],
            TeamRow.decode)
        var slice = KeysetSlice(teams, limit: limit) { $0.id.rawValue }
        guard let first = slice.items.first, let last = slice.items.last else { return slice }
        var members: [Identifier<Team>: [Identifier<User>]] = [:]
        try connection.each(
            """
            SELECT m.team_id, m.user_id FROM teams t JOIN team_members m ON m.team_id = t.id \
            WHERE t.workspace_id = ? AND t.id BETWEEN ? AND ? ORDER BY m.team_id, m.user_id
            """, [.identifier(access.workspaceId), .identifier(last.id), .identifier(first.id)]
        ) { row in
            members[row.identifier(0), default: []].append(row.identifier(1))
            return true
        }
        for index in slice.items.indices { slice.items[index].members = members[slice.items[index].id] ?? [] }
        return slice
    }
}

enum TeamRow {
    static let columns = "id, workspace_id, name, created_at, updated_at"

    /// Without its members.
    static func decode(_ row: any SQLRow) -> Team {
        Team(
            id: row.identifier(0), workspaceId: row.identifier(1), name: row.text(2), members: [],
            createdAt: row.timestamp(3), updatedAt: row.timestamp(4))
    }
}
