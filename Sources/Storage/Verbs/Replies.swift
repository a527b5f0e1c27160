public import Domain

extension Transaction {
    /// Owes a reply to `question`: joins one that nobody has seen yet, else writes a new job. Under this node's lease, so
    /// that the node which took the question answers it at once.
    func oweReply(to question: Message, in state: ConversationState) throws {
        let open = try openJobs(of: state.id)
        if var job = open.first(where: { $0.state != .shown && $0.ownerEpoch == state.owner.epoch }) {
            job.questionSeq = question.seq
            job.questionAt = now
            try connection.run(
                "UPDATE reply_jobs SET question_seq = ?, question_at = ? WHERE id = ?",
                [.integer(question.seq), .time(now), .identifier(job.id)])
            committed.replyJobs.append(job)
            return
        }
        let job = ReplyJob(
            id: identifiers.next(), workspaceId: state.workspaceId, conversationId: state.id,
            state: open.isEmpty ? .running : .queued, ownerEpoch: state.owner.epoch, questionSeq: question.seq,
            questionAt: now, generation: 1, leaseOwner: newLease.owner, leaseUntil: newLease.until, checkpoint: "")
        try connection.run(
            """
            INSERT INTO reply_jobs (id, workspace_id, conversation_id, state, owner_epoch, first_question_seq, \
            question_seq, question_at, generation, lease_owner, lease_until, checkpoint, created_at) \
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?)
            """,
            [
                .identifier(job.id), .identifier(job.workspaceId), .identifier(job.conversationId),
                .text(job.state.rawValue), .integer(job.ownerEpoch), .integer(job.questionSeq),
                .integer(job.questionSeq), .time(now), .integer(1), .text(job.leaseOwner), .time(job.leaseUntil),
                .time(now),
            ])
        committed.replyJobs.append(job)
    }

    /// Shows a reply for the first time: its message comes into being with the text so far.
    /// - Throws: ``ReplyRefusal``: the owner has moved, the question has grown, or the reply is somebody else's by now.
    public func showReply(_ job: ReplyJob, text: String) throws -> Message {
        var state = try ownedByAI(job)
        let shown = try connection.run(
            """
            UPDATE reply_jobs SET state = 'shown', checkpoint = ?, lease_until = ? \
            WHERE id = ? AND generation = ? AND question_seq = ? AND state = 'running'
            """,
            [
                .text(text), .time(leaseEnd), .identifier(job.id), .integer(job.generation),
                .integer(job.questionSeq),
            ])
        guard shown == 1 else {
            let current = try openJob(job.id)
            guard let current, current.generation == job.generation, current.questionSeq != job.questionSeq else {
                throw ReplyRefusal.leaseLost
            }
            throw ReplyRefusal.questionGrew
        }
        let message = try insert(
            MessageDraft(content: text), id: job.id, sender: .assistant, digest: nil, status: .streaming, into: &state)
        try saveHead(of: state)
        return message
    }

    /// Saves the text so far with the job and renews the lease.
    /// - Throws: ``ReplyRefusal``.
    public func checkpointReply(_ job: ReplyJob, text: String) throws {
        _ = try ownedByAI(job)
        try renew(job, checkpoint: text)
    }

    /// Renews the lease of a reply that has no text to save.
    /// - Throws: ``ReplyRefusal``: a run whose provider is silent learns here that a human has come.
    public func renewReply(_ job: ReplyJob) throws {
        _ = try ownedByAI(job)
        try renew(job, checkpoint: nil)
    }

    private func renew(_ job: ReplyJob, checkpoint: String?) throws {
        let renewed = try connection.run(
            """
            UPDATE reply_jobs SET lease_until = ?, checkpoint = COALESCE(?, checkpoint) \
            WHERE id = ? AND generation = ? AND finished_at IS NULL
            """,
            [.time(leaseEnd), .optional(checkpoint), .identifier(job.id), .integer(job.generation)])
        guard renewed == 1 else { throw ReplyRefusal.leaseLost }
    }

    /// Begins a reply anew that an earlier run had shown: whoever reads its message now finds no text of that run.
    /// - Throws: ``ReplyRefusal``.
    public func resumeReply(_ job: ReplyJob) throws {
        _ = try ownedByAI(job)
        try renew(job, checkpoint: "")
        try clearText(of: job)
    }

    /// The pieces of a generation follow on the text that the message has, so a new generation begins with none.
    private func clearText(of job: ReplyJob) throws {
        try connection.run("UPDATE messages SET content = '' WHERE id = ?", [.identifier(job.id)])
    }

    /// Starts a shown reply anew in sight of the customer: a higher generation, still under this node's lease.
    /// - Throws: ``ReplyRefusal``.
    public func restartReply(_ job: ReplyJob) throws -> ReplyJob {
        _ = try ownedByAI(job)
        var next = job
        next.generation += 1
        next.leaseUntil = leaseEnd
        next.checkpoint = ""
        let moved = try connection.run(
            """
            UPDATE reply_jobs SET generation = ?, lease_until = ?, checkpoint = '' \
            WHERE id = ? AND generation = ? AND finished_at IS NULL
            """,
            [.integer(next.generation), .time(leaseEnd), .identifier(job.id), .integer(job.generation)])
        guard moved == 1 else { throw ReplyRefusal.leaseLost }
        try clearText(of: job)
        return next
    }

    /// Ends a shown reply with its final text: `message.completed`.
    /// - Parameters:
    ///   - isAnswered: false for an "I do not know".
    ///   - offersHuman: whether it asks the contact for its consent to a human.
    /// - Returns: how many replies in a row, this one included, had no answer.
    /// - Throws: ``ReplyRefusal``.
    public func completeReply(
        _ job: ReplyJob, text: String, sources: [Message.Source], finish: Event.FinishReason, isAnswered: Bool,
        offersHuman: Bool = false
    ) throws -> Int {
        var state = try ownedByAI(job)
        try renew(job, checkpoint: nil)
        let message = try finishMessage(
            of: job, text: text, sources: sources, status: finish == .partial ? .partial : .complete)
        try append(.messageCompleted(message, finish), actor: .assistant, isAnswered: isAnswered, to: &state)
        let unanswered = isAnswered ? 0 : state.unanswered + 1
        try connection.run(
            """
            UPDATE conversations SET unanswered = ?, handoff_offered_seq = COALESCE(?, handoff_offered_seq) WHERE id = ?
            """,
            [
                .integer(unanswered), offersHuman ? .integer(message.seq) : .null, .identifier(state.id),
            ])
        try saveHead(of: state)
        try end(job)
        try startQueuedReply(in: state)
        return Int(unanswered)
    }

    /// Ends a reply because it was stopped. What was shown is kept, exactly; if nothing was, there is no message.
    ///
    /// The one write of the assistant that a moved owner epoch does not forbid: it is guarded by the generation.
    /// - Throws: ``ReplyRefusal/leaseLost``; ``ReplyRefusal/questionGrew`` when nothing was shown and the contact has asked
    ///   on since: a question must not end unanswered with the one before it.
    public func cancelReply(_ job: ReplyJob, shownText: String) throws {
        var state = try locked(job.conversationId, by: .server(of: job.workspaceId))
        try renew(job, checkpoint: nil)
        guard let current = try openJob(job.id) else { throw ReplyRefusal.leaseLost }
        guard current.state == .shown || current.questionSeq == job.questionSeq else { throw ReplyRefusal.questionGrew }
        if current.state == .shown {
            let message = try finishMessage(of: job, text: shownText, sources: [], status: .cancelled)
            try append(.messageUpdated(message), actor: .assistant, to: &state)
            try saveHead(of: state)
        }
        try end(job)
        try startQueuedReply(in: state)
    }

    /// Takes over replies whose lease has run out, and, right after a start, this node's own from before. A reply that waits
    /// behind another of its conversation is left until that one has ended.
    /// - Parameters:
    ///   - includingOwn: true only at the start, when no reply of this node can be running.
    ///   - running: what this node is making: its next renewal puts right a lease that ran out while it stood still.
    /// - Returns: the jobs, each under a higher generation.
    public func takeOverReplies(
        includingOwn: Bool, except running: Set<Identifier<Message>> = [], limit: Int
    ) throws -> [ReplyJob] {
        let due = try connection.rows(
            """
            SELECT \(ReplyJobRow.columns) FROM reply_jobs \
            WHERE finished_at IS NULL AND (lease_until < ? OR (? = 1 AND lease_owner = ?)) \
            AND NOT EXISTS (SELECT 1 FROM reply_jobs earlier WHERE earlier.conversation_id = reply_jobs.conversation_id \
            AND earlier.finished_at IS NULL AND earlier.first_question_seq < reply_jobs.first_question_seq) \
            ORDER BY id LIMIT ?
            """,
            [.time(now), .flag(includingOwn), .text(settings.nodeId), .integer(Int64(limit))], ReplyJobRow.decode)
        var taken: [ReplyJob] = []
        for var job in due where !running.contains(job.id) {
            let (old, oldEnd) = (job.generation, job.leaseUntil)
            job.generation += 1
            job.leaseOwner = settings.nodeId
            job.leaseUntil = leaseEnd
            if job.state == .queued { job.state = .running }
            let moved = try connection.run(
                """
                UPDATE reply_jobs SET generation = ?, lease_owner = ?, lease_until = ?, \
                question_at = CASE WHEN state = 'queued' THEN ? ELSE question_at END, \
                state = CASE WHEN state = 'queued' THEN 'running' ELSE state END \
                WHERE id = ? AND generation = ? AND lease_until = ? AND finished_at IS NULL
                """,
                [
                    .integer(job.generation), .text(job.leaseOwner), .time(job.leaseUntil), .time(now),
                    .identifier(job.id),
                    .integer(old), .time(oldEnd),
                ])
            guard moved == 1 else { continue }
            // Whoever had it before makes no further call for it.
            try giveBack(job.id)
            taken.append(job)
        }
        return taken
    }

    /// Gives the leases of this node's replies back, so that another node takes them at once.
    public func releaseReplies() throws {
        try connection.run(
            "UPDATE reply_jobs SET lease_until = 0 WHERE finished_at IS NULL AND lease_owner = ?",
            [.text(settings.nodeId)])
    }

    /// The state of the conversation, if the AI still owns it as it did when the job began.
    private func ownedByAI(_ job: ReplyJob) throws -> ConversationState {
        let state = try locked(job.conversationId, by: .server(of: job.workspaceId))
        guard state.owner.kind == .ai, state.owner.epoch == job.ownerEpoch else { throw ReplyRefusal.ownerChanged }
        return state
    }

    private func finishMessage(
        of job: ReplyJob, text: String, sources: [Message.Source], status: Message.Status
    ) throws -> Message {
        let current = try connection.integer(
            "SELECT count(*) FROM reply_jobs WHERE id = ? AND generation = ? AND state = 'shown'",
            [.identifier(job.id), .integer(job.generation)])
        guard current == 1 else { throw ReplyRefusal.leaseLost }
        try connection.run(
            "UPDATE messages SET content = ?, sources = ?, status = ? WHERE id = ?",
            [
                .text(text), sources.isEmpty ? .null : .text(try StoredJSON.encode(sources)), .text(status.rawValue),
                .identifier(job.id),
            ])
        return try message(job.id, in: job.conversationId, by: .server(of: job.workspaceId))
    }

    /// Ends a shown reply that nobody makes any more, with the text that was last saved. The generation rises, so that a run which
    /// comes to life again finds it taken over. Does nothing to a reply that is not shown.
    func endShown(_ job: ReplyJob, as status: Message.Status, in state: inout ConversationState) throws {
        guard job.state == .shown else { return }
        var last = job
        last.generation += 1
        let moved = try connection.run(
            "UPDATE reply_jobs SET generation = ? WHERE id = ? AND generation = ? AND finished_at IS NULL",
            [.integer(last.generation), .identifier(job.id), .integer(job.generation)])
        guard moved == 1 else { throw ReplyRefusal.leaseLost }
        let message = try finishMessage(of: last, text: job.checkpoint, sources: [], status: status)
        if status == .partial {
            try append(.messageCompleted(message, .partial), actor: .assistant, isAnswered: true, to: &state)
        } else {
            try append(.messageUpdated(message), actor: .assistant, to: &state)
        }
        try end(last)
    }

    private func end(_ job: ReplyJob) throws {
        try connection.run(
            "UPDATE reply_jobs SET state = 'ended', finished_at = ? WHERE id = ?", [.time(now), .identifier(job.id)])
    }

    /// For whom a new job is: this node, or whichever makes replies.
    private var newLease: (owner: String, until: Timestamp) {
        settings.makesReplies ? (settings.nodeId, leaseEnd) : ("", Timestamp(milliseconds: 0))
    }

    /// Starts the reply to what was asked while another was being shown.
    private func startQueuedReply(in state: ConversationState) throws {
        guard var job = try openJobs(of: state.id).first(where: { $0.state == .queued }) else { return }
        guard state.owner.kind == .ai, state.owner.epoch == job.ownerEpoch else { return try end(job) }
        job.state = .running
        // Its time begins now: until now the contact read the reply before it.
        job.questionAt = now
        (job.leaseOwner, job.leaseUntil) = newLease
        try connection.run(
            "UPDATE reply_jobs SET state = 'running', question_at = ?, lease_owner = ?, lease_until = ? WHERE id = ?",
            [.time(now), .text(job.leaseOwner), .time(job.leaseUntil), .identifier(job.id)])
        committed.replyJobs.append(job)
    }

    private var leaseEnd: Timestamp { now.adding(seconds: settings.leaseSeconds) }
}

extension RowReader {
    /// Whether ``Transaction/takeOverReplies(includingOwn:limit:)`` would find something: a read, so that looking costs no
    /// commit.
    public func hasRepliesToTakeOver(includingOwn: Bool) throws -> Bool {
        try connection.integer(
            """
            SELECT 1 FROM reply_jobs WHERE finished_at IS NULL AND (lease_until < ? OR (? = 1 AND lease_owner = ?)) \
            LIMIT 1
            """, [.time(now), .flag(includingOwn), .text(settings.nodeId)]) != nil
    }

    /// Replies that are owed or under way in a conversation, oldest first.
    public func openJobs(of conversationId: Identifier<Conversation>) throws -> [ReplyJob] {
        try connection.rows(
            """
            SELECT \(ReplyJobRow.columns) FROM reply_jobs WHERE conversation_id = ? AND finished_at IS NULL \
            ORDER BY first_question_seq
            """, [.identifier(conversationId)], ReplyJobRow.decode)
    }

    /// The reply whose message is `id`, while it is under way.
    public func openJob(_ id: Identifier<Message>) throws -> ReplyJob? {
        try connection.row(
            "SELECT \(ReplyJobRow.columns) FROM reply_jobs WHERE id = ? AND finished_at IS NULL",
            [.identifier(id)], ReplyJobRow.decode)
    }
}
