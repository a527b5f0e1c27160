import HTTPAPI
import Logging
import Observability
import Testing

@testable import ChatAPI

@Suite struct ConfigurationReadingTests {
    @Test func nothingGivenIsAWorkingConfiguration() throws {
        let folder = try TemporaryFolder()
        let configuration = try folder.configuration()
        #expect(configuration.environment == .development)
        #expect(configuration.http.host == "127.0.0.1")
        #expect(configuration.http.port == 8000)
        #expect(configuration.http.publicURL == nil)
        #expect(configuration.http.corsOrigins == .any)
        #expect(configuration.http.trustedProxies == .none)
        #expect(configuration.http.metricsToken == nil)
        #expect(configuration.components == Set(ServerConfiguration.Component.allCases))
        #expect(configuration.dataDirectory.path == folder.file("data"))
        #expect(configuration.database == .sqlite(path: folder.file("data/chat.db")))
        #expect(configuration.redis == nil)
        #expect(configuration.admin.email == "admin@chatapi.com")
        #expect(configuration.admin.password.reveal() == "admin123456")
        #expect(configuration.admin.hasBuiltInPassword)
        #expect(configuration.registration == .open)
        #expect(configuration.sessions == .init(idle: .seconds(300), lifetime: .seconds(86_400)))
        #expect(configuration.assistant.providers == [.builtin])
        #expect(configuration.assistant.contextTokens == 32_000)
        #expect(configuration.assistant.firstToken == .seconds(8))
        #expect(configuration.assistant.lastCandidate == .seconds(20))
        #expect(configuration.assistant.idleToken == .seconds(10))
        #expect(configuration.assistant.reply == .seconds(75))
        #expect(configuration.assistant.burst == .milliseconds(400))
        #expect(configuration.assistant.dailyTokenBudget == nil)
        #expect(configuration.limits.contactFramesPerSecond == 10)
        #expect(configuration.limits.staffFramesPerSecond == 50)
        #expect(configuration.limits.contactMessagesPerMinute == 60)
        #expect(configuration.limits.loginsPerMinute == 10)
        #expect(configuration.limits.sessionsPerMinute == 60)
        #expect(configuration.limits.requestsPerSecond == 50)
        #expect(configuration.limits.lockoutFailures == 10)
        #expect(configuration.limits.socketsPerPrincipal == 20)
        #expect(configuration.limits.socketsPerAddress == 200)
        #expect(configuration.logs.level == .info)
        #expect(configuration.logs.format == .json)
        #expect(configuration.nodeId.hasPrefix("test-host-"))
        #expect(configuration.warnings.isEmpty)
    }

    @Test func optionsWinOverTheEnvironmentWhichWinsOverTheFile() throws {
        let folder = try TemporaryFolder()
        try folder.write("PORT=1001\nHOST=::1\nNODE_ID=file\n", to: ".env")
        let sources = folder.sources(["PORT": "1002", "NODE_ID": "environment"], options: ["NODE_ID": "option"])
        let configuration = try ServerConfiguration(from: sources)
        #expect(configuration.http.host == "::1")
        #expect(configuration.http.port == 1002)
        #expect(configuration.nodeId == "option")
    }

    @Test func aWrongValueOfAWeakerSourceDoesNotMatter() throws {
        let folder = try TemporaryFolder()
        try folder.write("PORT=eighty\n", to: ".env")
        #expect(try folder.configuration(["PORT": "80"]).http.port == 80)
        #expect(throws: ConfigurationProblem.self) { try folder.configuration() }
    }

    @Test func theDatabaseLiesInTheDataFolderUnlessSaidOtherwise() throws {
        let folder = try TemporaryFolder()
        #expect(try folder.configuration(["DATA_DIR": "d"]).database == .sqlite(path: folder.file("d/chat.db")))
        let elsewhere = ["DATA_DIR": "d", "DATABASE_URL": "sqlite:e/x.db"]
        #expect(try folder.configuration(elsewhere).database == .sqlite(path: folder.file("e/x.db")))
        #expect(try folder.configuration(["DATABASE_URL": "sqlite:///abs/x.db"]).database == .sqlite(path: "/abs/x.db"))
        #expect(try folder.configuration(["DATABASE_URL": "sqlite:/abs/x.db"]).database == .sqlite(path: "/abs/x.db"))
    }

    @Test func addressesAreBroughtToOneSpelling() throws {
        let folder = try TemporaryFolder()
        let configuration = try folder.configuration([
            "PUBLIC_URL": "HTTPS://Chat.Example.com:443/base/",
            "CORS_ORIGINS": "HTTP://A.example:80, https://b.example:8443",
        ])
        #expect(configuration.http.publicURL?.description == "https://chat.example.com/base")
        #expect(configuration.http.publicURL?.isSecure == true)
        #expect(configuration.http.corsOrigins == .listed(["http://a.example", "https://b.example:8443"]))
        #expect(try WebAddress("http://[::1]:8000/").description == "http://[::1]:8000")
    }

    @Test func theLogIsTextOnATerminalOnly() throws {
        let folder = try TemporaryFolder()
        func format(_ environment: [String: String], isTerminal: Bool) throws -> LogFormat {
            var sources = folder.sources(environment)
            sources.terminal = Terminal(isTerminal: isTerminal, environment: environment)
            return try ServerConfiguration(from: sources).logs.format
        }
        #expect(try format([:], isTerminal: true) == .text(colours: true))
        #expect(try format(["NO_COLOR": "1"], isTerminal: true) == .text(colours: false))
        #expect(try format([:], isTerminal: false) == .json)
        #expect(try format(["LOG_FORMAT": "text"], isTerminal: false) == .text(colours: false))
        #expect(try format(["LOG_FORMAT": "json"], isTerminal: true) == .json)
    }

    @Test func aKeyInTheFileThatDoesNotExistIsWarnedAboutWithoutItsValue() throws {
        let folder = try TemporaryFolder()
        try folder.write("RATE_LOGIN_PER_MINUT=5\nJWT_SECRT=hunter2\n", to: ".env")
        let warnings = try folder.configuration(["SOMEBODY_ELSES": "x"]).warnings
        #expect(warnings.count == 2)
        #expect(warnings.contains { $0.contains("RATE_LOGIN_PER_MINUT") })
        #expect(!warnings.contains { $0.contains("hunter2") || $0.contains("SOMEBODY") })
    }

    @Test func secretsAreNotShownByPrinting() throws {
        let folder = try TemporaryFolder()
        let secret = "hunter2-hunter2-hunter2-hunter2-hunter2"
        let configuration = try folder.configuration([
            "JWT_SECRET": secret, "ENCRYPTION_KEY": secret, "ADMIN_PASSWORD": secret, "METRICS_TOKEN": secret,
            "OPENAI_API_KEY": secret,
        ])
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!dumped.contains("hunter2"))
        #expect(!"\(configuration)".contains("hunter2"))
        #expect(!String(reflecting: configuration).contains("hunter2"))
        #expect(configuration.secrets.jwt.reveal() == secret)
        #expect(configuration.secrets.jwt.bytes == Array(secret.utf8))
    }
}
