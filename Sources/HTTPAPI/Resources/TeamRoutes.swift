import Domain
import HTTPTypes
import Storage
import Wire

/// Members of staff who answer together.
struct TeamRoutes: Sendable {
    /// Unicode scalars of a team's name.
    static let name = 1...64

    let store: ChatStore
    let views: ViewMaker

    struct New: Codable, Sendable, Validated {
        var name: String
        /// Ids of users, who must be active staff.
        var members: [String]?

        func validate(_ check: inout Validation) {
            check.text(name, field: "name", scalars: TeamRoutes.name)
            TeamRoutes.validate(members, &check)
        }
    }

    struct Edit: Decodable, Sendable, Validated {
        var name: Patch<String>
        /// Ids of all members as they are to be.
        var members: Patch<[String]>

        func validate(_ check: inout Validation) {
            check.present(name, field: "name")
            check.text(name, field: "name", scalars: TeamRoutes.name)
            TeamRoutes.validate(members.applied(to: nil), &check)
        }
    }

    private static let path = "/api/v1/admin/teams"
    private static let team = path + "/{id}"
    private static let member = team + "/members/{user_id}"

    func register(in table: inout EndpointTable) {
        table.group = "Teams"
        registerTeams(in: &table)
        registerMembers(in: &table)
    }

    private func registerTeams(in table: inout EndpointTable) {
        table.get(
            Self.path, summary: "Teams, newest first", access: .staff(.teamsRead), query: Paging.parameters,
            response: ListView<TeamView>.self
        ) { call in
            let access = call.access
            var query = call.query
            let page = query.page(of: "teams", Team.self)
            try query.finish()
            let slice = try await store.read {
                try $0.teams(after: page.position, limit: page.limit, by: access)
            }
            return Answer(ListView(slice, of: "teams", Team.self, views.identifiers, views.team))
        }
        table.post(
            Self.path, summary: "Add a team", access: .staff(.teamsWrite), request: New.self, response: TeamView.self,
            status: .created, problems: [.conflict]
        ) { body, call in
            let patch = try patch(name: body.name, members: body.members ?? [])
            let access = call.access
            let team = try await store.write {
                try $0.createTeam(name: body.name, members: patch.members ?? [], by: access)
            }
            return answer(team)
        }
        table.get(Self.team, summary: "A team", access: .staff(.teamsRead), response: TeamView.self) { call in
            let (id, access) = (try call.id(Team.self), call.access)
            return answer(try await store.read { try $0.team(id, by: access) })
        }
        table.edit(
            Self.team, of: Team.self, summary: "Change a team's name or members", access: .staff(.teamsWrite),
            request: Edit.self, response: TeamView.self, problems: [.conflict],
            lock: { call, _ in Workspace.lock(on: call.access.workspaceId) }, read: { try $0.team($1, by: $2) },
            check: { body, _ in
                try patch(
                    name: body.name.requiredValue(field: "name"),
                    members: body.members.isAbsent ? nil : body.members.applied(to: nil) ?? [])
            }, change: { try $0.updateTeam($1, $2, by: $3) }, view: { team, _ in views.team(team) })
        table.delete(
            Self.team, summary: "Delete a team; its conversations go back to the queue", access: .staff(.teamsWrite),
            problems: [.preconditionFailed]
        ) { call in
            let (id, access, precondition) = (try call.id(Team.self), call.access, call.precondition)
            try await store.releaseAhead(.team(id), by: access) { transaction in
                try transaction.lockAccounts(of: access.workspaceId)
                try precondition.check(EntityTag(transaction.team(id, by: access)))
                try transaction.dismissible(id, by: access)
            }
            try await change(id, call) { try $0.deleteTeam(id, by: $1) }
            return .done
        }
    }

    private func registerMembers(in table: inout EndpointTable) {
        table.put(
            Self.member, summary: "Add a member of staff to a team", access: .staff(.teamsWrite),
            response: TeamView.self, problems: [.conflict, .preconditionFailed]
        ) { call in
            let (id, user) = (try call.id(Team.self), try call.id(User.self, in: "user_id"))
            return answer(try await change(id, call) { try $0.addMember(user, to: id, by: $1) })
        }
        table.delete(
            Self.member, summary: "Take somebody out of a team", access: .staff(.teamsWrite),
            problems: [.preconditionFailed]
        ) { call in
            let (id, user) = (try call.id(Team.self), try call.id(User.self, in: "user_id"))
            try await change(id, call) { try $0.removeMember(user, from: id, by: $1) }
            return .done
        }
    }

    /// Changes a team that is still what the caller read.
    private func change<Value: Sendable>(
        _ id: Identifier<Team>, _ call: Call, _ work: @escaping @Sendable (Transaction, Access) throws -> Value
    ) async throws -> Value {
        let (access, precondition) = (call.access, call.precondition)
        return try await store.write(locking: Workspace.lock(on: access.workspaceId)) { transaction in
            try precondition.check(EntityTag(transaction.team(id, by: access)))
            return try work(transaction, access)
        }
    }

    private func answer(_ team: Team) -> Answer<TeamView> { Answer(views.team(team), tag: EntityTag(team)) }

    private static func validate(_ members: [String]?, _ check: inout Validation) {
        check.note(.items(maximum: Team.maximumMembers), of: "members")
        guard let members, members.count > Team.maximumMembers else { return }
        check.reject("members", code: "too_many", message: "must have at most \(Team.maximumMembers) items")
    }

    private func patch(name: String?, members: [String]?) throws(ValidationProblems) -> TeamPatch {
        guard let members else { return TeamPatch(name: name) }
        var check = Validation()
        var users: [Identifier<User>] = []
        for (index, text) in members.enumerated() {
            if let user = views.identifiers.identifier(text, of: User.self) {
                users.append(user)
            } else {
                check.reject("members[\(index)]", code: "not_found", message: "must be an active member of staff")
            }
        }
        try check.finish()
        return TeamPatch(name: name, members: users)
    }
}

extension Team: Editable {
    var entityTag: EntityTag { EntityTag(fields: [name] + members.map { String($0.rawValue) }) }
}
