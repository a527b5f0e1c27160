import Domain

/// Makes prompts: from what was said, and what the knowledge holds of it.
struct ReplyPromptMaker: Sendable {
    /// Pieces of articles that a reply may rest on.
    static let maximumPassages = 5

    let knowledge: KnowledgeLibrary

    /// The prompt for an answer.
    /// - Throws: ``StorageFailure``.
    func answer(to question: ReplyQuestion) async throws -> ReplyPrompt {
        let index = try await knowledge.index(of: question.workspaceId, at: question.knowledgeVersion)
        let language = question.language
        let previous = question.history.last { $0.sender.kind == .contact }?.content
        let synonyms = question.policy.synonyms
        let found = index.search(
            question.text, after: previous, in: language, limit: Self.maximumPassages,
            synonyms: synonyms.isEmpty ? nil : SynonymTable(synonyms))
        return ReplyPrompt(
            summary: question.summary?.text, turns: question.history.compactMap(Self.turn),
            interlude: question.interlude.compactMap(Self.turn), question: question.told, knowledge: found,
            language: language)
    }

    /// The prompt for a summary for staff.
    /// - Parameter history: oldest first.
    func summary(of history: [Message], in language: Language) -> ReplyPrompt {
        ReplyPrompt(
            system: SummaryPrompt.system, turns: history.compactMap(Self.turn), question: "", knowledge: .nothing,
            language: language, maximumOutputTokens: SummaryPrompt.outputTokens, task: .summary)
    }

    /// A message as a model sees it; nil for what it must not or need not see.
    static func turn(_ message: Message) -> ReplyPrompt.Turn? {
        let text = message.told
        guard message.kind == .text || message.kind == .file, !text.isEmpty else { return nil }
        switch (message.sender.kind, message.status) {
        case (.contact, _): return .init(.customer, text)
        case (.agent, _): return .init(.humanAgent, text)
        // Half an answer would teach the model to stop halfway.
        case (.ai, .complete): return .init(.assistant, text)
        case (.ai, _), (.system, _): return nil
        }
    }
}
