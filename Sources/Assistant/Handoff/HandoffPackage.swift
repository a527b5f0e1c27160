public import Domain
public import Storage

/// Makes what goes with a handoff: what the contact is told, and what the humans are. At once and from what is at hand:
/// no model is asked while a customer waits for a human.
enum HandoffPackage {
    /// Lines of what was tried, the newest: more than that nobody reads before they answer.
    static let triedLines = 8
    /// Characters of one such line.
    static let lineLength = 200
    /// Characters of a summary.
    static let summaryLength = 2000

    /// - Parameters:
    ///   - question: what was asked, with what was said before; nil when it could not be read.
    ///   - receipt: of the reply that ends with the handoff.
    static func words(
        for cause: HandoffCause, _ question: ReplyQuestion?, receipt: ReplyReceipt? = nil
    ) -> HandoffWords {
        let language = question?.language ?? .english
        let handoff = Handoff(
            cause.reason, category: cause.category, urgency: cause.urgency, language: language.rawValue,
            summary: summary(cause, question, language), tried: tried(question?.history ?? [], receipt, language))
        return HandoffWords(
            announcement: Texts.handingOver(because: cause.reason, in: language), note: note(handoff, in: language),
            handoff: handoff)
    }

    private static func summary(_ cause: HandoffCause, _ question: ReplyQuestion?, _ language: Language) -> String {
        let said = question.map { $0.history + $0.asked } ?? []
        let turns = said.compactMap(turn)
        var parts: [String] = []
        if let told = cause.summary {
            parts = [told]
        } else if let rolling = question?.summary {
            // The rolling one ends where the newest messages begin.
            let newer = said.filter { $0.seq > rolling.upToSeq }.compactMap(turn)
            parts = [rolling.text, ExtractiveSummary.text(of: newer.isEmpty ? turns : newer, in: language)]
        } else {
            parts = [ExtractiveSummary.text(of: turns, in: language)]
        }
        return shortened(PromptText.clean(parts.joined(separator: "\n")), to: summaryLength)
    }

    private static func turn(_ message: Message) -> ReplyPrompt.Turn? {
        let text = message.told
        guard message.kind == .text || message.kind == .file, !text.isEmpty else { return nil }
        switch message.sender.kind {
        case .contact: return .init(.customer, text)
        case .agent: return .init(.humanAgent, text)
        case .ai: return .init(.assistant, text)
        case .system: return nil
        }
    }

    // MARK: What was tried

    private static func tried(_ history: [Message], _ receipt: ReplyReceipt?, _ language: Language) -> [String] {
        let answers = history.filter { $0.sender.kind == .ai && !$0.content.isEmpty }.map { answer($0, language) }
        var lines = answers.suffix(triedLines)
        for attempt in receipt?.attempts ?? [] {
            guard let failure = attempt.failure else { continue }
            lines.append(Texts.triedProvider(failure, in: language))
        }
        let cited = receipt?.passages.filter(\.isCited).map(\.title) ?? []
        if !cited.isEmpty { lines.append(Texts.triedSources(cited.joined(separator: ", "), in: language)) }
        return lines.suffix(triedLines).map { shortened(PromptText.line($0), to: lineLength) }
    }

    private static func answer(_ message: Message, _ language: Language) -> String {
        let titles = message.sources.map(\.title).joined(separator: ", ")
        let quote = shortened(PromptText.line(message.content), to: lineLength / 2)
        return Texts.triedAnswer(quote, sources: titles, wasWhole: message.status == .complete, in: language)
    }

    private static func shortened(_ text: String, to length: Int) -> String {
        text.count <= length ? text : text.prefix(length - 1) + "…"
    }

    // MARK: The note

    /// The package as staff read it.
    static func note(_ handoff: Handoff, in language: Language) -> String {
        var lines = [Texts.handoffHeading(handoff.reason, handoff.urgency, category: handoff.category, in: language)]
        lines.append(handoff.summary)
        if !handoff.tried.isEmpty {
            lines.append(Texts.triedHeading(in: language))
            lines += handoff.tried.map { "- \($0)" }
        }
        return lines.joined(separator: "\n")
    }
}

/// What goes with a handoff that no reply led to: a contact's button, or a question that nobody answered.
public enum HandoffDesk {
    /// See ``HandoffWording``.
    public static func words(
        _ reader: any RowReader, _ conversationId: Identifier<Conversation>, by access: Access,
        because reason: Handoff.Reason
    ) throws -> HandoffWords {
        // What was said is read as the server reads it: a contact's own view has the same messages.
        let question = try reader.lastWords(in: conversationId, of: access.workspaceId)
        let urgency = HandoffRules.urgency(of: question.text, because: reason)
        return HandoffPackage.words(for: HandoffCause(reason, urgency: urgency), question)
    }

    /// What the contact is told when the assistant answers again.
    public static func returnAnnouncement(
        _ reader: any RowReader, _ conversationId: Identifier<Conversation>, by access: Access
    ) throws -> String {
        Texts.backToAssistant(in: try reader.lastWords(in: conversationId, of: access.workspaceId).language)
    }
}
