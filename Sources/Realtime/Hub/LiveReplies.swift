public import Domain
import NIOCore
import Synchronization

/// The AI replies that this node is making, as their readers see them.
///
/// Every piece of text passes through here, so that there is one answer to "what was shown": a piece counts from the moment
/// it was handed to the event loops. When a new owner is announced, the reply is closed before the announcement goes out, and
/// no piece follows it (G7).
public final class LiveReplies: Sendable {
    /// A reply is shown in pieces at most this often. Contract: at most one delta every 40 ms.
    static let pieceInterval = TimeAmount.milliseconds(40)

    private let frames: PassingFrames
    private let fanout: Fanout
    private let replies = Mutex<[Identifier<Message>: LiveReply]>([:])

    init(frames: PassingFrames, fanout: Fanout) {
        self.frames = frames
        self.fanout = fanout
    }

    /// Begins a reply: the typing dots.
    /// - Parameter onCancel: called when a participant wants it stopped.
    public func begin(_ job: ReplyJob, onCancel: @escaping @Sendable () -> Void) {
        let reply = LiveReply(job: job, onCancel: onCancel)
        replies.withLock { $0[job.id] = reply }
        // One that is in sight already goes on with a reset, which raises the generation.
        if job.state != .shown { fanout.pass(frames.started(job), in: job.conversationId) }
    }

    /// Shows more text. Pieces that come quickly are joined.
    /// - Returns: false when the reply may not be shown any more; its text stays as it was.
    public func append(_ text: String, to job: ReplyJob) -> Bool {
        guard let reply = reply(job.id) else { return false }
        return reply.state.withLock { state in
            guard !state.isClosed, state.job.generation == job.generation else { return false }
            state.pending += text
            guard state.isCreated, !state.isTimerSet else { return true }
            showPiece(&state, of: reply)
            return true
        }
    }

    /// Shows what is still held back, at the end of a generation.
    public func flush(_ job: ReplyJob) {
        guard let reply = reply(job.id) else { return }
        reply.state.withLock { state in
            if state.isCreated, !state.isClosed { flush(&state) }
        }
    }

    private func pieceDue(_ reply: LiveReply) {
        reply.state.withLock { state in
            state.isTimerSet = false
            guard state.isCreated, !state.isClosed, !state.pending.isEmpty else { return }
            showPiece(&state, of: reply)
        }
    }

    /// At once when the last piece is long enough ago, else when it is.
    private func showPiece(_ state: inout LiveReply.State, of reply: LiveReply) {
        let now = fanout.timer.now
        let due = state.pieceAt.map { $0 + Self.pieceInterval } ?? now
        guard due > now else {
            state.pieceAt = now
            return flush(&state)
        }
        state.isTimerSet = true
        fanout.timer.scheduleTask(deadline: due) { [weak self] in self?.pieceDue(reply) }
    }

    private func flush(_ state: inout LiveReply.State) {
        guard !state.pending.isEmpty else { return }
        let piece = state.pending
        let scalars = piece.unicodeScalars.count
        let delta = PassingFrame.ReplyDelta(
            messageId: state.job.id, generation: state.job.generation, offset: state.shownScalars, text: piece,
            scalars: scalars)
        state.pending = ""
        state.shown += piece
        state.shownScalars += scalars
        fanout.pass(frames.delta(delta, state.job), in: state.job.conversationId)
    }

    /// Starts a shown reply anew under a higher generation.
    public func reset(to job: ReplyJob, reason: String) {
        guard let reply = reply(job.id) else { return }
        reply.state.withLock { state in
            guard !state.isClosed else { return }
            state.job = job
            state.pending = ""
            state.shown = ""
            state.shownScalars = 0
            fanout.pass(frames.reset(job, reason: reason), in: job.conversationId)
        }
    }

    /// Stops showing and tells what was shown in this generation, exactly.
    public func close(_ job: ReplyJob) -> String {
        guard let reply = reply(job.id) else { return "" }
        return reply.state.withLock { state in
            state.isClosed = true
            return state.shown
        }
    }

    /// Tells the readers that no answer comes.
    public func fail(_ job: ReplyJob, code: String) {
        fanout.pass(frames.failed(job, code: code), in: job.conversationId)
    }

    /// Forgets a reply that has ended.
    public func end(_ job: ReplyJob) {
        replies.withLock { _ = $0.removeValue(forKey: job.id) }
    }

    // MARK: From the hub

    /// A reply's message is about to be published: its text so far is what the pieces go on from.
    func created(_ message: Message) -> (@Sendable () -> Void)? {
        guard message.status == .streaming, let reply = reply(message.id) else { return nil }
        return { [self] in
            reply.state.withLock { state in
                guard !state.isCreated else { return }
                state.isCreated = true
                state.shown = message.content
                state.shownScalars = message.content.unicodeScalars.count
                if !state.isClosed { flush(&state) }
            }
        }
    }

    /// A reply that this node took over is in sight already.
    public func resumed(_ job: ReplyJob) {
        reply(job.id)?.state.withLock { $0.isCreated = true }
    }

    /// A conversation is about to be announced under a newer owner: nothing of an older one may follow.
    func ownerChanged(in conversationId: Identifier<Conversation>, toEpoch epoch: Int64) {
        let concerned = replies.withLock { replies in
            replies.values.filter { $0.conversationId == conversationId }
        }
        for reply in concerned {
            let cancel: (@Sendable () -> Void)? = reply.state.withLock { state in
                guard state.job.ownerEpoch < epoch, !state.isClosed else { return nil }
                state.isClosed = true
                return reply.onCancel
            }
            cancel?()
        }
    }

    // MARK: From connections

    /// Asks for a reply to be stopped.
    /// - Returns: false when there is no such reply here.
    func cancel(_ id: Identifier<Message>, in conversationId: Identifier<Conversation>) -> Bool {
        guard let reply = reply(id), reply.conversationId == conversationId else { return false }
        reply.onCancel()
        return true
    }

    /// The text of a reply as its readers have it.
    struct Snapshot: Sendable, Equatable {
        var messageId: Identifier<Message>
        var generation: Int64
        var ownerEpoch: Int64
        var text: String

        /// Whether a piece is part of this text.
        func holds(_ delta: PassingFrame.ReplyDelta) -> Bool {
            delta.messageId == messageId
                && (delta.generation < generation
                    || (delta.generation == generation && delta.offset < text.unicodeScalars.count))
        }

        /// Whether the text is from behind this new beginning.
        func holdsReset(of id: Identifier<Message>, _ generation: Int64) -> Bool {
            id == messageId && generation <= self.generation
        }
    }

    /// A reply of this node as it is shown; nil when there is none.
    func snapshot(of id: Identifier<Message>, in conversationId: Identifier<Conversation>) -> Snapshot? {
        guard let reply = reply(id), reply.conversationId == conversationId else { return nil }
        return reply.state.withLock { state in
            guard state.isCreated, !state.isClosed else { return nil }
            return Snapshot(
                messageId: id, generation: state.job.generation, ownerEpoch: state.job.ownerEpoch, text: state.shown)
        }
    }

    /// Tells the readers on other nodes the text so far of a reply that is made here. In its place among the pieces.
    func tell(_ id: Identifier<Message>, in conversationId: Identifier<Conversation>) {
        guard let reply = reply(id), reply.conversationId == conversationId else { return }
        reply.state.withLock { state in
            guard state.isCreated, !state.isClosed else { return }
            let snapshot = Snapshot(
                messageId: id, generation: state.job.generation, ownerEpoch: state.job.ownerEpoch, text: state.shown)
            fanout.passElsewhere(frames.snapshot(snapshot, in: conversationId), in: conversationId)
        }
    }

    /// The reply of a conversation that is being shown.
    func snapshot(in conversationId: Identifier<Conversation>) -> Snapshot? {
        let shown = replies.withLock { $0.filter { $0.value.conversationId == conversationId }.map(\.key) }
        for id in shown {
            if let snapshot = snapshot(of: id, in: conversationId) { return snapshot }
        }
        return nil
    }

    private func reply(_ id: Identifier<Message>) -> LiveReply? { replies.withLock { $0[id] } }
}

/// One reply under way.
private final class LiveReply: Sendable {
    struct State {
        var job: ReplyJob
        /// Its message has been published.
        var isCreated = false
        var isClosed = false
        /// Text that the readers of this generation have been sent.
        var shown = ""
        var shownScalars = 0
        /// Text that waits for the next piece.
        var pending = ""
        /// When a piece was shown last.
        var pieceAt: NIODeadline?
        var isTimerSet = false
    }

    let conversationId: Identifier<Conversation>
    let onCancel: @Sendable () -> Void
    let state: Mutex<State>

    init(job: ReplyJob, onCancel: @escaping @Sendable () -> Void) {
        conversationId = job.conversationId
        self.onCancel = onCancel
        state = Mutex(State(job: job))
    }
}
