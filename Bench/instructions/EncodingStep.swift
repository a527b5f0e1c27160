import Domain
import Wire

/// Events as JSON, one operation for each, through the encoder of sockets, replay, `/events` and streams.
struct EncodingStep {
    static let rounds = 32
    static let warmUpRounds = 4

    var viewer: Viewer

    func run() -> Int {
        guard let views = try? Installation.views() else { return 0 }
        let encoder = EventEncoder(views: views)
        let events = Self.events
        var bytes = 0
        func encode(_ rounds: Int) {
            for _ in 0..<rounds {
                for event in events { bytes += encoder.json(event, for: viewer).count }
            }
        }
        encode(Self.warmUpRounds)
        Window.open()
        encode(Self.rounds)
        Window.close()
        return bytes > 0 ? Self.rounds * events.count : 0
    }

    private static let moment = Timestamp(milliseconds: 1_767_225_600_123)

    /// A visitor's and an agent's message, a reply of the assistant, a note, and a change of owner and labels.
    static var events: [Event] {
        let contact = Actor(kind: .contact, id: 7_001, name: "王小明")
        let agent = Actor(kind: .agent, id: 7_002, name: "Li Wei")
        let reply = Message(
            id: Identifier(900_003), workspaceId: Identifier(1), conversationId: Identifier(40_001), seq: 4,
            clientMessageId: nil, sender: .assistant, kind: .text, content: Texts.english,
            sources: (1...2).map {
                Message.Source(
                    number: $0, articleId: Identifier(Int64(5_000 + $0)), title: "快递与物流 \($0)",
                    excerpt: Texts.chinese, score: 7.25)
            },
            status: .complete, replyTo: Identifier(900_001), createdAt: moment, editedAt: nil)
        var changes = ConversationChanges()
        changes.owner = Owner(kind: .agent, id: 7_002, name: "Li Wei", epoch: 3)
        changes.labels = ["物流", "vip"]
        changes.status = .open
        return [
            event(2, contact, .messageCreated(message(900_001, 2, contact, .text, Texts.chinese))),
            event(3, agent, .messageCreated(message(900_002, 3, agent, .text, Texts.english))),
            event(4, .assistant, .messageCompleted(reply, .stop)),
            event(5, agent, .messageCreated(message(900_004, 5, agent, .note, Texts.chinese))),
            event(6, agent, .conversationUpdated(changes, reason: "taken over")),
        ]
    }

    private static func message(
        _ id: Int64, _ seq: Int64, _ sender: Actor, _ kind: Message.Kind, _ content: String
    ) -> Message {
        Message(
            id: Identifier(id), workspaceId: Identifier(1), conversationId: Identifier(40_001), seq: seq,
            clientMessageId: Texts.clientMessageId(Int(seq)), sender: sender, kind: kind, content: content, sources: [],
            status: .sent, replyTo: nil, createdAt: moment, editedAt: nil)
    }

    private static func event(_ seq: Int64, _ actor: Actor, _ body: Event.Body) -> Event {
        Event(
            id: Identifier(800_000 + seq), workspaceId: Identifier(1), conversationId: Identifier(40_001), seq: seq,
            at: moment, actor: actor, body: body)
    }
}
