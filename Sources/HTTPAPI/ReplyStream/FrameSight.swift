import Domain
import NIOCore
import Realtime
import Wire

extension ReplyProgress.Sight {
    /// What decides of an event that was read from the log.
    init(_ event: Event) {
        var durable = Durable(seq: event.seq, kind: event.kind)
        durable.messageId = event.message?.id
        durable.messageStatus = event.message?.status
        durable.scalars = event.message?.content.unicodeScalars.count ?? 0
        if case .conversationUpdated(let changes, _) = event.body { durable.changesOwner = changes.owner != nil }
        self = .durable(durable)
    }

    /// What decides of a live frame, as far as the reply `replyId` is concerned.
    init(_ frame: StreamFrame, replyId: Identifier<Message>, _ identifiers: PublicIdentifiers) {
        if let event = frame.event {
            var durable = Durable(seq: event.seq, kind: event.kind)
            durable.messageId = event.message?.id
            durable.messageStatus = event.message?.status
            durable.changesOwner = event.changesOwner
            if event.message?.id == replyId, event.kind == .messageCreated {
                let message = Self.data(of: frame)?["message"]
                durable.scalars = message?["content"]?.stringValue?.unicodeScalars.count ?? 0
            }
            self = .durable(durable)
            return
        }
        guard frame.type.hasPrefix("reply."), let data = Self.data(of: frame),
            data["message_id"]?.stringValue == identifiers.text(replyId)
        else {
            self = .other
            return
        }
        let generation = data["generation"]?.intValue ?? 0
        switch frame.type {
        case "reply.started": self = .started(generation: generation)
        case "reply.reset": self = .reset(generation: generation)
        case "reply.snapshot":
            self = .snapshot(generation: generation, scalars: Int(clamping: data["offset"]?.intValue ?? 0))
        case "reply.delta":
            self = .delta(
                generation: generation, offset: Int(clamping: data["offset"]?.intValue ?? 0),
                scalars: data["text"]?.stringValue?.unicodeScalars.count ?? 0)
        case "reply.failed": self = .failed
        default: self = .other
        }
    }

    private static func data(of frame: StreamFrame) -> JSONValue? {
        (try? JSONValue(parsing: frame.json.readableBytesView))?["data"]
    }
}
