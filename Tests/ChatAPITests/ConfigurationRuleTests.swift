import StorageMySQL
import Testing

@testable import ChatAPI

/// Rules between keys.
@Suite struct ConfigurationRuleTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func refusal(_ environment: [String: String]) -> ConfigurationProblem? {
        do {
            _ = try folder.configuration(environment)
            return nil
        } catch {
            return error
        }
    }

    // MARK: Providers

    @Test func providersWithAKeyComeFirstAndBuiltinLast() throws {
        func names(_ environment: [String: String]) throws -> [AssistantConfiguration.ProviderName] {
            try folder.configuration(environment).assistant.providers.map(\.name)
        }
        #expect(try names([:]) == [.builtin])
        #expect(try names(["OPENAI_API_KEY": "k"]) == [.openai, .builtin])
        #expect(try names(["OPENAI_API_KEY": "k", "DASHSCOPE_API_KEY": "k"]) == [.dashscope, .openai, .builtin])
        #expect(try names(["OPENAI_API_KEY": "k", "AI_PROVIDERS": "builtin"]) == [.builtin])
        #expect(try names(["OPENAI_API_KEY": "k", "AI_PROVIDERS": "openai"]) == [.openai])
    }

    @Test func aProviderIsToldWhatItNeeds() throws {
        let configuration = try folder.configuration([
            "AI_PROVIDERS": "openai,dashscope", "OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": "https://llm.example/v1/",
            "OPENAI_MODEL": "m", "DASHSCOPE_API_KEY": "sk-2", "DASHSCOPE_DIALECT": "native",
        ])
        let dashScope = AssistantConfiguration.DashScope(
            rootURL: try WebAddress("https://dashscope.aliyuncs.com"), apiKey: Secret("sk-2"), model: "qwen-plus",
            dialect: .native)
        let openAI = AssistantConfiguration.OpenAI(
            baseURL: try WebAddress("https://llm.example/v1"), apiKey: Secret("sk-1"), model: "m")
        #expect(configuration.assistant.providers == [.openAI(openAI), .dashScope(dashScope)])
        #expect(dashScope.compatibleBaseURL == "https://dashscope.aliyuncs.com/compatible-mode/v1")
    }

    @Test(arguments: [
        ["AI_PROVIDERS": "openai,builtin"],
        ["AI_PROVIDERS": "builtin,openai", "OPENAI_BASE_URL": "https://8.8.8.8/v1"],
        ["AI_PROVIDERS": "openai", "OPENAI_BASE_URL": "https://localhost.example.com/v1"],
        ["AI_PROVIDERS": "openai", "OPENAI_BASE_URL": "https://172.32.0.1/v1"],
        ["AI_PROVIDERS": "openai", "DASHSCOPE_API_KEY": "k"],
    ]) func aListedProviderWithoutItsKeyIsRefused(_ environment: [String: String]) {
        #expect(refusal(environment)?.key == "OPENAI_API_KEY")
    }

    @Test func dashscopeWithoutItsKeyIsRefused() {
        #expect(refusal(["AI_PROVIDERS": "dashscope,builtin"])?.key == "DASHSCOPE_API_KEY")
    }

    @Test(arguments: [
        "http://localhost:11434/v1", "http://127.0.0.1:1/v1", "http://127.9.9.9/v1", "http://10.1.2.3/v1",
        "http://172.16.0.1/v1", "http://192.168.1.9:8080/v1", "http://[::1]:11434/v1", "http://[fd00::1]/v1",
        "http://[::ffff:192.168.0.1]/v1", "http://llm.localhost/v1",
    ]) func aLocalProviderNeedsNoKey(_ baseURL: String) throws {
        let providers = try folder.configuration(["AI_PROVIDERS": "openai", "OPENAI_BASE_URL": baseURL]).assistant
            .providers
        #expect(providers.map(\.name) == [.openai])
    }

    @Test func aReplyMustOutlastTheLastCandidate() throws {
        #expect(refusal(["AI_LAST_CANDIDATE_SECONDS": "75"])?.key == "AI_REPLY_SECONDS")
        #expect(refusal(["AI_REPLY_SECONDS": "20"])?.key == "AI_REPLY_SECONDS")
        #expect(refusal(["AI_LAST_CANDIDATE_SECONDS": "75", "AI_REPLY_SECONDS": "76"]) == nil)
    }

    // MARK: Drivers

    @Test func mysqlIsRead() throws {
        let url = "mysql://chat:hunter2%40@db.example:3307/chat?ssl-mode=required"
        guard case .mysql(let server) = try DatabaseAddress(url) else {
            Issue.record("not read as MySQL")
            return
        }
        #expect(server.host == "db.example")
        #expect(server.port == 3307)
        #expect(server.user == "chat")
        #expect(server.password == "hunter2@")
        #expect(server.database == "chat")
        #expect(server.security.mode == .required)
    }

    @Test func anOptionThatThereIsNotIsRefusedWithoutThePassword() throws {
        let url = "mysql://chat:hunter2@db.example/chat?tls=require"
        let refused = try #require(refusal(["DATABASE_URL": url]))
        #expect(refused.key == "DATABASE_URL")
        #expect(refused.problem.contains("ssl-mode"))
        #expect(!refused.description.contains("hunter2"))
    }

    @Test func mysqlNeedsGivenSecrets() {
        let url = "mysql://chat:pw@db.example/chat"
        #expect(refusal(["DATABASE_URL": url])?.key == "JWT_SECRET")
        #expect(
            refusal(["DATABASE_URL": url, "JWT_SECRET": String(repeating: "j7", count: 20)])?.key == "ENCRYPTION_KEY")
    }

    @Test func redisHasNoOptionsButItsAuthorities() throws {
        let refused = try #require(refusal(["REDIS_URL": "redis://:hunter2@cache:6380/2?timeout=3"]))
        #expect(refused.key == "REDIS_URL")
        #expect(!refused.description.contains("hunter2"))
        #expect(try RedisAddress("rediss://cache?ssl-ca=/etc/ca.pem").authorityFile == "/etc/ca.pem")
        #expect(throws: WrongValue.self) { try RedisAddress("redis://cache?ssl-ca=/etc/ca.pem") }
    }

    @Test func redisIsRead() throws {
        let address = try RedisAddress("rediss://user:pw@cache:6380/2")
        #expect(address.isSecure)
        #expect(address.database == 2)
        #expect(address.server.port == 6380)
        #expect(address.server.user == "user")
        #expect(try RedisAddress("redis://[::1]").server.host == "::1")
    }

    @Test func oneProcessRunsEverythingOnSQLite() throws {
        let refused = try #require(refusal(["COMPONENTS": "api,admin"]))
        #expect(refused.key == "COMPONENTS")
        #expect(refused.problem.contains("realtime, assistant, scheduler"))
    }

    // MARK: Production

    @Test func productionStartsWithWhatIsMadeByItself() throws {
        let configuration = try folder.configuration(["ENVIRONMENT": "production"])
        #expect(configuration.http.host == "0.0.0.0")
        #expect(configuration.http.corsOrigins == .listed([]))
        // Nobody has given a password: whether that matters is known only to the one who looks at the admin.
        #expect(configuration.admin.hasBuiltInPassword)
    }

    @Test func productionRefusesTheBuiltInAdminPassword() throws {
        let refused = try #require(refusal(["ENVIRONMENT": "production", "ADMIN_PASSWORD": "admin123456"]))
        #expect(refused == ConfigurationProblem.builtInAdminPassword)
        #expect(!refused.description.contains("admin123456"))
        let configuration = try folder.configuration(["ENVIRONMENT": "production", "ADMIN_PASSWORD": "a better one"])
        #expect(!configuration.admin.hasBuiltInPassword)
    }

    @Test(arguments: ["JWT_SECRET", "ENCRYPTION_KEY"]) func productionRefusesPlaceholders(_ key: String) throws {
        for placeholder in ["your-secret-key-change-in-production-please", String(repeating: "abc", count: 20)] {
            let refused = try #require(refusal(["ENVIRONMENT": "production", key: placeholder]))
            #expect(refused.key == key)
            #expect(!refused.description.contains(placeholder))
            #expect(refusal([key: placeholder]) == nil)
        }
        #expect(refusal(["ENVIRONMENT": "production", key: "x8!kQz0pL2mV7cR4tB9wN5sJ1hF6gD3y"]) == nil)
    }

    @Test(arguments: [
        "RATE_CONTACT_FRAMES_PER_SECOND", "RATE_STAFF_FRAMES_PER_SECOND", "RATE_CONTACT_MESSAGES_PER_MINUTE",
        "RATE_LOGIN_PER_MINUTE", "RATE_SESSIONS_PER_MINUTE", "RATE_REQUESTS_PER_SECOND", "LOCKOUT_FAILURES",
        "MAX_SOCKETS_PER_PRINCIPAL", "MAX_SOCKETS_PER_ADDRESS",
    ]) func productionRefusesToTurnALimitOff(_ key: String) throws {
        let refused = try #require(refusal(["ENVIRONMENT": "production", key: "0"]))
        #expect(refused.key == key)
        #expect(refused.problem.contains("production"))
        #expect(refusal([key: "0"]) == nil)
    }

    @Test func zeroIsOff() throws {
        let limits = try folder.configuration(["RATE_LOGIN_PER_MINUTE": "0", "MAX_SOCKETS_PER_ADDRESS": "0"]).limits
        #expect(limits.loginsPerMinute == nil)
        #expect(limits.socketsPerAddress == nil)
        #expect(limits.requestsPerSecond == 50)
    }
}
