import Assistant

/// A model that always says the same and is paid for.
struct ScriptedModel: ReplyProvider {
    static let usage = TokenUsage(input: 100, output: 20)

    let name = "model"
    let model = "gpt-1"

    func reply(
        to prompt: ReplyPrompt, within deadlines: ReplyDeadlines,
        deliver: @escaping @Sendable (ReplyChunk) async throws -> Void
    ) async throws -> ReplyFinish {
        try await deliver(.text("As far as I know."))
        try await deliver(.usage(Self.usage))
        return .stop
    }
}
