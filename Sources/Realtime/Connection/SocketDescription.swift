import Domain
public import Wire

/// The protocol of the sockets as a description of it has it, made from the types that are sent and read.
public struct SocketDescription: Sendable {
    /// One kind of frame.
    public struct Frame: Sendable {
        public let type: String
        public let summary: String
        /// Who may send it, or who gets it.
        public let audience: String
        /// Of `data`; several for a type that has several forms.
        public let data: [JSONSchema]
    }

    public struct Close: Sendable {
        public let code: UInt16
        public let name: String
        public let comesBack: Bool
    }

    /// What clients send.
    public let commands: [Frame]
    /// What is kept and numbered.
    public let events: [Frame]
    /// What is only passed on.
    public let passing: [Frame]
    public let closes: [Close]
    public let schemas: [String: JSONSchema]
    /// Types that could not be described; a test proves that there are none.
    public let faults: [String]

    public init() {
        let components = SchemaComponents()
        commands = SocketCommand.allCases.map { $0.description(in: components) }
        events = EventEnvelope.dataSchemas(in: components).map { type, data in
            Frame(
                type: type, summary: Self.summary(ofEvent: type), audience: "whoever reads the conversation",
                data: data.map { [$0] } ?? [])
        }
        passing = ServerFrameType.allCases.map { $0.description(in: components) }
        closes = CloseReason.allCases.map {
            Close(code: $0.rawValue, name: $0.text, comesBack: $0.rawValue != 1000 && $0.rawValue < 4500)
        }
        schemas = components.schemas
        faults = components.faults
    }

    private static func summary(ofEvent type: String) -> String {
        switch type {
        case "message.created": "A message is there."
        case "message.updated": "A message has changed, or a reply has been cancelled. The whole message as it is now."
        case "message.completed": "A reply of the assistant is complete."
        case "message.deleted": "A message is deleted."
        case "conversation.created": "A conversation has begun."
        case "conversation.updated": "Fields of the conversation have changed, each with its whole new value."
        default: "An event that this reader may not see, in its place."
        }
    }
}

extension SocketCommand {
    fileprivate func description(in components: SchemaComponents) -> SocketDescription.Frame {
        SocketDescription.Frame(
            type: rawValue, summary: summary, audience: admission.sentence, data: [components.schema(ofRequest: data)])
    }

    private var data: any Any.Type {
        switch self {
        case .hello: HelloData.self
        case .send: NewMessage.self
        case .markRead: ReadData.self
        case .typing, .ping: NoData.self
        case .handOff: HandoffData.self
        case .cancelReply, .syncReply: ReplyData.self
        case .subscribe: SubscribeData.self
        case .unsubscribe: UnsubscribeData.self
        case .refreshToken: TokenData.self
        }
    }

    private var summary: String {
        switch self {
        case .hello: "The first frame: says who it is and where it left off. Answered by `ready`."
        case .send: "Sends a message. Answered by `ack` once it is committed; `client_message_id` is needed here."
        case .markRead: "Says how far one has read. The others get a `receipt`."
        case .typing: "Says that one is typing, at most every 3 s. The others get `typing`."
        case .handOff: "Asks for a human, or gives the conversation back to the assistant."
        case .cancelReply: "Stops a reply of the assistant; what was shown stays."
        case .syncReply: "Asks for a reply's text so far. Answered by `reply.snapshot`."
        case .subscribe: "Follows conversations, or a list of them."
        case .unsubscribe: "Follows conversations no longer."
        case .ping: "Asks for a sign of life. Answered by `pong`."
        case .refreshToken: "Shows a newer token of the same sign-in, before the old one ends."
        }
    }
}

extension SocketCommand.Admission {
    fileprivate var sentence: String {
        switch self {
        case .anyone: "whoever has connected"
        case .known: "whoever is known"
        case .contactOr(let action): "a contact, or staff with `\(action.rawValue)`"
        case .staff(let action): "staff with `\(action.rawValue)`"
        }
    }
}

extension ServerFrameType {
    fileprivate func description(in components: SchemaComponents) -> SocketDescription.Frame {
        SocketDescription.Frame(
            type: rawValue, summary: summary, audience: audience, data: data.map { components.schema(of: $0) })
    }

    private var data: [any Any.Type] {
        switch self {
        case .ack: [FrameData.Sent.self, FrameData.Nothing.self]
        case .error: [FrameData.Refused.self]
        case .ready: [ServerFrames.ContactReady.self, ServerFrames.StaffReady.self]
        case .synced: [FrameData.Synced.self, FrameData.Nothing.self]
        case .pong: [FrameData.Pong.self, FrameData.Heads.self]
        case .typing: [FrameData.Typing.self]
        case .receipt: [FrameData.Receipt.self]
        case .viewRow: [FrameData.ViewRow.self]
        case .unsubscribed: [FrameData.Unsubscribed.self]
        case .replyStarted: [FrameData.ReplyStarted.self]
        case .replyDelta, .replySnapshot: [FrameData.ReplyText.self]
        case .replyReset: [FrameData.ReplyReset.self]
        case .replyFailed: [FrameData.ReplyFailed.self]
        case .notice: [FrameData.Notice.self]
        case .drain: [FrameData.Drain.self]
        }
    }

    private var audience: String {
        switch self {
        case .ack, .error, .ready, .synced, .pong: "the socket that asked"
        case .typing, .receipt: "the others in the conversation"
        case .viewRow, .unsubscribed: "staff"
        case .replyStarted, .replyDelta, .replyReset, .replySnapshot, .replyFailed: "whoever reads the conversation"
        case .notice, .drain: "every socket that it is for"
        }
    }

    private var summary: String {
        switch self {
        case .ack: "Done. Of a message, with its place in the conversation; of anything else, empty."
        case .error: "Not done, and why. With `final: false` the same may be sent again."
        case .ready: "The socket is open; on a contact's with its session and conversation."
        case .synced: "Everything up to here has been sent. Empty on a staff socket's first."
        case .pong: "The answer to `ping`, with the newest seq: on a staff socket of each conversation that it follows."
        case .typing: "Somebody is typing. It ends by itself after 5 s."
        case .receipt: "Somebody has read up to here."
        case .viewRow: "A row of the list that is followed has changed, has come or has gone."
        case .unsubscribed: "A conversation is followed no longer, because it has left what one may see."
        case .replyStarted: "The assistant begins a reply."
        case .replyDelta: "A piece of a reply."
        case .replyReset: "A reply begins anew, under a higher generation."
        case .replySnapshot: "A reply's text so far."
        case .replyFailed: "A reply came to nothing."
        case .notice: "Words of the operator to everybody."
        case .drain: "The node goes away; connect again after this time."
        }
    }
}
