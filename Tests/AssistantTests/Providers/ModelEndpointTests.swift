import Testing

@testable import Assistant

@Suite struct ModelEndpointTests {
    @Test(arguments: [
        ("https://api.openai.com/v1", "https://api.openai.com/v1/chat/completions", false),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1/chat/completions", false),
        ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1/chat/completions", true),
        ("http://localhost:8080/v1", "http://localhost:8080/v1/chat/completions", true),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1/chat/completions", true),
        ("http://192.168.1.5/v1", "http://192.168.1.5/v1/chat/completions", true),
        ("http://ollama:11434/v1", "http://ollama:11434/v1/chat/completions", true),
        ("http://172.32.0.1/v1", "http://172.32.0.1/v1/chat/completions", false),
        (
            "https://x.openai.azure.com/openai/deployments/d?api-version=1",
            "https://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=1", false
        ),
    ])
    func `makes the address from the base`(_ base: String, _ url: String, _ isLocal: Bool) {
        let endpoint = ModelEndpoint(chatCompletions: base)
        #expect(endpoint?.url == url)
        #expect(endpoint?.isLocal == isLocal)
        #expect(endpoint?.dialect == .chatCompletions)
    }

    @Test func `tells the vendor by the host, unless it is said`() {
        #expect(ModelEndpoint(chatCompletions: "https://api.openai.com/v1")?.vendor == .openAI)
        #expect(ModelEndpoint(chatCompletions: "https://x.openai.azure.com/openai")?.vendor == .openAI)
        #expect(ModelEndpoint(chatCompletions: "https://notopenai.com/v1")?.vendor == .other)
        #expect(
            ModelEndpoint(chatCompletions: "https://dashscope-intl.aliyuncs.com/compatible-mode/v1")?.vendor
                == .dashScope)
        #expect(
            ModelEndpoint(chatCompletions: "http://localhost/compatible-mode/v1", vendor: .dashScope)?.vendor
                == .dashScope)
    }

    @Test func `makes DashScope's own address from its root`() {
        let path = "/api/v1/services/aigc/text-generation/generation"
        for root in ["https://dashscope.aliyuncs.com", "https://dashscope.aliyuncs.com/"] {
            let endpoint = ModelEndpoint(dashScope: root)
            #expect(endpoint?.url == "https://dashscope.aliyuncs.com\(path)")
            #expect(endpoint?.vendor == .dashScope)
            #expect(endpoint?.dialect == .dashScopeNative)
        }
        #expect(ModelEndpoint(dashScope: "http://127.0.0.1:9")?.isLocal == true)
    }

    @Test(arguments: ["", "api.openai.com/v1", "ftp://x/v1", "http://", "not a url", "https://user:password@host/v1"])
    func `refuses what is no address`(_ base: String) {
        #expect(ModelEndpoint(chatCompletions: base) == nil)
        #expect(ModelEndpoint(dashScope: base) == nil)
    }

    @Test func `a key is never shown`() throws {
        let key = try #require(ProviderKey(" sk-verysecret123 "))
        var dumped = ""
        dump(key, to: &dumped)
        let endpoint = try #require(ModelEndpoint(chatCompletions: "http://localhost/v1"))
        let settings = RemoteProvider.Settings(endpoint: endpoint, key: key, model: "m", contextTokens: 1)
        for text in ["\(key)", String(reflecting: key), dumped, "\([key])", "\(settings)"] {
            #expect(!text.contains("verysecret"))
        }
        #expect(
            !key.redacted("Incorrect API key provided: sk-verysecret123. Or sk-other**********key, Bearer abcdefghijk")
                .contains("secret"))
        #expect(ProviderKey("") == nil)
        #expect(ProviderKey("a\nb: c") == nil)
    }
}
