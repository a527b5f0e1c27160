import HTTPAPI

/// Where the server runs: what is convenient in development is refused in production.
enum DeploymentEnvironment: String, Sendable, CaseIterable {
    case development, production
}

/// Everything that is configured, read once and validated. Nothing behind it looks at the environment.
struct ServerConfiguration: Sendable {
    /// A part of the server that a process can run or leave to others.
    enum Component: String, Sendable, CaseIterable {
        case realtime, assistant, api, admin, scheduler
    }

    /// The admin that the first start creates.
    struct Admin: Sendable {
        static let builtInPassword = Secret("admin123456")

        let email: String
        let password: Secret
        /// Whether ``password`` is the well-known one, because no other was given. Production must neither create
        /// nor keep such an admin: ``ConfigurationProblem/builtInAdminPassword``.
        let hasBuiltInPassword: Bool
    }

    struct Sessions: Sendable, Equatable {
        /// Without activity for this long, a session is idle.
        let idle: Duration
        /// This long after the last activity, a session expires.
        let lifetime: Duration
    }

    /// Files that people send.
    struct Attachments: Sendable, Equatable {
        /// Of the folder that holds them.
        let path: String
        /// Of one file.
        let maximumBytes: Int64
    }

    /// Secrets that keys are made from.
    struct Secrets: Sendable, Equatable {
        /// Signs access tokens.
        let jwt: Secret
        /// Encrypts secrets stored in the database.
        let encryption: Secret
        /// Decrypt what was encrypted with them before.
        let formerEncryption: [Secret]
    }

    let environment: DeploymentEnvironment
    let nodeId: String
    let components: Set<Component>
    let dataDirectory: DataDirectory
    let database: DatabaseAddress
    let redis: RedisAddress?
    let attachments: Attachments
    let http: HTTPConfiguration
    let assistant: AssistantConfiguration
    let limits: LimitsConfiguration
    let sessions: Sessions
    let admin: Admin
    let registration: HTTPSettings.Registration
    let secrets: Secrets
    let logs: LogsConfiguration
    /// What looks wrong but does not stop the start, a line each, without values.
    let warnings: [String]
}
