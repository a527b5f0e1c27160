/// What the figures need to know of an event: nothing that changes later, so that counting anew gives the same.
public struct CountedEvent: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// The conversation's inbox, and its fields at its creation.
        case conversationCreated(inbox: Identifier<Inbox>, ConversationChanges)
        case conversationUpdated(ConversationChanges, reason: String?)
        case messageCreated(Message.Kind)
        case messageCompleted(Event.FinishReason, isAnswered: Bool, hasSources: Bool, ReplyCost?)
        case messageUpdated(ReplyCost?)
        case messageDeleted
    }

    /// What a reply used.
    public struct ReplyCost: Sendable, Equatable {
        public var inputTokens: Int64
        public var outputTokens: Int64
        /// Nil where no price is known.
        public var micros: Int64?

        public init(inputTokens: Int64, outputTokens: Int64, micros: Int64?) {
            self.inputTokens = inputTokens
            self.outputTokens = outputTokens
            self.micros = micros
        }
    }

    public var workspaceId: Identifier<Workspace>
    public var conversationId: Identifier<Conversation>
    public var at: Timestamp
    public var actor: Actor.Kind
    public var actorId: Int64?
    public var kind: Kind

    public init(
        workspaceId: Identifier<Workspace>, conversationId: Identifier<Conversation>, at: Timestamp,
        actor: Actor.Kind, actorId: Int64?, kind: Kind
    ) {
        self.workspaceId = workspaceId
        self.conversationId = conversationId
        self.at = at
        self.actor = actor
        self.actorId = actorId
        self.kind = kind
    }

    /// The member of staff who did it, or nil.
    public var agent: Identifier<User>? { actor == .agent ? actorId.map { Identifier($0) } : nil }
}

/// Takes what a conversation adds to the figures.
public protocol StatisticsBook {
    /// - Parameter agent: to whose figures it counts beside the workspace's and the inbox's.
    mutating func add(_ count: StatisticsCount, _ more: Int64, at: Timestamp, agent: Identifier<User>?)
    mutating func add(_ time: StatisticsTime, _ milliseconds: Int64, at: Timestamp, agent: Identifier<User>?)
}

/// A conversation as the figures see it: what happened so far, as far as it decides what the next event counts as.
///
/// The definitions are those of docs/statistics.md. Nothing counts before the conversation's first message.
public struct ConversationFact: Sendable, Equatable {
    public struct Traits: OptionSet, Sendable, Equatable {
        public let rawValue: Int64
        public init(rawValue: Int64) { self.rawValue = rawValue }

        /// Humans were asked for, or answered.
        public static let humanInvolved = Traits(rawValue: 1)
        /// The assistant knew an answer.
        public static let assistantAnswered = Traits(rawValue: 2)
        /// The same since the conversation was last opened.
        public static let humanInvolvedNow = Traits(rawValue: 4)
        public static let assistantAnsweredNow = Traits(rawValue: 8)
    }

    public var id: Identifier<Conversation>
    public var workspaceId: Identifier<Workspace>
    public var inboxId: Identifier<Inbox>
    public var status: Conversation.Status
    public var priority: Conversation.Priority
    public var ownerKind: Owner.Kind
    public var ownerId: Int64?
    /// Its first message, whoever sent it.
    public var startedAt: Timestamp?
    public var firstContactAt: Timestamp?
    /// The assistant's first reply to the contact.
    public var firstAssistantAt: Timestamp?
    /// The first human reply to the contact.
    public var firstHumanAt: Timestamp?
    /// The contact's first message that nobody has replied to.
    public var unansweredSince: Timestamp?
    /// Since when the contact waits for a human.
    public var waitingSince: Timestamp?
    /// Since when it is unresolved; nil while it is resolved or closed.
    public var openSince: Timestamp?
    public var traits: Traits

    public init(
        id: Identifier<Conversation>, workspaceId: Identifier<Workspace>, inboxId: Identifier<Inbox>,
        status: Conversation.Status, priority: Conversation.Priority, ownerKind: Owner.Kind, ownerId: Int64?,
        startedAt: Timestamp? = nil, firstContactAt: Timestamp? = nil, firstAssistantAt: Timestamp? = nil,
        firstHumanAt: Timestamp? = nil, unansweredSince: Timestamp? = nil, waitingSince: Timestamp? = nil,
        openSince: Timestamp? = nil, traits: Traits = []
    ) {
        self.id = id
        self.workspaceId = workspaceId
        self.inboxId = inboxId
        self.status = status
        self.priority = priority
        self.ownerKind = ownerKind
        self.ownerId = ownerId
        self.startedAt = startedAt
        self.firstContactAt = firstContactAt
        self.firstAssistantAt = firstAssistantAt
        self.firstHumanAt = firstHumanAt
        self.unansweredSince = unansweredSince
        self.waitingSince = waitingSince
        self.openSince = openSince
        self.traits = traits
    }

    /// The fact that a conversation begins with; nil for any other event than its first.
    public init?(_ event: CountedEvent) {
        guard case .conversationCreated(let inbox, let initial) = event.kind else { return nil }
        // Logs from before creations kept their fields: every inbox had the assistant on then.
        self.init(
            id: event.conversationId, workspaceId: event.workspaceId, inboxId: inbox, status: initial.status ?? .open,
            priority: initial.priority ?? .normal, ownerKind: initial.owner?.kind ?? .ai, ownerId: initial.owner?.id)
    }

    /// Whether it shows in the figures of what is now.
    public var isCounted: Bool { startedAt != nil }
    public var isWaiting: Bool { isCounted && waitingSince != nil }

    /// Counts the conversation's next event.
    public mutating func count(_ event: CountedEvent, in book: inout some StatisticsBook) {
        switch event.kind {
        case .conversationCreated, .messageDeleted: break
        case .messageCreated(let kind): message(kind, event, &book)
        case .messageCompleted(let finish, let isAnswered, let hasSources, let cost):
            completed(finish, isAnswered: isAnswered, hasSources: hasSources, event, &book)
            book.add(cost, at: event.at)
        case .messageUpdated(let cost):
            // People edit; the assistant's only change to a message is to stop it.
            guard event.actor == .ai else { break }
            book.add(.repliesCancelled, 1, at: event.at, agent: nil)
            book.add(cost, at: event.at)
        case .conversationUpdated(let changes, let reason):
            if let owner = changes.owner { hand(to: owner, reason, event, &book) }
            if let priority = changes.priority { self.priority = priority }
            if let status = changes.status, status != self.status { move(to: status, event, &book) }
        }
    }

    // MARK: Messages

    private mutating func message(
        _ kind: Message.Kind, _ event: CountedEvent, _ book: inout some StatisticsBook
    ) {
        let at = event.at
        if startedAt == nil {
            startedAt = at
            if !status.isOver { openSince = at }
            book.add(.created, 1, at: at, agent: nil)
            book.add(.created(priority), 1, at: at, agent: nil)
        }
        if kind == .note {
            // What the system tells staff, at a handoff, is nobody's note.
            book.add(event.actor == .agent ? .notes : .systemMessages, 1, at: at, agent: event.agent)
            return
        }
        switch event.actor {
        case .contact:
            book.add(.contactMessages, 1, at: at, agent: nil)
            firstContactAt = firstContactAt ?? at
            unansweredSince = unansweredSince ?? at
            if ownerKind != .ai { waitingSince = waitingSince ?? at }
        case .agent:
            book.add(.agentMessages, 1, at: at, agent: event.agent)
            if let asked = firstContactAt, firstHumanAt == nil {
                firstHumanAt = at
                book.add(.firstResponse, at.milliseconds(since: asked), at: at, agent: event.agent)
            } else if let since = waitingSince {
                book.add(.nextResponse, at.milliseconds(since: since), at: at, agent: event.agent)
            }
            waitingSince = nil
            unansweredSince = nil
            involveHuman(&book)
        case .ai:
            book.add(.assistantMessages, 1, at: at, agent: nil)
            if let asked = firstContactAt, firstAssistantAt == nil {
                firstAssistantAt = at
                book.add(.firstAssistantReply, at.milliseconds(since: asked), at: at, agent: nil)
            }
            unansweredSince = nil
        case .system: book.add(.systemMessages, 1, at: at, agent: nil)
        }
    }

    private mutating func completed(
        _ finish: Event.FinishReason, isAnswered: Bool, hasSources: Bool, _ event: CountedEvent,
        _ book: inout some StatisticsBook
    ) {
        guard finish != .partial else { return book.add(.repliesPartial, 1, at: event.at, agent: nil) }
        if !hasSources { book.add(.repliesWithoutSources, 1, at: event.at, agent: nil) }
        guard isAnswered else { return book.add(.repliesUnanswered, 1, at: event.at, agent: nil) }
        book.add(.repliesAnswered, 1, at: event.at, agent: nil)
        if traits.isDisjoint(with: [.assistantAnswered, .humanInvolved]), let startedAt {
            book.add(.answeredWithoutHuman, 1, at: startedAt, agent: nil)
        }
        traits.formUnion([.assistantAnswered, .assistantAnsweredNow])
    }

    private mutating func involveHuman(_ book: inout some StatisticsBook) {
        if traits.contains(.assistantAnswered), !traits.contains(.humanInvolved), let startedAt {
            book.add(.answeredWithoutHuman, -1, at: startedAt, agent: nil)
        }
        traits.formUnion([.humanInvolved, .humanInvolvedNow])
    }

    // MARK: Changes

    private mutating func hand(
        to owner: Owner, _ reason: String?, _ event: CountedEvent, _ book: inout some StatisticsBook
    ) {
        if ownerKind == .ai, owner.kind != .ai {
            if isCounted {
                let handoff = HandoffReason(actor: event.actor, reason: reason)
                book.add(handoff.count, 1, at: event.at, agent: nil)
            }
            involveHuman(&book)
            // Who takes a conversation unasked keeps nobody waiting but those whom nobody has answered.
            if !status.isOver, status != .snoozed {
                waitingSince = unansweredSince ?? (event.actor == .agent ? nil : event.at)
            }
        } else if owner.kind == .ai {
            waitingSince = nil
        }
        if owner.kind == .agent, let id = owner.id, ownerKind != .agent || ownerId != id, isCounted {
            book.add(.taken, 1, at: event.at, agent: Identifier(id))
        }
        ownerKind = owner.kind
        ownerId = owner.id
    }

    private mutating func move(
        to next: Conversation.Status, _ event: CountedEvent, _ book: inout some StatisticsBook
    ) {
        let before = status
        status = next
        if next.isOver || next == .snoozed { waitingSince = nil }
        if next.isOver { unansweredSince = nil }
        guard isCounted else { return }
        if next == .resolved { book.add(.resolved, 1, at: event.at, agent: event.agent) }
        if next == .closed { book.add(.closed, 1, at: event.at, agent: event.agent) }
        if next.isOver, !before.isOver {
            if let openSince {
                book.add(.resolution, event.at.milliseconds(since: openSince), at: event.at, agent: event.agent)
            }
            if traits.contains(.assistantAnsweredNow), !traits.contains(.humanInvolvedNow) {
                book.add(.resolvedByAssistant, 1, at: event.at, agent: nil)
            }
            openSince = nil
        }
        if before.isOver, !next.isOver {
            book.add(.reopened, 1, at: event.at, agent: nil)
            openSince = event.at
            traits.subtract([.humanInvolvedNow, .assistantAnsweredNow])
        }
    }
}

extension Conversation.Status {
    /// Resolved or closed: nobody works on it.
    var isOver: Bool { self == .resolved || self == .closed }
}

extension StatisticsBook {
    fileprivate mutating func add(_ cost: CountedEvent.ReplyCost?, at: Timestamp) {
        guard let cost else { return }
        add(.inputTokens, cost.inputTokens, at: at, agent: nil)
        add(.outputTokens, cost.outputTokens, at: at, agent: nil)
        guard let micros = cost.micros else { return }
        add(.costMicros, micros, at: at, agent: nil)
        add(.pricedReplies, 1, at: at, agent: nil)
    }
}
