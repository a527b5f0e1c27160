import Domain
import Identity
import Storage
import Wire

/// The verbs, on a database that this process holds.
struct DatabaseOperations: Operations {
    /// How long one call counts.
    private static let countingTime = Duration.seconds(1)

    let database: OpenDatabase
    let passwords: PasswordHasher

    func migrate() async throws -> MigrationSummary { database.migration }

    func createWorkspace(_ workspace: NewWorkspace) async throws -> WorkspaceSummary {
        guard Workspace.isValidSlug(workspace.slug) else {
            throw CommandFailure.refused("a slug has 1 to 40 of a–z, 0–9 and inner hyphens, such as acme-support")
        }
        let (key, secret) = (InboxKeys.publicKey(), Array(InboxKeys.secret().utf8))
        do {
            let (made, _) = try await database.store.write {
                try $0.createWorkspace(
                    slug: workspace.slug, name: workspace.name, inboxKey: key, inboxSecret: secret)
            }
            return WorkspaceSummary(
                id: database.views.identifiers.text(made.id), slug: made.slug, name: made.name, inboxKey: key,
                inboxSecret: String(decoding: secret, as: UTF8.self))
        } catch Refusal.conflict(let detail) {
            throw CommandFailure.refused(detail)
        }
    }

    func createUser(_ user: NewUser) async throws -> UserSummary {
        let workspace = try await workspace(user.workspace)
        let roles = try await database.store.read { try $0.roles(in: workspace.id) }
        guard let role = roles.first(where: { $0.name == user.role }) else {
            throw CommandFailure.refused(
                "there is no role \(user.role); there are \(roles.map(\.name).joined(separator: ", "))")
        }
        guard let email = EmailAddress(user.email) else { throw CommandFailure.refused("that is no e-mail address") }
        try require(user.password, of: email.text, for: role)
        let hash = try await passwords.hash(user.password)
        do {
            let made = try await database.store.write {
                try $0.addUser(
                    UserDraft(email: email.text, name: user.name, passwordHash: hash, role: role.name),
                    by: .server(of: workspace.id))
            }
            return summary(made, workspace)
        } catch Refusal.emailTaken {
            throw CommandFailure.refused("a user with this e-mail exists in \(workspace.slug)")
        }
    }

    func setPassword(_ change: PasswordChange) async throws -> UserSummary {
        let workspace = try await workspace(change.workspace)
        let found = try await database.store.read { try $0.user(email: change.email, in: workspace.id) }
        guard let user = found?.user else { throw CommandFailure.refused("there is no such user in \(workspace.slug)") }
        try require(change.password, of: user.email, for: user.role)
        let hash = try await passwords.hash(change.password)
        try await database.store.write { try $0.resetPassword(of: user.id, hash: hash, by: .server(of: workspace.id)) }
        return summary(user, workspace)
    }

    func rebuildStatistics() async throws -> StatisticsState {
        try await StatisticsKeeper(database.store).rebuild()
        return try await statisticsState()
    }

    func continueStatistics() async throws -> StatisticsState {
        let keeper = StatisticsKeeper(database.store)
        let end = ContinuousClock.now + Self.countingTime
        while ContinuousClock.now < end {
            guard try await !keeper.advance() else { continue }
            let state = try await statisticsState()
            if state.hasReached(state.head) { return state }
            // A newer build may count them, on another node.
            try await ContinuousClock().sleep(for: .milliseconds(100))
        }
        return try await statisticsState()
    }

    private func statisticsState() async throws -> StatisticsState {
        let (progress, head) = try await StatisticsKeeper(database.store).progress()
        return StatisticsState(
            position: progress?.position ?? 0, head: head, isClearing: progress?.state == .clearing)
    }

    func doctor() async throws -> [DoctorCheck] {
        var checks: [DoctorCheck] = [
            DoctorCheck(name: "schema", status: .ok, detail: "version \(database.migration.version)")
        ]
        do {
            // A write that changes nothing shows that the file can be written and synced.
            let epoch = database.logEpoch
            _ = try await database.store.write { try $0.keep([], as: .logEpoch) }
            checks.append(DoctorCheck(name: "database", status: .ok, detail: "reads and writes, log \(epoch)"))
        } catch {
            checks.append(
                DoctorCheck(
                    name: "database", status: .failed,
                    detail: "cannot be written: \(error); check the disk's space and the folder's owner"))
        }
        checks.append(await secretsCheck())
        return checks
    }

    private func secretsCheck() async -> DoctorCheck {
        do {
            let found = try await SecretUpkeep(store: database.store).run()
            let text = "\(found.secrets) encrypted with the key \(found.keyId)"
            return DoctorCheck(
                name: "secrets", status: found.damaged == 0 ? .ok : .failed,
                detail: found.damaged == 0
                    ? text : "\(text), of which \(found.damaged) cannot be read; give these inboxes new ones")
        } catch {
            return DoctorCheck(name: "secrets", status: .failed, detail: CommandFailure(error).description)
        }
    }

    func close() async { await database.close() }

    func workspace(_ slug: String) async throws -> Workspace {
        guard let workspace = try await database.store.read({ try $0.workspace(slug: slug) }) else {
            throw CommandFailure.refused("there is no workspace \(slug)")
        }
        return workspace
    }

    private func require(_ password: String, of email: String, for role: Role) throws {
        let rules = role.isStaff ? PasswordRules.staff : PasswordRules.customer
        if let problem = rules.problem(with: password, email: email, field: "password") {
            throw CommandFailure.refused("the password \(problem.message)")
        }
    }

    private func summary(_ user: User, _ workspace: Workspace) -> UserSummary {
        UserSummary(
            id: database.views.identifiers.text(user.id), workspace: workspace.slug, email: user.email,
            role: user.role.name)
    }
}

/// The same inside a running server, whose database stays open when a verb is done.
struct ServerOperations: Operations {
    let operations: DatabaseOperations

    func migrate() async throws -> MigrationSummary {
        MigrationSummary(version: operations.database.migration.version, applied: [])
    }
    func createWorkspace(_ workspace: NewWorkspace) async throws -> WorkspaceSummary {
        try await operations.createWorkspace(workspace)
    }
    func createUser(_ user: NewUser) async throws -> UserSummary { try await operations.createUser(user) }
    func setPassword(_ change: PasswordChange) async throws -> UserSummary {
        try await operations.setPassword(change)
    }
    func rebuildStatistics() async throws -> StatisticsState { try await operations.rebuildStatistics() }
    func continueStatistics() async throws -> StatisticsState { try await operations.continueStatistics() }
    func doctor() async throws -> [DoctorCheck] { try await operations.doctor() }
    func close() async {}
}
