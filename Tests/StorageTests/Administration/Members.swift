import Domain
import Foundation
import Storage

extension StoreFixture {
    /// A new user, signed in.
    func member(_ name: String, _ role: Role = .agent) async throws -> Access {
        let workspaceId = workspace.id
        let user = try await store.write {
            try $0.createUser(
                email: "\(name)@example.com", name: name, passwordHash: "hash", role: role, in: workspaceId)
        }
        return try await signedIn(user.id)
    }

    /// A sign-in of a user, with the rights of now.
    func signedIn(_ id: Identifier<User>) async throws -> Access {
        let (user, login) = try await store.write { try $0.beginLogin(of: id, refreshDigest: Self.bytes()) }
        return Access(
            workspaceId: workspace.id,
            principal: .staff(
                .init(
                    userId: user.id, name: user.name, role: user.role, credential: .login(login.id),
                    accessVersion: user.accessVersion)), address: "192.0.2.1")
    }

    /// A role of the workspace's own.
    func role(_ name: String, _ permissions: String...) async throws -> Role { try await role(name, permissions) }

    func role(_ name: String, _ permissions: [String]) async throws -> Role {
        let (admin, grants) = (admin, Grants(permissions.compactMap { Permission($0) }))
        return try await store.write { try $0.createRole(name: name, grants: grants, by: admin) }
    }

    /// A change of a user.
    @discardableResult
    func change(
        _ id: Identifier<User>, by access: Access, _ edit: @Sendable (inout UserPatch) -> Void
    ) async throws -> User {
        var patch = UserPatch()
        edit(&patch)
        let wanted = patch
        return try await store.write { try $0.updateUser(id, wanted, by: access) }
    }

    /// Lines of the audit log, newest first.
    func auditLog(_ filter: AuditFilter = AuditFilter(), limit: Int = 100) async throws -> [AuditEntry] {
        let admin = admin
        return try await store.read { try $0.auditLog(filter, after: nil, limit: limit, by: admin).items }
    }
}

extension Access {
    /// The user behind it.
    var userId: Identifier<User> { staff?.userId ?? Identifier(0) }
}

extension CommitRecorder {
    var changedUsers: [Identifier<User>] { changedAccess.map(\.userId) }
}
