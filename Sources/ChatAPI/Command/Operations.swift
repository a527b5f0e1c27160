/// What the verbs other than `serve` do with the data.
///
/// There are two of them: one works on the database, in the server or in a process that holds the database alone;
/// ``RemoteOperations`` asks a running server for the same through its control socket. Errors meant for the one who
/// typed the command are thrown as ``CommandFailure``.
protocol Operations: KnowledgeOperations {
    /// Brings the schema up to date.
    func migrate() async throws -> MigrationSummary
    /// Creates a workspace. A taken or malformed slug is refused.
    func createWorkspace(_ workspace: NewWorkspace) async throws -> WorkspaceSummary
    /// Creates a user. A taken e-mail, an unknown role or workspace, or a weak password is refused.
    func createUser(_ user: NewUser) async throws -> UserSummary
    /// Sets a user's password and ends the user's logins.
    func setPassword(_ change: PasswordChange) async throws -> UserSummary
    /// Has the statistics counted anew. Returns at once.
    func rebuildStatistics() async throws -> StatisticsState
    /// Counts for a second at most.
    func continueStatistics() async throws -> StatisticsState
    /// Checks what only the one who has the database can check.
    func doctor() async throws -> [DoctorCheck]
    /// Gives back what was opened for this.
    func close() async
}

/// What `migrate` did.
struct MigrationSummary: Codable, Sendable, Equatable {
    /// Version of the schema now.
    let version: Int
    /// Names of the migrations that ran.
    let applied: [String]
}

/// What `workspace create` asks for.
struct NewWorkspace: Codable, Sendable, Equatable {
    let slug: String
    let name: String
}

struct WorkspaceSummary: Codable, Sendable, Equatable {
    let id: String
    let slug: String
    let name: String
    /// Public key by which a widget names the workspace's inbox.
    let inboxKey: String
    /// What the company signs identity tokens with. Shown now and never again.
    let inboxSecret: String
}

/// What `user create` asks for.
struct NewUser: Codable, Sendable {
    /// Slug of the workspace.
    let workspace: String
    let email: String
    let name: String
    let role: String
    let password: String
}

/// What `user set-password` asks for.
struct PasswordChange: Codable, Sendable {
    /// Slug of the workspace.
    let workspace: String
    let email: String
    let password: String
}

struct UserSummary: Codable, Sendable, Equatable {
    let id: String
    /// Slug of the workspace.
    let workspace: String
    let email: String
    let role: String
}

/// One line of `doctor`.
struct DoctorCheck: Codable, Sendable, Equatable {
    enum Status: String, Codable, Sendable {
        case ok, warning, failed
    }

    let name: String
    let status: Status
    /// What was found, and what to do about it.
    let detail: String
}
