import Domain
import HTTPTypes
import Storage
import Wire

/// Roles, and the permissions that they are made of.
struct RoleRoutes: Sendable {
    /// Unicode scalars of a role's name.
    static let name = 1...64

    let store: ChatStore
    let views: ViewMaker

    struct New: Codable, Sendable, Validated {
        var name: String
        /// Such as `contacts:read` or `conversations:read:team`: see `/api/v1/admin/permissions`.
        var permissions: [String]

        func validate(_ check: inout Validation) {
            check.text(name, field: "name", scalars: RoleRoutes.name)
            check.permissions(permissions, field: "permissions")
        }
    }

    struct Edit: Decodable, Sendable, Validated {
        var name: Patch<String>
        /// All that the role is to grant.
        var permissions: Patch<[String]>

        func validate(_ check: inout Validation) {
            check.present(name, field: "name")
            check.present(permissions, field: "permissions")
            check.text(name, field: "name", scalars: RoleRoutes.name)
            check.permissions(permissions.applied(to: nil), field: "permissions")
        }
    }

    private static let path = "/api/v1/admin/roles"
    private static let role = path + "/{id}"

    func register(in table: inout EndpointTable) {
        table.group = "Roles"
        table.get(
            Self.path, summary: "Roles: those that are built in, then the workspace's own", access: .staff(.rolesRead),
            query: Paging.parameters, response: ListView<RoleView>.self
        ) { call in
            let access = call.access
            var query = call.query
            let page = query.page(of: "roles", Role.self)
            try query.finish()
            let slice = try await store.read {
                try $0.roles(after: page.position, limit: page.limit, by: access)
            }
            return Answer(
                ListView(slice, of: "roles", Role.self, views.identifiers) { views.role($0.role, users: $0.users) })
        }
        table.post(
            Self.path, summary: "Add a role, with no permission that one does not have oneself",
            access: .staff(.rolesWrite), request: New.self, response: RoleView.self, status: .created,
            problems: [.conflict]
        ) { body, call in
            let access = call.access
            let grants = Grants(body.permissions.compactMap { Permission($0) })
            let role = try await store.write { try $0.createRole(name: body.name, grants: grants, by: access) }
            return Answer(views.role(role, users: 0), tag: EntityTag(role))
        }
        table.get(Self.role, summary: "A role", access: .staff(.rolesRead), response: RoleView.self) { call in
            let access = call.access
            let builtIn = Role.builtIn(call.parameter("id"))
            let id = builtIn == nil ? try call.id(Role.self) : nil
            let (role, users) = try await store.read { snapshot in
                let role = try id.map { try snapshot.role($0, by: access) } ?? builtIn
                guard let role else { throw Refusal.notFound }
                return (role, try snapshot.users(withRole: role.name, by: access))
            }
            return Answer(views.role(role, users: users), tag: EntityTag(role))
        }
        table.patch(
            Self.role, summary: "Change a role; whoever has it gets the new rights, everywhere within a second",
            access: .staff(.rolesWrite), request: Edit.self, response: RoleView.self, problems: [.conflict]
        ) { body, call in
            let name = try body.name.requiredValue(field: "name")
            let permissions = try body.permissions.requiredValue(field: "permissions")
            let patch = RolePatch(name: name, grants: permissions.map { Grants($0.compactMap { Permission($0) }) })
            let (id, access, precondition) = (try Self.ownRole(call), call.access, call.precondition)
            let changed = try await store.write(locking: Workspace.lock(on: access.workspaceId)) { transaction in
                try precondition.check(EntityTag(transaction.role(id, by: access)))
                return try transaction.updateRole(id, patch, by: access)
            }
            return Answer(views.role(changed.role, users: changed.users), tag: EntityTag(changed.role))
        }
        table.remove(
            Self.role, of: Role.self, summary: "Delete a role that nobody has", access: .staff(.rolesWrite),
            problems: [.conflict], id: Self.ownRole, lock: { call, _ in Workspace.lock(on: call.access.workspaceId) },
            read: { try $0.role($1, by: $2) }, remove: { try $0.deleteRole($1, by: $2) })
        table.get(
            "/api/v1/admin/permissions", summary: "Every permission there is, and what the scopes mean",
            access: .staff(.rolesRead), response: PermissionsView.self
        ) { _ in
            Answer(PermissionsView())
        }
    }

    /// The role of the path, which must not be a built-in one.
    private static let ownRole: @Sendable (Call) throws -> Identifier<Role> = { call in
        guard Role.builtIn(call.parameter("id")) == nil else {
            throw Refusal.conflict("built-in roles are what they are")
        }
        return try call.id(Role.self)
    }
}

extension Role: Editable {
    var entityTag: EntityTag { EntityTag(fields: [name] + permissions.map(\.text)) }
}
