import Cluster
import Domain

// Passing frames on their way from node to node.
extension PassingFrame {
    /// As the nodes with readers of the conversation are told it.
    func passed(in conversationId: Identifier<Conversation>) -> PassedFrame {
        let kind: PassedFrame.Kind =
            switch kind {
            case .replaceable(let key): .replaceable(key: key)
            case .delta(let delta):
                .delta(id: delta.messageId, generation: delta.generation, offset: delta.offset, text: delta.text)
            case .reply(let id, let generation): .reply(id: id, generation: generation)
            case .reset(let id, let generation): .reset(id: id, generation: generation)
            case .snapshot(let snapshot):
                .snapshot(id: snapshot.messageId, generation: snapshot.generation, text: snapshot.text)
            }
        return PassedFrame(
            conversationId: conversationId, type: type, kind: kind, ownerEpoch: ownerEpoch,
            excluded: excluded.map { .init(kind: $0.kind, id: $0.id) },
            json: .init(staff: frame.payload, contact: contactFrame.payload))
    }

    init(_ passed: PassedFrame) {
        let kind: Kind =
            switch passed.kind {
            case .replaceable(let key): .replaceable(key: key)
            case .delta(let id, let generation, let offset, let text):
                .delta(
                    ReplyDelta(
                        messageId: id, generation: generation, offset: offset, text: text,
                        scalars: text.unicodeScalars.count))
            case .reply(let id, let generation): .reply(id: id, generation: generation)
            case .reset(let id, let generation): .reset(id: id, generation: generation)
            case .snapshot(let id, let generation, let text):
                .snapshot(
                    LiveReplies.Snapshot(
                        messageId: id, generation: generation, ownerEpoch: passed.ownerEpoch ?? 0, text: text))
            }
        let frame = TextFrame(passed.json.staff)
        self.init(
            type: passed.type, kind: kind, ownerEpoch: passed.ownerEpoch,
            excluded: passed.excluded.map { Actor(kind: $0.kind, id: $0.id, name: nil) }, frame: frame,
            contactFrame: passed.json.contact == passed.json.staff ? frame : TextFrame(passed.json.contact))
    }
}
