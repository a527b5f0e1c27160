public import Domain

/// Encodes events and frames as clients receive them. One place, so that sockets, replay, `/events` and streams agree.
public struct EventEncoder: Sendable {
    public let views: ViewMaker

    public init(views: ViewMaker) {
        self.views = views
    }

    /// The envelope of a durable event in the form that `viewer` may see; never fails to produce one, so that no reader ever
    /// has a hole in the numbering.
    public func envelope(_ event: Event, for viewer: Viewer) -> EventEnvelope {
        let conversationId = views.identifiers.text(event.conversationId)
        guard Audience.visibility(of: event, to: viewer) != .hidden else {
            return EventEnvelope(
                type: "event.hidden", conversationId: conversationId, seq: event.seq, id: nil, at: nil, data: nil)
        }
        return EventEnvelope(
            type: event.kind.rawValue, conversationId: conversationId, seq: event.seq,
            id: views.identifiers.text(event.id), at: event.at, data: data(of: event, for: viewer))
    }

    /// ``envelope(_:for:)`` as JSON.
    public func json(_ event: Event, for viewer: Viewer) -> [UInt8] {
        var writer = JSONWriter(capacity: expectedBytes(of: event))
        write(event, for: viewer, to: &writer)
        return writer.bytes
    }

    /// Bytes that an event is likely to take: more only costs a reallocation.
    public func expectedBytes(of event: Event) -> Int {
        // Of a message all but its text, with names of usual length, is some 500.
        640 + (event.message?.content.utf8.count ?? 0)
    }

    /// Writes ``envelope(_:for:)``; a message, which is what conversations are made of, without views and strings.
    public func write(_ event: Event, for viewer: Viewer, to writer: inout JSONWriter) {
        guard Audience.visibility(of: event, to: viewer) != .hidden else {
            return writer.value(envelope(event, for: viewer))
        }
        switch event.body {
        case .messageCreated(let message), .messageUpdated(let message):
            write(event, with: message, nil, for: viewer, to: &writer)
        case .messageCompleted(let message, let reason):
            write(event, with: message, reason, for: viewer, to: &writer)
        case .messageDeleted, .conversationCreated, .conversationUpdated:
            writer.value(envelope(event, for: viewer))
        }
    }

    private func write(
        _ event: Event, with message: Message, _ reason: Event.FinishReason?, for viewer: Viewer,
        to writer: inout JSONWriter
    ) {
        writer.text(#"{"type":"#)
        writer.word(event.kind.rawValue)
        writer.text(#","conversation_id":"#)
        views.identifiers.write(event.conversationId, to: &writer)
        writer.text(#","seq":"#)
        writer.integer(event.seq)
        writer.text(#","id":"#)
        views.identifiers.write(event.id, to: &writer)
        writer.text(#","at":"#)
        writer.time(event.at)
        writer.text(#","data":{"message":"#)
        views.write(message, for: viewer, to: &writer)
        if let reason {
            writer.text(#","finish_reason":"#)
            writer.word(reason.rawValue)
        }
        writer.text("}}")
    }

    private func data(of event: Event, for viewer: Viewer) -> EventEnvelope.Content {
        switch event.body {
        case .messageCreated(let message), .messageUpdated(let message):
            .message(.init(message: views.message(message, for: viewer), finishReason: nil))
        case .messageCompleted(let message, let reason):
            .message(.init(message: views.message(message, for: viewer), finishReason: reason))
        case .messageDeleted(let message):
            .deleted(.init(messageId: views.identifiers.text(message.id)))
        case .conversationCreated(let conversation):
            switch viewer {
            case .staff: .conversation(.init(conversation: views.conversation(conversation)))
            case .contact: .contactConversation(.init(conversation: views.contactConversation(conversation)))
            }
        case .conversationUpdated(let changes, let reason):
            .updated(
                .init(
                    changes: ChangesView(changes, for: viewer, views),
                    actor: .init(
                        kind: event.actor.kind, id: viewer == .staff ? views.actorId(event.actor, for: viewer) : nil,
                        name: event.actor.name),
                    reason: viewer == .staff ? reason : nil))
        }
    }
}

/// A durable event on the wire.
public struct EventEnvelope: Encodable, Sendable {
    public enum Content: Encodable, Sendable {
        case message(MessageData)
        case deleted(DeletedData)
        case conversation(ConversationData)
        case contactConversation(ContactConversationData)
        case updated(UpdatedData)

        public func encode(to encoder: any Encoder) throws {
            switch self {
            case .message(let data): try data.encode(to: encoder)
            case .deleted(let data): try data.encode(to: encoder)
            case .conversation(let data): try data.encode(to: encoder)
            case .contactConversation(let data): try data.encode(to: encoder)
            case .updated(let data): try data.encode(to: encoder)
            }
        }
    }

    public struct MessageData: Encodable, Sendable {
        public var message: MessageView
        public var finishReason: Event.FinishReason?
    }

    public struct DeletedData: Encodable, Sendable {
        public var messageId: String
    }

    public struct ConversationData: Encodable, Sendable {
        public var conversation: ConversationView
    }

    public struct ContactConversationData: Encodable, Sendable {
        public var conversation: ContactConversationView
    }

    public struct UpdatedData: Encodable, Sendable {
        public struct ActorView: Encodable, Sendable {
            public var kind: Actor.Kind
            /// Left out for a contact, who knows no keys of agents.
            public var id: String?
            @Nullable public var name: String?
        }

        public var changes: ChangesView
        public var actor: ActorView
        public var reason: String?
    }

    public var type: String
    public var conversationId: String
    public var seq: Int64
    public var id: String?
    public var at: Timestamp?
    public var data: Content?
}

/// The changed fields of a conversation, each with its whole new value, `null` where it was cleared.
public struct ChangesView: Encodable, Sendable {
    private let changes: ConversationChanges
    private let viewer: Viewer
    private let views: ViewMaker

    init(_ changes: ConversationChanges, for viewer: Viewer, _ views: ViewMaker) {
        self.changes = viewer == .staff ? changes : changes.visibleToContact
        self.viewer = viewer
        self.views = views
    }

    private enum CodingKeys: CodingKey {
        case status, priority, subject, labels, owner, snoozedUntil
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(changes.status, forKey: .status)
        try container.encodeIfPresent(changes.priority, forKey: .priority)
        if let subject = changes.subject { try container.encode(subject.value, forKey: .subject) }
        try container.encodeIfPresent(changes.labels, forKey: .labels)
        if let owner = changes.owner {
            switch viewer {
            case .staff: try container.encode(views.owner(owner), forKey: .owner)
            case .contact: try container.encode(views.contactOwner(owner), forKey: .owner)
            }
        }
        if let snoozed = changes.snoozedUntil { try container.encode(snoozed.value, forKey: .snoozedUntil) }
    }
}
