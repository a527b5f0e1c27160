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

    private func frame(
        _ type: ServerFrameType, _ conversationId: Identifier<Conversation>, requestId: String? = nil,
        capacity: Int = JSONWriter.frameCapacity, _ data: (inout JSONWriter) -> Void
    ) -> TextFrame {
        TextFrame(json: capacity) { writer in
            writer.beginFrame(type, requestId: requestId) { identifiers.write(conversationId, to: &$0) }
            data(&writer)
            writer.endFrame()
        }
    }

    /// Writes a ``FrameData/Participant``.
    private func write(_ actor: Actor, for viewer: Viewer, to writer: inout JSONWriter) {
        writer.text(#"{"kind":"#)
        writer.word(actor.kind.rawValue)
        switch (actor.kind, viewer, actor.id) {
        case (.agent, .staff, .some(let id)):
            writer.text(#","id":"#)
            identifiers.write(Identifier<User>(id), to: &writer)
        case (.contact, _, .some(let id)):
            writer.text(#","id":"#)
            identifiers.write(Identifier<Contact>(id), to: &writer)
        default: break
        }
        writer.text(#","name":"#)
        writer.string(actor.name)
        writer.text("}")
    }

    /// Writes a ``FrameData/ReplyText``.
    private func write(
        _ text: String, of messageId: Identifier<Message>, generation: Int64, offset: Int, to writer: inout JSONWriter
    ) {
        writer.text(#"{"message_id":"#)
        identifiers.write(messageId, to: &writer)
        writer.text(#","generation":"#)
        writer.integer(generation)
        writer.text(#","offset":"#)
        writer.integer(offset)
        writer.text(#","text":"#)
        writer.string(text)
        writer.text("}")
    }

    /// Its data is a ``FrameData/Typing``.
    func typing(in conversationId: Identifier<Conversation>, by actor: Actor) -> PassingFrame {
        func frame(for viewer: Viewer) -> TextFrame {
            self.frame(.typing, conversationId) { writer in
                writer.text(#"{"participant":"#)
                write(actor, for: viewer, to: &writer)
                writer.text("}")
            }
        }
        return PassingFrame(
            type: ServerFrameType.typing.rawValue, kind: .replaceable(key: "typing \(actor.kind) \(actor.id ?? 0)"),
            excluded: actor, frame: frame(for: .staff), contactFrame: frame(for: .contact))
    }

    /// Its data is a ``FrameData/Receipt``.
    func receipt(in conversationId: Identifier<Conversation>, of actor: Actor, seq: Int64) -> PassingFrame {
        func frame(for viewer: Viewer) -> TextFrame {
            self.frame(.receipt, conversationId) { writer in
                writer.text(#"{"participant":"#)
                write(actor, for: viewer, to: &writer)
                writer.text(#","seq":"#)
                writer.integer(seq)
                writer.text("}")
            }
        }
        return PassingFrame(
            type: ServerFrameType.receipt.rawValue, kind: .replaceable(key: "receipt \(actor.kind) \(actor.id ?? 0)"),
            excluded: actor, frame: frame(for: .staff), contactFrame: frame(for: .contact))
    }

    private func reply(
        _ type: ServerFrameType, _ job: ReplyJob, _ data: some Encodable, kind: PassingFrame.Kind? = nil
    ) -> PassingFrame {
        reply(
            type, job, kind: kind ?? .reply(id: job.id, generation: job.generation),
            frame(type, job.conversationId) { $0.value(data) })
    }

    private func reply(
        _ type: ServerFrameType, _ job: ReplyJob, kind: PassingFrame.Kind, _ frame: TextFrame
    ) -> PassingFrame {
        PassingFrame(
            type: type.rawValue, kind: kind, ownerEpoch: job.ownerEpoch, frame: frame, contactFrame: frame)
    }

    func started(_ job: ReplyJob) -> PassingFrame {
        reply(
            .replyStarted, job,
            FrameData.ReplyStarted(
                messageId: identifiers.text(job.id), generation: job.generation, ownerEpoch: job.ownerEpoch))
    }

    func delta(_ delta: PassingFrame.ReplyDelta, _ job: ReplyJob) -> PassingFrame {
        reply(.replyDelta, job, kind: .delta(delta), self.delta(delta, in: job.conversationId))
    }

    /// A delta that a slow reader's queue has merged from several.
    func delta(_ delta: PassingFrame.ReplyDelta, in conversationId: Identifier<Conversation>) -> TextFrame {
        frame(.replyDelta, conversationId, capacity: JSONWriter.frameCapacity + delta.text.utf8.count) {
            write(
                delta.text, of: delta.messageId, generation: delta.generation, offset: delta.offset, to: &$0)
        }
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
            .replySnapshot, conversationId, requestId: requestId,
            capacity: JSONWriter.frameCapacity + text.utf8.count
        ) {
            write(text, of: messageId, generation: generation, offset: text.unicodeScalars.count, to: &$0)
        }
    }
}
