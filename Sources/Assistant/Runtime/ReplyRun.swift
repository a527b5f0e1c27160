import Domain
import Logging
import Storage

/// The making of one reply, from its job to its one durable end.
///
/// The text grows here and is shown through the stage; the database decides at every write whether this run may still
/// speak.
actor ReplyRun {
    /// How a run is told to stop.
    enum Stop: Sendable {
        /// By a participant, or because the owner has changed: what was shown is kept.
        case cancelled
        /// The node stops: another takes over, nothing is written.
        case abandoned
    }

    /// How a run has ended.
    enum Outcome: Sendable {
        /// With a reply, or at a human who was asked for.
        case given
        /// At a human, because no provider gave a reply.
        case failed
        /// Cancelled, overtaken or abandoned.
        case stopped
    }

    private enum Ending: Error {
        /// The contact wrote on before anything was shown.
        case questionGrew
        case stopped
    }

    /// Key of the reply.
    nonisolated let id: Identifier<Message>
    /// Where the reply is made; nil for the pool of tasks.
    nonisolated let executor: (any TaskExecutor)?
    private let context: RunContext
    private var job: ReplyJob
    private var text = ""
    /// The piece that the text begins with: what the message comes into being with, the rest follows in pieces.
    private var firstPiece = ""
    private var isShown: Bool
    /// The write that brings the message into being, while it runs.
    private var showing: Task<Void, any Error>?
    private var holdUntil: ContinuousClock.Instant
    private var savedAt: ContinuousClock.Instant
    private var attempt = 0
    private var composing: Task<ComposedReply, any Error>?
    private var stop: Stop?
    private var question: ReplyQuestion?
    /// What all attempts have used.
    private let account = ReplyAccount()
    /// The text that the message has in the database, until this run takes it back: what the readers have where the
    /// stage has shown no piece, be it that an earlier run showed it or that they have not heard of the message yet.
    private var storedText = ""
    private var hasFailed = false
    /// The end is being written: nothing may begin to be shown beside it.
    private var isEnding = false
    /// The generation is being raised by this run itself.
    private var isRestarting = false

    init(_ job: ReplyJob, on executor: (any TaskExecutor)?, context: RunContext) {
        id = job.id
        self.executor = executor
        self.job = job
        self.context = context
        isShown = job.state == .shown
        storedText = job.checkpoint
        holdUntil = context.clock.now + context.times.burst
        savedAt = context.clock.now
    }

    // MARK: Course

    /// Makes the reply. Returns when it has ended, whichever way.
    func make() async -> Outcome {
        begin()
        let watch = Task { [context, weak self] in
            // Renewals keep the lease while a provider is silent, and the limit ends what hangs.
            let end = context.clock.now + context.times.limit
            while !Task.isCancelled {
                try? await context.clock.sleep(for: min(context.times.renewal, max(end - context.clock.now, .zero)))
                guard let self, !Task.isCancelled else { return }
                await self.renew(isLate: context.clock.now >= end)
            }
        }
        defer { watch.cancel() }
        var mustResume = isShown
        var outcome = Outcome.given
        while true {
            do {
                if mustResume { try await resume() }
                mustResume = false
                try await makeOnce()
                break
            } catch Ending.questionGrew {
                continue
            } catch {
                guard let ended = await end(after: error) else { continue }
                outcome = ended
                break
            }
        }
        context.stage.end(job)
        return outcome
    }

    private func begin() {
        context.stage.begin(job) { [weak self] in
            guard let self else { return }
            Task { await self.stop(.cancelled) }
        }
    }

    /// The job's question has grown, or the job was renewed by the store.
    func grew(_ newer: ReplyJob) {
        // What comes behind a stop was not meant by it: the database tells, at the end.
        guard stop == nil, !isShown, newer.generation == job.generation, newer.questionSeq > job.questionSeq else {
            return
        }
        job = newer
        holdUntil = context.clock.now + context.times.burst
        // An attempt at the shorter question is of no use, unless it is being shown at this moment: then the database
        // decides.
        if showing == nil { restart() }
    }

    func stop(_ stop: Stop) {
        guard self.stop == nil else { return }
        self.stop = stop
        composing?.cancel()
    }

    private func restart() {
        attempt += 1
        composing?.cancel()
    }

    private func renew(isLate: Bool) async {
        guard stop == nil else { return }
        if isLate {
            context.logger.warning("a reply took too long", metadata: context.metadata(of: job))
            return fail()
        }
        let job = job
        do {
            try await context.store.write(to: job.conversationId) { try $0.renewReply(job) }
        } catch ReplyRefusal.ownerChanged {
            // This run's own end may have changed it.
            if !isEnding { stop(.cancelled) }
        } catch ReplyRefusal.leaseLost {
            // A renewal that met this run's own restart or end is only late.
            guard !isRestarting, !isEnding, job.generation == self.job.generation else { return }
            // Somebody else has it by now; nothing that is written here would be taken.
            stop(.abandoned)
        } catch {
            context.logger.warning("a lease could not be renewed", metadata: context.metadata(of: job))
        }
    }

    private func fail() {
        hasFailed = true
        composing?.cancel()
    }

    // MARK: One attempt

    /// Goes on with a reply that another run had begun to show, unless a human has taken the conversation since.
    private func resume() async throws {
        let job = job
        try await context.retrying { try await context.store.write(to: job.conversationId) { try $0.resumeReply(job) } }
        storedText = ""
        context.stage.resumed(job)
        context.stage.reset(to: job, reason: "takeover")
    }

    private func makeOnce() async throws {
        attempt += 1
        let attempt = attempt
        if !isShown { text = "" }
        var question = try await loadQuestion()
        self.question = question
        try checkStop()
        guard attempt == self.attempt else { throw Ending.questionGrew }
        switch HandoffRules.decision(for: question) {
        case .handOver(let cause): return try await handOver(cause)
        case .offer(let reason): question.handoff.offering = reason
        case .none: break
        }
        let composing = Task(executorPreference: executor) { [context, question] in
            try await context.compose(question) { [weak self] piece in
                guard let self else { throw CancellationError() }
                try await self.take(piece, of: attempt)
            }
        }
        self.composing = composing
        // The dots alone until the burst is over; then whatever there is.
        let hold = Task(executorPreference: executor) { [context, weak self] in
            while let self, !Task.isCancelled, let left = await self.holdLeft() {
                try? await context.clock.sleep(for: left)
            }
            try await self?.showIfDue()
        }
        defer { hold.cancel() }
        let reply: ComposedReply
        do {
            reply = try await withTaskCancellationHandler {
                try await composing.value
            } onCancel: {
                composing.cancel()
            }
        } catch {
            try checkStop()
            if attempt != self.attempt { throw Ending.questionGrew }
            throw error
        }
        try checkStop()
        guard attempt == self.attempt else { throw Ending.questionGrew }
        // A finished reply, too, waits for the burst to be over.
        while let left = holdLeft() {
            try await context.clock.sleep(for: left)
            try checkStop()
            guard attempt == self.attempt else { throw Ending.questionGrew }
        }
        try await complete(reply, to: question)
    }

    private func checkStop() throws {
        if stop != nil { throw Ending.stopped }
        if hasFailed { throw ReplyTookTooLong() }
    }

    private func loadQuestion() async throws -> ReplyQuestion {
        let job = job
        do {
            var question = try await context.store.read { try $0.question(of: job) }
            question.account = account
            return question
        } catch Refusal.notFound {
            // The contact has taken back all that it asked. What it has asked since is still to be answered.
            throw self.job.questionSeq > job.questionSeq ? Ending.questionGrew : Ending.stopped
        }
    }

    /// Time until text may be shown, or nil when it may.
    private func holdLeft() -> Duration? {
        let left = holdUntil - context.clock.now
        return left > .zero && !isShown ? left : nil
    }

    private func take(_ piece: ReplyPiece, of attempt: Int) async throws {
        try checkStop()
        guard attempt == self.attempt else { throw CancellationError() }
        switch piece {
        case .text(let more):
            if text.isEmpty { firstPiece = more }
            text += more
            if isShown {
                guard context.stage.append(more, to: job) else { throw ReplyRefusal.ownerChanged }
                try await saveIfDue()
            } else {
                try await showIfDue()
            }
        case .reset(let reason):
            try await showing?.value
            text = ""
            guard isShown else { return }
            let job = job
            isRestarting = true
            defer { isRestarting = false }
            self.job = try await context.store.write(to: job.conversationId) { try $0.restartReply(job) }
            storedText = ""
            context.stage.reset(to: self.job, reason: reason)
        }
    }

    /// Brings the reply's message into being with the text so far, once it may be shown.
    private func showIfDue() async throws {
        guard !isShown, !isEnding, showing == nil, !text.isEmpty, holdLeft() == nil, stop == nil else { return }
        let task = Task(executorPreference: executor) { try await self.show() }
        showing = task
        defer { showing = nil }
        try await task.value
    }

    private func show() async throws {
        let (job, first) = (job, firstPiece)
        do {
            _ = try await context.store.write(to: job.conversationId) { try $0.showReply(job, text: first) }
        } catch ReplyRefusal.questionGrew {
            try await takeGrownQuestion()
            throw Ending.questionGrew
        }
        isShown = true
        storedText = first
        savedAt = context.clock.now
        // What came before it might be shown, and while the message was being written.
        let rest = String(text.unicodeScalars.dropFirst(first.unicodeScalars.count))
        if !rest.isEmpty { _ = context.stage.append(rest, to: job) }
    }

    private func takeGrownQuestion() async throws {
        let id = job.id
        guard let newer = try await context.store.read({ try $0.openJob(id) }) else { throw ReplyRefusal.leaseLost }
        job = newer
        holdUntil = context.clock.now + context.times.burst
        restart()
    }

    private func saveIfDue() async throws {
        guard context.clock.now - savedAt >= context.times.checkpoint else { return }
        savedAt = context.clock.now
        let (job, text) = (job, text)
        try await context.store.write(to: job.conversationId) { try $0.checkpointReply(job, text: text) }
    }

    // MARK: Ends

    private func complete(_ reply: ComposedReply, to question: ReplyQuestion) async throws {
        isEnding = true
        defer { isEnding = false }
        try await showing?.value
        let ending = HandoffEnding(of: reply, to: question)
        if let cause = ending.cause, ending.text.isEmpty, !isShown {
            return try await handOver(cause, receipt: reply.receipt)
        }
        text = ending.text
        if !isShown {
            try await show()
        } else if !ending.addition.isEmpty, !context.stage.append(ending.addition, to: job) {
            throw ReplyRefusal.ownerChanged
        }
        let job = job
        context.stage.flush(job)
        let words = ending.cause.map { HandoffPackage.words(for: $0, question, receipt: reply.receipt) }
        try await context.retrying {
            try await context.store.write(to: job.conversationId) { transaction in
                if var receipt = reply.receipt {
                    receipt.handoff = words?.handoff.reason
                    try transaction.keep(receipt, of: job)
                }
                _ = try transaction.completeReply(
                    job, text: ending.text, sources: reply.sources, finish: reply.finish, isAnswered: reply.isAnswered,
                    offersHuman: ending.offersHuman)
                if let words {
                    try transaction.handOver(job.conversationId, fromEpoch: job.ownerEpoch, words, in: job.workspaceId)
                }
            }
        }
    }

    private func handOver(_ cause: HandoffCause, receipt: ReplyReceipt? = nil) async throws {
        isEnding = true
        defer { isEnding = false }
        _ = try? await showing?.value
        let (job, wasShown, text) = (job, isShown, text)
        var receipt = receipt ?? account.receipt(.failed)
        if wasShown { receipt?.outcome = .partial }
        receipt?.handoff = cause.reason
        let words = HandoffPackage.words(for: cause, question, receipt: receipt)
        try await context.store.write(to: job.conversationId) { [receipt] transaction in
            if let receipt { try transaction.keep(receipt, of: job) }
            if wasShown {
                // Better than nothing: what the customer has seen stays, and says that it is not all.
                _ = try transaction.completeReply(
                    job, text: text, sources: [], finish: .partial, isAnswered: true)
            }
            try transaction.handOver(job.conversationId, fromEpoch: job.ownerEpoch, words, in: job.workspaceId)
        }
    }

    /// Every other end: stopped, overtaken, or failed.
    /// - Returns: nil when it is none: a further question is to be answered.
    private func end(after error: any Error) async -> Outcome? {
        if stop == .abandoned {
            await keepLate()
            return .stopped
        }
        switch error {
        case Ending.stopped, ReplyRefusal.ownerChanged:
            return await cancel() ? .stopped : nil
        case ReplyRefusal.leaseLost:
            context.logger.info("a reply was taken over elsewhere", metadata: context.metadata(of: job))
            await keepLate()
            return .stopped
        default:
            await giveUp(error)
            return .failed
        }
    }

    /// Stops showing, and tells what the readers have.
    private func closedText() -> String {
        let pieces = context.stage.close(job)
        return pieces.isEmpty ? storedText : pieces
    }

    /// Ends the reply as cancelled.
    /// - Returns: false when the contact wrote again after the stop: that is a question of its own to the same job.
    @discardableResult
    private func cancel() async -> Bool {
        isEnding = true
        _ = try? await showing?.value
        let job = job
        let shown = closedText()
        let receipt = account.receipt(.cancelled)
        // There is no message whose end would tell the readers that the dots are over.
        if !isShown { context.stage.fail(job, code: "cancelled") }
        do {
            try await context.retrying {
                try await context.store.write(to: job.conversationId) { transaction in
                    if let receipt { try transaction.keep(receipt, of: job) }
                    try transaction.cancelReply(job, shownText: shown)
                }
            }
        } catch ReplyRefusal.questionGrew where stop != .abandoned {
            stop = nil
            isEnding = false
            guard (try? await takeGrownQuestion()) != nil else { return true }
            begin()
            return false
        } catch ReplyRefusal.leaseLost {
            // Whoever changed the owner has ended it, or somebody else has it by now.
            context.logger.debug("a cancelled reply had ended", metadata: context.metadata(of: job))
            await keepLate()
        } catch {
            context.logger.warning(
                "a cancelled reply could not be ended", metadata: context.metadata(of: job, error: error))
        }
        return true
    }

    /// Writes down what was used for a reply that is not this run's any more.
    private func keepLate() async {
        guard let receipt = account.receipt(.cancelled) else { return }
        let job = job
        do {
            try await context.store.write(to: job.conversationId) { try $0.keepLate(receipt, of: job) }
        } catch {
            context.logger.warning(
                "what a reply used could not be booked", metadata: context.metadata(of: job, error: error))
        }
    }

    /// No answer could be made: a human takes over, and the customer is told.
    private func giveUp(_ error: any Error) async {
        context.logger.warning("a reply failed", metadata: context.metadata(of: job, error: error))
        context.stage.fail(job, code: "assistant_unavailable")
        let (reason, receipt) = Self.reason(of: error)
        let urgency = HandoffRules.urgency(of: question?.text ?? "", because: reason)
        if isShown { self.text = closedText() }
        do {
            try await context.retrying {
                try await self.handOver(HandoffCause(reason, urgency: urgency), receipt: receipt)
            }
        } catch ReplyRefusal.ownerChanged {
            await cancel()
        } catch {
            // The lease runs out and the next one tries.
            context.logger.error(
                "a failed reply could not be handed over", metadata: context.metadata(of: job, error: error))
        }
    }

    private static func reason(of error: any Error) -> (Handoff.Reason, ReplyReceipt?) {
        switch error {
        case let failed as ReplyFailed: (failed.reason, failed.receipt)
        case let failed as ProviderChain.Failed where failed.failure.kind == .contentFilter: (.contentFilter, nil)
        case is ReplyTookTooLong: (.timeout, nil)
        default: (.failure, nil)
        }
    }
}
