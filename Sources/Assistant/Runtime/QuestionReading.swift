import Domain
import Storage

extension RowReader {
    /// Messages before the question that are read as its context. More than a model's window holds in short messages.
    private static var historyLimit: Int { 200 }

    /// What a job's reply is asked for: the contact's messages since somebody last answered, and what was said before.
    func question(of job: ReplyJob) throws -> ReplyQuestion {
        let access = Access.server(of: job.workspaceId)
        let slice = try messages(
            of: job.conversationId, SeqPage(.before(job.questionSeq + 1), limit: Self.historyLimit), by: access)
        let said = Self.said(slice).filter { $0.id != job.id }
        let asked = said.reversed().prefix { $0.sender.kind == .contact }.reversed()
        guard !asked.isEmpty else { throw Refusal.notFound }
        let locale = try latestSessionLocale(of: job.conversationId)
        return ReplyQuestion(
            replyId: job.id, workspaceId: job.workspaceId, conversationId: job.conversationId,
            history: Array(said.dropLast(asked.count)), asked: Array(asked), locale: locale,
            try replyContext(of: job.conversationId, in: job.workspaceId))
    }

    /// What an answer in this conversation would be to: the contact's newest messages in a row, answered or not.
    /// - Throws: ``Refusal/conflict(_:)`` when the contact has said nothing yet; ``Refusal/notFound``.
    func newestQuestion(in conversationId: Identifier<Conversation>, by access: Access) throws -> ReplyQuestion {
        let said = try history(of: conversationId, by: access)
        guard let last = said.lastIndex(where: { $0.sender.kind == .contact }) else {
            throw Refusal.conflict("the contact has said nothing that could be answered")
        }
        let asked = said[...last].reversed().prefix { $0.sender.kind == .contact }.reversed()
        return ReplyQuestion(
            workspaceId: access.workspaceId, conversationId: conversationId,
            history: Array(said[...last].dropLast(asked.count)), asked: Array(asked),
            locale: try latestSessionLocale(of: conversationId),
            try replyContext(of: conversationId, in: access.workspaceId))
    }

    /// Messages that a handoff's package is made from when no reply led to it.
    private static var packageLimit: Int { 60 }

    /// Where a conversation stands, for a handoff: unlike a question, it may hold nothing of the contact.
    func lastWords(in conversationId: Identifier<Conversation>, of workspaceId: Identifier<Workspace>) throws
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
    }

    /// The human part that the assistant has not answered since: what was said behind its last word, up to a colleague's last.
    static func interlude(of history: [Message]) -> [Message] {
        let start = (history.lastIndex { $0.sender.kind == .ai }).map { $0 + 1 } ?? 0
        guard let end = history.lastIndex(where: { $0.sender.kind == .agent }), end >= start else { return [] }
        return history[start...end].filter { $0.sender.kind != .system }
    }
}
