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
        let said = slice.items.reversed().filter { message in
            message.kind != .note && message.status != .deleted && message.id != job.id
        }
        let asked = said.reversed().prefix { $0.sender.kind == .contact }.reversed()
        guard !asked.isEmpty else { throw Refusal.notFound }
        let locale = try latestSessionLocale(of: job.conversationId)
        return ReplyQuestion(
            workspaceId: job.workspaceId, conversationId: job.conversationId,
            history: Array(said.dropLast(asked.count)), asked: Array(asked), locale: locale)
    }
}
