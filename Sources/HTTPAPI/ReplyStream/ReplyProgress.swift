import Domain
import Realtime
import Wire

/// Follows one reply through the frames of its conversation and says what its reader gets of them: from the question's own
/// `message.created` to the reply's ending, every piece of text once.
///
/// A pure state machine: frames in, steps out.
struct ReplyProgress {
    enum Step: Equatable {
        /// Not for this reader.
        case skip
        case forward
        /// Forward it and close.
        case forwardAndEnd
    }

    /// What of a frame decides.
    enum Sight: Equatable {
        case durable(Durable)
        /// Of the reply that is followed.
        case started(generation: Int64)
        case reset(generation: Int64)
        /// The text so far, for a reader who has come in the middle.
        case snapshot(generation: Int64, scalars: Int)
        case delta(generation: Int64, offset: Int, scalars: Int)
        /// `reply.failed`: what follows is a human.
        case failed
        /// Typing, receipts, other replies.
        case other

        struct Durable: Equatable {
            var seq: Int64
            var kind: Event.Kind
            var messageId: Identifier<Message>?
            var messageStatus: Message.Status?
            var changesOwner = false
            /// Scalars of the reply's text as it stands in its `message.created`.
            var scalars = 0
        }
    }

    let questionSeq: Int64
    let replyId: Identifier<Message>
    private var hasBegun = false
    private var generation: Int64?
    /// Scalars of the reply's text that the reader has; nil before its message exists.
    private var position: Int?

    init(questionSeq: Int64, replyId: Identifier<Message>) {
        self.questionSeq = questionSeq
        self.replyId = replyId
    }

    mutating func take(_ sight: Sight) -> Step {
        switch sight {
        case .durable(let event): return take(event)
        case .started(let generation):
            self.generation = generation
            return hasBegun ? .forward : .skip
        case .reset(let generation):
            guard hasBegun, position != nil else { return .skip }
            self.generation = generation
            position = 0
            return .forward
        case .snapshot(let generation, let scalars):
            guard hasBegun else { return .skip }
            self.generation = generation
            position = scalars
            return .forward
        case .delta(let generation, let offset, let scalars):
            return takeDelta(generation, offset, scalars)
        case .failed: return hasBegun ? .forward : .skip
        case .other: return .skip
        }
    }

    private mutating func take(_ event: Sight.Durable) -> Step {
        guard event.seq >= questionSeq else { return .skip }
        hasBegun = true
        if event.changesOwner { return .forwardAndEnd }
        guard event.messageId == replyId else { return .forward }
        switch event.kind {
        case .messageCreated:
            position = event.scalars
            return .forward
        case .messageCompleted: return .forwardAndEnd
        case .messageUpdated where event.messageStatus == .cancelled: return .forwardAndEnd
        default: return .forward
        }
    }

    private mutating func takeDelta(_ generation: Int64, _ offset: Int, _ scalars: Int) -> Step {
        guard hasBegun, let position else { return .skip }
        if generation < self.generation ?? 0 { return .skip }
        if generation == self.generation ?? generation, offset < position {
            // It is in the snapshot already, which was taken while this was on its way.
            return .skip
        }
        self.generation = generation
        self.position = offset + scalars
        return .forward
    }
}
