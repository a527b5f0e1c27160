import Domain
import Storage

extension RowReader {
    /// Messages before the question that are read as its context. More than a model's window holds in short messages.
    private static var historyLimit: Int { 200 }
    /// Where there are more, reading begins at a multiple of this: if it began a message later with every message, so
    /// would the prompt, and no provider could use what it has cached of the one before.
    private static var seqStep: Int64 { 64 }

    /// What a job's reply is asked for: the contact's messages since somebody last answered, and what was said before.
    func question(of job: ReplyJob) throws -> ReplyQuestion {
        let access = Access.server(of: job.workspaceId)
        let context = try replyContext(of: job.conversationId, in: job.workspaceId)
        let said = try said(
            in: job.conversationId, behind: context.summary, upTo: job.questionSeq, by: access
        ).filter { $0.id != job.id }
        let asked = said.reversed().prefix { $0.sender.kind == .contact }.reversed()
        guard !asked.isEmpty else { throw Refusal.notFound }
        let locale = try latestSessionLocale(of: job.conversationId)
        return ReplyQuestion(
            replyId: job.id, workspaceId: job.workspaceId, conversationId: job.conversationId,
            history: Array(said.dropLast(asked.count)), asked: Array(asked), locale: locale, context)
    }

    /// What an answer in this conversation would be to: the contact's newest messages in a row, answered or not.
    /// - Throws: ``Refusal/conflict(_:)`` when the contact has said nothing yet; ``Refusal/notFound``.
    func newestQuestion(in conversationId: Identifier<Conversation>, by access: Access) throws -> ReplyQuestion {
        var context = try replyContext(of: conversationId, in: access.workspaceId)
        var said = try said(in: conversationId, behind: context.summary, upTo: .max, by: access)
        if context.summary != nil, !said.contains(where: { $0.sender.kind == .contact }) {
            // What the contact said since was deleted.
            context.summary = nil
            said = try self.said(in: conversationId, behind: nil, upTo: .max, by: access)
        }
        guard let last = said.lastIndex(where: { $0.sender.kind == .contact }) else {
            throw Refusal.conflict("the contact has said nothing that could be answered")
        }
        let asked = said[...last].reversed().prefix { $0.sender.kind == .contact }.reversed()
        return ReplyQuestion(
            workspaceId: access.workspaceId, conversationId: conversationId,
            history: Array(said[...last].dropLast(asked.count)), asked: Array(asked),
            locale: try latestSessionLocale(of: conversationId), context)
    }

    /// What was said behind a summary, oldest first.
    private func said(
        in conversationId: Identifier<Conversation>, behind summary: ConversationSummary?, upTo last: Int64,
        by access: Access
    ) throws -> [Message] {
        let slice = try spoken(
            in: conversationId, after: summary?.upToSeq ?? 0, upTo: last, limit: Self.historyLimit, by: access)
        guard slice.hasMore, let first = slice.items.first?.seq else { return slice.items }
        let start = (first / Self.seqStep + 1) * Self.seqStep
        let rest = slice.items.filter { $0.seq >= start }
        // Enough is left even where every message has a seq; where few have, each counts.
        return rest.count >= Self.historyLimit / 2 ? rest : slice.items
    }

    /// Messages that a handoff's package is made from when no reply led to it.
    private static var packageLimit: Int { 60 }

    /// Where a conversation stands, for a handoff: unlike a question, it may hold nothing of the contact.
    func lastWords(
        in conversationId: Identifier<Conversation>, of workspaceId: Identifier<Workspace>
    ) throws
        -> ReplyQuestion
    {
        let slice = try messages(
            of: conversationId, SeqPage(.before(Int64.max), limit: Self.packageLimit), by: .server(of: workspaceId))
        let said = Self.said(slice)
        let asked = said.reversed().prefix { $0.sender.kind == .contact }.reversed()
        // The contact's own words tell its language also when somebody has answered them.
        let words = said.last { $0.sender.kind == .contact }.flatMap { Language.detect(in: $0.content) }
        return ReplyQuestion(
            workspaceId: workspaceId, conversationId: conversationId, history: Array(said.dropLast(asked.count)),
            asked: Array(asked), locale: try words?.rawValue ?? latestSessionLocale(of: conversationId),
            try replyContext(of: conversationId, in: workspaceId))
    }

    /// What was said lately, oldest first: no notes, nothing deleted.
    func history(of conversationId: Identifier<Conversation>, by access: Access) throws -> [Message] {
        Self.said(
            try messages(of: conversationId, SeqPage(.before(Int64.max), limit: Self.historyLimit), by: access))
    }

    private static func said(_ slice: SeqSlice<Message>) -> [Message] {
        slice.items.reversed().filter { $0.kind != .note && $0.status != .deleted }
    }
}

extension ReplyQuestion {
    fileprivate init(
        replyId: Identifier<Message>? = nil, workspaceId: Identifier<Workspace>,
        conversationId: Identifier<Conversation>, history: [Message], asked: [Message], locale: String?,
        _ context: ReplyContext
    ) {
        self.init(
            replyId: replyId, workspaceId: workspaceId, conversationId: conversationId, history: history, asked: asked,
            locale: locale, policy: context.policy, providers: context.providers,
            handoff: HandoffState(unanswered: context.unanswered, offeredSeq: context.offeredSeq),
            summary: context.summary)
        interlude = Self.interlude(of: history)
        knowledgeVersion = context.knowledgeVersion
    }

    /// The human part that the assistant has not answered since: what was said behind its last word, up to a
    /// colleague's last.
    static func interlude(of history: [Message]) -> [Message] {
        let start = (history.lastIndex { $0.sender.kind == .ai }).map { $0 + 1 } ?? 0
        guard let end = history.lastIndex(where: { $0.sender.kind == .agent }), end >= start else { return [] }
        return history[start...end].filter { $0.sender.kind != .system }
    }
}
