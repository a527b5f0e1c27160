import HTTPAPI

extension ServerConfiguration {
    /// Reads and validates the whole configuration; then, and only then, makes what is made once: the data folder, the
    /// kept secrets and the node's name.
    ///
    /// - Throws: the first problem found, in the order of ``ConfigurationKey/all``'s groups.
    init(from sources: ConfigurationSources) throws(ConfigurationProblem) {
        let file = try EnvironmentFile.read(in: sources.workingDirectory)
        let values = ConfigurationValues(layers: [sources.options, sources.environment, file])

        environment = try values.required(.environment, Parse.choice(of: DeploymentEnvironment.self))
        http = try HTTPConfiguration(values, environment: environment)
        let nodeId = try values.optional(.nodeId, Parse.nodeName)
        components = Set(try values.required(.components, Parse.list(Parse.choice(of: Component.self))))

        let folder = try values.required(.dataDirectory, Parse.path)
        dataDirectory = DataDirectory(path: folder, below: sources.workingDirectory)
        database =
            try values.optional(.databaseURL, DatabaseAddress.init)?.below(sources.workingDirectory)
            ?? .sqlite(path: dataDirectory.file("chat.db"))
        redis = try values.optional(.redisURL, RedisAddress.init)
        attachments = Attachments(
            path: try values.optional(.attachmentDirectory, Parse.path).map {
                DataDirectory.path($0, below: sources.workingDirectory)
            } ?? dataDirectory.file("attachments"),
            maximumBytes: Int64(try values.required(.attachmentMaxBytes, Parse.integer(in: 1...Self.largestAttachment)))
        )
        let jwtSecret = try Self.secret(.jwtSecret, values, environment, database)
        let encryptionKeys = try Self.secrets(.encryptionKey, values, environment, database)
        try Self.checkDrivers(database: database, redis: redis, components: components)

        admin = try Self.admin(values, environment)
        registration = try values.required(.registration, Parse.choice(of: HTTPSettings.Registration.self))
        sessions = Sessions(
            idle: try values.required(.sessionIdleSeconds, Parse.seconds(in: 1...Self.longestSession)),
            lifetime: try values.required(.sessionTTLSeconds, Parse.seconds(in: 1...Self.longestSession)))
        assistant = try AssistantConfiguration(values)
        limits = try LimitsConfiguration(values, environment: environment)
        logs = try LogsConfiguration(values, terminal: sources.terminal)
        warnings = Self.warnings(file: file)

        try dataDirectory.create()
        self.nodeId = if let nodeId { nodeId } else { try dataDirectory.keptNodeName(hostName: sources.hostName) }
        let keys = if let encryptionKeys { encryptionKeys } else { try dataDirectory.keptSecrets("encryption-key") }
        secrets = Secrets(
            jwt: try dataDirectory.secret(jwtSecret, orKeptAs: "jwt-secret"), encryption: keys.current,
            formerEncryption: keys.former)
    }

    /// Bytes: 1 GiB. A form is not the way to send more.
    private static let largestAttachment = 1 << 30

    /// Seconds: 90 days, as long as an expired session's token is good for anything at all.
    private static let longestSession = 90 * 86_400

    private static func secret(
        _ key: ConfigurationKey, _ values: ConfigurationValues, _ environment: DeploymentEnvironment,
        _ database: DatabaseAddress
    ) throws(ConfigurationProblem) -> Secret? {
        let secret = try values.optional(key, Parse.keyMaterial)
        try check(secret.map { [$0] }, of: key, environment, database)
        return secret
    }

    private static func secrets(
        _ key: ConfigurationKey, _ values: ConfigurationValues, _ environment: DeploymentEnvironment,
        _ database: DatabaseAddress
    ) throws(ConfigurationProblem) -> KeyRing? {
        let ring = try values.optional(key, KeyRing.init)
        try check(ring.map { [$0.current] + $0.former }, of: key, environment, database)
        return ring
    }

    private static func check(
        _ secrets: [Secret]?, of key: ConfigurationKey, _ environment: DeploymentEnvironment,
        _ database: DatabaseAddress
    ) throws(ConfigurationProblem) {
        guard let secrets else {
            // A secret made by one node would not be known to the others.
            if case .mysql = database {
                throw key.problem("is missing: it is required with MySQL, the same on every node")
            }
            return
        }
        if environment == .production, secrets.contains(where: \.looksLikeAPlaceholder) {
            throw key.problem("is a placeholder, not a secret, which ENVIRONMENT=production refuses")
        }
    }

    /// One process owns a SQLite file, so it runs everything and has nobody to talk to.
    private static func checkDrivers(
        database: DatabaseAddress, redis: RedisAddress?, components: Set<Component>
    ) throws(ConfigurationProblem) {
        guard case .sqlite = database else { return }
        let missing = Component.allCases.filter { !components.contains($0) }.map(\.rawValue)
        guard missing.isEmpty else {
            throw ConfigurationKey.components.problem(
                "leaves out \(missing.joined(separator: ", ")), but one process runs everything on SQLite")
        }
    }

    private static func admin(
        _ values: ConfigurationValues, _ environment: DeploymentEnvironment
    ) throws(ConfigurationProblem) -> Admin {
        let email = try values.required(.adminEmail, Parse.email)
        let given = try values.optional(.adminPassword, Parse.password)
        if environment == .production, given == Admin.builtInPassword {
            throw ConfigurationProblem.builtInAdminPassword
        }
        let password = given ?? Admin.builtInPassword
        return Admin(email: email, password: password, hasBuiltInPassword: password == Admin.builtInPassword)
    }

    /// A key in `.env` that the server does not know is most likely a mistyped one. In the process environment
    /// everybody's variables stand, so nothing can be said there.
    private static func warnings(file: [String: String]) -> [String] {
        let known = Set(ConfigurationKey.all.map(\.name))
        return file.keys.filter { !known.contains($0) && !$0.hasPrefix("CHAT_API_") }.sorted().map {
            "\(EnvironmentFile.name) has \($0), which is not a key of Chat API"
        }
    }
}

extension DatabaseAddress {
    /// The same, with a relative path of a file starting from `directory`.
    func below(_ directory: String) -> DatabaseAddress {
        guard case .sqlite(let path) = self else { return self }
        return .sqlite(path: DataDirectory.path(path, below: directory))
    }
}
