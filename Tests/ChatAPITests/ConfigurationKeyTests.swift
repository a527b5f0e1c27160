import Testing

@testable import ChatAPI

/// One key, values that are taken and values that are refused.
struct KeyCase: Sendable, CustomTestStringConvertible {
    let key: ConfigurationKey
    let good: [String]
    let bad: [String]
    /// What else must be given for the good values.
    var with: [String: String] = [:]

    var testDescription: String { key.name }
}

@Suite struct ConfigurationKeyTests {
    static let cases: [KeyCase] = [
        KeyCase(
            key: .environment, good: ["development", "production", "PRODUCTION"], bad: ["prod", "live", "development,"]),
        KeyCase(
            key: .host, good: ["127.0.0.1", "::", "::1", "0.0.0.0", "localhost", "chat.example.com"],
            bad: ["[::1]", "300.1.1.1", "a b", "http://localhost", "127.0.0.1:80", "-x", "1.2.3"]),
        KeyCase(
            key: .port, good: ["0", "1", "8000", "65535"],
            bad: ["65536", "-1", "+80", "80a", "8 0", "0x50", "1e3", "٣"]),
        KeyCase(
            key: .publicURL, good: ["https://chat.example.com", "http://localhost:8000/", "https://[::1]:8443/chat"],
            bad: [
                "chat.example.com", "ftp://x", "https://", "https://a b", "https://u:p@h", "https://h?x=1",
                "https://h#x",
                "https://h:99999", "https://h:0",
            ]),
        KeyCase(
            key: .nodeId, good: ["n", "Node_1.a-b"], bad: ["a b", "knoten-ü", String(repeating: "n", count: 65), "a/b"]),
        KeyCase(
            key: .components,
            good: ["realtime,assistant,api,admin,scheduler", "scheduler, api ,admin,assistant,REALTIME"],
            bad: ["api", "all", "realtime,,api", "api,api,realtime,assistant,admin,scheduler"]),
        KeyCase(
            key: .trustedProxies, good: ["127.0.0.1", "10.0.0.0/8, fd00::/8", "0.0.0.0/0", "::ffff:10.0.0.0/104"],
            bad: ["10.0.0.0/33", "localhost", "10.0.0.0/", "10.0.0.0/-1", "::/129", ",", "::ffff:10.0.0.0/8"]),
        KeyCase(
            key: .corsOrigins, good: ["*", "https://a.example, http://localhost:3000", "https://a.example/"],
            bad: ["https://a.example/x", "a.example", "https://a.example,*", "null"]),
        KeyCase(key: .dataDirectory, good: ["data", "deep/er", "data/"], bad: ["taken-by-a-file", "no\0way"]),
        KeyCase(
            key: .databaseURL, good: ["sqlite:data/chat.db", "sqlite:x.db", "sqlite:///tmp/x/chat.db"],
            bad: [
                "data/chat.db", "sqlite:", "sqlite::memory:", "sqlite://host/chat.db", "sqlite:data/",
                "sqlite:x.db?mode=ro",
                "postgres://localhost/x", "mysql://", "mysql://host/name", "mysql://user:hunter2hunter2@host:3306/",
                "mysql://user:hunter2#hunter2@host/name", "mysql://user:hunter2hunter2@ho st/name",
            ]),
        KeyCase(
            key: .redisURL, good: [],
            bad: ["localhost:6379", "redis://", "redis://:hunter2hunter2@h:99999", "redis://h/x", "http://h"]),
        KeyCase(
            key: .jwtSecret, good: [String(repeating: "k3y", count: 11)],
            bad: ["short", String(repeating: "x", count: 31)]),
        KeyCase(
            key: .encryptionKey,
            good: [
                String(repeating: "k3y", count: 11),
                "\(String(repeating: "k3y", count: 11)), \(String(repeating: "old", count: 11))",
            ],
            bad: [
                "hunter2hunter2", "\(String(repeating: "k3y", count: 11)),",
                "hunter2,\(String(repeating: "k3y", count: 11))",
                "\(String(repeating: "k3y", count: 11)),\(String(repeating: "k3y", count: 11))",
            ]),
        KeyCase(key: .attachmentDirectory, good: ["files", "/srv/files"], bad: [String(repeating: "a", count: 5000)]),
        KeyCase(key: .attachmentMaxBytes, good: ["20971520"], bad: ["0", "-1", "much"]),
        KeyCase(
            key: .adminEmail, good: ["admin@chatapi.com", "a+b@localhost"],
            bad: ["admin", "@x.com", "a@", "a@b@c.com", "a b@c.com", "<a@b.com>", "a@-b.com"]),
        KeyCase(
            key: .adminPassword, good: ["admin123456", "八个字符也可以的", "  with spaces "],
            bad: ["hunter2", String(repeating: "p", count: 201)]),
        KeyCase(key: .registration, good: ["open", "invite", "closed"], bad: ["yes", "true"]),
        KeyCase(
            key: .metricsToken, good: ["0123456789abcdef"],
            bad: ["hunter2", "hunter2 hunter2 hunter2", "hunter2hunter2hunter2ü"]),
        KeyCase(key: .sessionIdleSeconds, good: ["1", "300"], bad: ["0", "-5", "300s", "7776001"]),
        KeyCase(key: .sessionTTLSeconds, good: ["1", "86400"], bad: ["0", "1.5", "9999999999999999999999"]),
        KeyCase(
            key: .aiProviders, good: ["builtin", "openai,builtin", "dashscope,openai,builtin"],
            bad: ["chatgpt", "openai,openai", ",", "openai builtin"],
            with: ["OPENAI_API_KEY": "sk-1", "DASHSCOPE_API_KEY": "sk-2"]),
        KeyCase(key: .openAIAPIKey, good: ["sk-x"], bad: ["hunter2 hunter2", "hunter2\r\nX-Evil: 1", "hünter2"]),
        KeyCase(
            key: .openAIBaseURL, good: ["http://127.0.0.1:11434/v1", "https://llm.example.com/v1/"],
            bad: ["api.openai.com", "https://user:hunter2@api.openai.com/v1", "file:///etc/passwd", "https://h/v1?x=1"]),
        KeyCase(key: .openAIModel, good: ["gpt-4o-mini", "org/model:7b"], bad: ["a model", "模型"]),
        KeyCase(key: .dashScopeAPIKey, good: ["sk-x"], bad: ["hunter2\thunter2"]),
        KeyCase(key: .dashScopeBaseURL, good: ["https://dashscope-intl.aliyuncs.com"], bad: ["dashscope", "https://"]),
        KeyCase(key: .dashScopeModel, good: ["qwen-plus"], bad: ["qwen plus"]),
        KeyCase(key: .dashScopeDialect, good: ["compatible", "native"], bad: ["openai"]),
        KeyCase(key: .aiContextTokens, good: ["1000", "32000"], bad: ["999", "32k"]),
        KeyCase(key: .aiFirstTokenSeconds, good: ["1", "8"], bad: ["0", "3601", "8.5"]),
        KeyCase(key: .aiLastCandidateSeconds, good: ["20", "74"], bad: ["0", "twenty"]),
        KeyCase(key: .aiIdleTokenSeconds, good: ["10"], bad: ["0"]),
        KeyCase(key: .aiReplySeconds, good: ["21", "75"], bad: ["20", "19", "0", "x"]),
        KeyCase(key: .aiBurstMilliseconds, good: ["0", "400"], bad: ["-1", "10001", "0.4"]),
        KeyCase(key: .aiDailyTokenBudget, good: ["1", "2000000"], bad: ["0", "-1", "none"]),
        KeyCase(key: .rateContactFrames, good: ["0", "10"], bad: ["-1", "many"]),
        KeyCase(key: .rateStaffFrames, good: ["0", "50"], bad: ["-1", "1000001"]),
        KeyCase(key: .rateContactMessages, good: ["0", "60"], bad: ["60/min"]),
        KeyCase(key: .rateLogin, good: ["0", "10"], bad: ["off"]),
        KeyCase(key: .rateSessions, good: ["0", "60"], bad: ["1,000"]),
        KeyCase(key: .rateRequests, good: ["0", "50"], bad: ["50.0"]),
        KeyCase(key: .lockoutFailures, good: ["0", "10"], bad: ["-10"]),
        KeyCase(key: .maxSocketsPerPrincipal, good: ["0", "20"], bad: ["x"]),
        KeyCase(key: .maxSocketsPerAddress, good: ["0", "200"], bad: ["-"]),
        KeyCase(key: .logLevel, good: ["trace", "INFO", "critical"], bad: ["verbose", "warn"]),
        KeyCase(key: .logFormat, good: ["json", "text"], bad: ["xml"]),
    ]

    @Test func everyKeyHasGoodAndBadValuesHere() {
        #expect(Self.cases.map(\.key.name) == ConfigurationKey.all.map(\.name))
        #expect(Set(ConfigurationKey.all.map(\.name)).count == ConfigurationKey.all.count)
    }

    @Test func theTableHasTheseKeysAndNoOthers() {
        let contract = """
            ENVIRONMENT HOST PORT PUBLIC_URL DATA_DIR NODE_ID COMPONENTS LOG_LEVEL LOG_FORMAT DATABASE_URL REDIS_URL
            JWT_SECRET ENCRYPTION_KEY ATTACHMENT_DIR ATTACHMENT_MAX_BYTES
            ADMIN_EMAIL ADMIN_PASSWORD REGISTRATION TRUSTED_PROXIES CORS_ORIGINS METRICS_TOKEN
            SESSION_IDLE_SECONDS SESSION_TTL_SECONDS AI_PROVIDERS OPENAI_API_KEY OPENAI_BASE_URL OPENAI_MODEL
            DASHSCOPE_API_KEY DASHSCOPE_BASE_URL DASHSCOPE_MODEL DASHSCOPE_DIALECT AI_CONTEXT_TOKENS
            AI_FIRST_TOKEN_SECONDS AI_LAST_CANDIDATE_SECONDS AI_IDLE_TOKEN_SECONDS AI_REPLY_SECONDS
            AI_BURST_MILLISECONDS AI_DAILY_TOKEN_BUDGET RATE_CONTACT_FRAMES_PER_SECOND RATE_STAFF_FRAMES_PER_SECOND
            RATE_CONTACT_MESSAGES_PER_MINUTE RATE_LOGIN_PER_MINUTE RATE_SESSIONS_PER_MINUTE RATE_REQUESTS_PER_SECOND
            LOCKOUT_FAILURES MAX_SOCKETS_PER_PRINCIPAL MAX_SOCKETS_PER_ADDRESS
            """
        #expect(
            Set(ConfigurationKey.all.map(\.name))
                == Set(contract.split(whereSeparator: \.isWhitespace).map(String.init)))
    }

    @Test(arguments: cases) func rightValuesAreTaken(_ item: KeyCase) throws {
        for value in item.good {
            let folder = try TemporaryFolder()
            var environment = item.with
            environment[item.key.name] = value
            // A production start is shown to work below; alone it lacks nothing else.
            #expect(throws: Never.self, "\(item.key.name)=\(value)") { try folder.configuration(environment) }
        }
    }

    @Test(arguments: cases) func wrongValuesAreRefusedInOneLineThatNamesTheKey(_ item: KeyCase) throws {
        for value in item.bad {
            let folder = try TemporaryFolder()
            try folder.write("", to: "taken-by-a-file")
            var environment = item.with
            environment[item.key.name] = value
            let problem = #expect(throws: ConfigurationProblem.self, "\(item.key.name)=\(value)") {
                try folder.configuration(environment)
            }
            guard let problem else { continue }
            #expect(problem.key == item.key.name)
            #expect(problem.example == item.key.example)
            let line = problem.description
            #expect(line.hasPrefix("\(item.key.name): "))
            #expect(line.contains("(example: \(item.key.name)="))
            #expect(line.isOneLine)
            #expect(CommandFailure(problem).exitCode == 78)
            if item.key.isSecret || value.contains("hunter2") { #expect(!line.contains("hunter2"), "\(line)") }
            // Nothing was made on disk on the way to the refusal.
            #expect(!folder.exists("data"))
        }
    }

    @Test(arguments: cases) func anEmptyValueIsNoValue(_ item: KeyCase) throws {
        let folder = try TemporaryFolder()
        for empty in ["", "  ", "\t"] {
            #expect(throws: Never.self) { try folder.configuration([item.key.name: empty]) }
        }
    }

    @Test func everyDefaultAndEveryPlainExampleIsARightValue() throws {
        for key in ConfigurationKey.all where !key.isSecret {
            let folder = try TemporaryFolder()
            for value in [key.fallback, key.example].compactMap(\.self) {
                // This one belongs to the machine's administrator.
                if key.name == ConfigurationKey.dataDirectory.name, value.hasPrefix("/") { continue }
                var environment = [
                    key.name: value, "OPENAI_API_KEY": "sk-1", "DASHSCOPE_API_KEY": "sk-2",
                ]
                if key.name == ConfigurationKey.openAIAPIKey.name { environment[key.name] = value }
                #expect(throws: Never.self, "\(key.name)=\(value)") { try folder.configuration(environment) }
            }
        }
    }

    @Test func hostileValuesCannotBreakTheLine() throws {
        let folder = try TemporaryFolder()
        let problem = #expect(throws: ConfigurationProblem.self) {
            try folder.configuration([
                "LOG_LEVEL": "a\u{1B}[2Jb\nchat-api: all is well\u{202E}" + String(repeating: "x", count: 5000)
            ])
        }
        let line = try #require(problem).description
        #expect(line.isOneLine)
        #expect(!line.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202E })
        #expect(line.count < 400)
    }
}
