import Domain
import NIOCore
import Wire

/// What is sent to the readers of a conversation but not kept: typing, receipts, and the course of an AI reply.
struct PassingFrame: Sendable {
    /// What a slow reader's queue may do with it.
    enum Kind: Sendable, Equatable {
        /// A newer one of the same key takes its place.
        case replaceable(key: String)
        /// Part of a reply: the queue merges neighbours.
        case delta(ReplyDelta)
        /// Start or end of a reply.
        case reply(id: Identifier<Message>, generation: Int64)
        /// A reply's text begins anew.
        case reset(id: Identifier<Message>, generation: Int64)
        /// The text so far of a reply that is being made on another node, for the readers who asked for it.
        case snapshot(LiveReplies.Snapshot)

        /// The run of a reply that it is about.
        var run: (id: Identifier<Message>, generation: Int64)? {
            switch self {
            case .replaceable: nil
            case .delta(let delta): (delta.messageId, delta.generation)
            case .reply(let id, let generation), .reset(let id, let generation): (id, generation)
            case .snapshot(let snapshot): (snapshot.messageId, snapshot.generation)
            }
        }
    }

    struct ReplyDelta: Sendable, Equatable {
        var messageId: Identifier<Message>
        var generation: Int64
        /// Unicode scalars that the generation had before this text.
        var offset: Int
        var text: String
        var scalars: Int
    }

    /// Name of the frame, as in its envelope.
    var type: String
    var kind: Kind
    /// The owner epoch under which a reply was begun: dropped where a newer owner has been announced.
    var ownerEpoch: Int64?
    /// Not sent back to whom it is from.
    var excluded: Actor?
    var frame: TextFrame
    /// The form without keys of agents.
    var contactFrame: TextFrame

    func frame(for viewer: Viewer) -> TextFrame { viewer == .staff ? frame : contactFrame }
}

/// Encodes passing frames.
struct PassingFrames: Sendable {
    let identifiers: PublicIdentifiers

    private struct Envelope<Content: Encodable>: Encodable {
        var type: String
        var requestId: String?
        var conversationId: String
        var data: Content
    }

    private func frame(
        _ type: ServerFrameType, _ conversationId: Identifier<Conversation>, _ data: some Encodable,
        requestId: String? = nil
    ) -> TextFrame {
        TextFrame(
            json: JSON.encode(
                Envelope(
                    type: type.rawValue, requestId: requestId, conversationId: identifiers.text(conversationId),
                    data: data)))
    }

    private func participant(_ actor: Actor, for viewer: Viewer) -> FrameData.Participant {
        let id: String? =
            switch (actor.kind, viewer) {
            case (.agent, .staff): actor.id.map { identifiers.text(Identifier<User>($0)) }
            case (.contact, _): actor.id.map { identifiers.text(Identifier<Contact>($0)) }
            default: nil
            }
        return FrameData.Participant(kind: actor.kind, id: id, name: actor.name)
    }

    func typing(in conversationId: Identifier<Conversation>, by actor: Actor) -> PassingFrame {
        PassingFrame(
            type: ServerFrameType.typing.rawValue, kind: .replaceable(key: "typing \(actor.kind) \(actor.id ?? 0)"),
            excluded: actor,
            frame: frame(.typing, conversationId, FrameData.Typing(participant: participant(actor, for: .staff))),
            contactFrame: frame(
                .typing, conversationId, FrameData.Typing(participant: participant(actor, for: .contact))))
    }

    func receipt(in conversationId: Identifier<Conversation>, of actor: Actor, seq: Int64) -> PassingFrame {
        PassingFrame(
            type: ServerFrameType.receipt.rawValue, kind: .replaceable(key: "receipt \(actor.kind) \(actor.id ?? 0)"),
            excluded: actor,
            frame: frame(
                .receipt, conversationId,
                FrameData.Receipt(participant: participant(actor, for: .staff), seq: seq)),
            contactFrame: frame(
                .receipt, conversationId, FrameData.Receipt(participant: participant(actor, for: .contact), seq: seq)))
    }

    private func reply(
        _ type: ServerFrameType, _ job: ReplyJob, _ data: some Encodable, kind: PassingFrame.Kind? = nil
    ) -> PassingFrame {
        let frame = frame(type, job.conversationId, data)
        let kind = kind ?? .reply(id: job.id, generation: job.generation)
        return PassingFrame(
            type: type.rawValue, kind: kind, ownerEpoch: job.ownerEpoch, frame: frame, contactFrame: frame)
    }

    func started(_ job: ReplyJob) -> PassingFrame {
        reply(
            .replyStarted, job,
            FrameData.ReplyStarted(
                messageId: identifiers.text(job.id), generation: job.generation, ownerEpoch: job.ownerEpoch))
    }

    func delta(_ delta: PassingFrame.ReplyDelta, _ job: ReplyJob) -> PassingFrame {
        reply(.replyDelta, job, FrameData.ReplyText(delta, identifiers), kind: .delta(delta))
    }

    /// A delta that a slow reader's queue has merged from several.
    func delta(_ delta: PassingFrame.ReplyDelta, in conversationId: Identifier<Conversation>) -> TextFrame {
        frame(.replyDelta, conversationId, FrameData.ReplyText(delta, identifiers))
    }

    func reset(_ job: ReplyJob, reason: String) -> PassingFrame {
        reply(
            .replyReset, job,
            FrameData.ReplyReset(
                messageId: identifiers.text(job.id), generation: job.generation, reason: reason, keep: ""),
            kind: .reset(id: job.id, generation: job.generation))
    }

    func failed(_ job: ReplyJob, code: String) -> PassingFrame {
        reply(.replyFailed, job, FrameData.ReplyFailed(messageId: identifiers.text(job.id), code: code))
    }

    /// A reply in the making, for a reader that has missed its pieces.
    func snapshot(
        _ snapshot: LiveReplies.Snapshot, in conversationId: Identifier<Conversation>
    ) -> PassingFrame {
        let frame = self.snapshot(
            of: snapshot.messageId, in: conversationId, generation: snapshot.generation, text: snapshot.text,
            requestId: nil)
        return PassingFrame(
            type: ServerFrameType.replySnapshot.rawValue, kind: .snapshot(snapshot), ownerEpoch: snapshot.ownerEpoch,
            frame: frame,
            contactFrame: frame)
    }

    func snapshot(
        of messageId: Identifier<Message>, in conversationId: Identifier<Conversation>, generation: Int64,
        text: String, requestId: String?
    ) -> TextFrame {
        frame(
            .replySnapshot, conversationId,
            FrameData.ReplyText(
                messageId: identifiers.text(messageId), generation: generation, offset: text.unicodeScalars.count,
                text: text),
            requestId: requestId)
    }
}
