/// The exchange between a contact and whoever answers.
public struct Conversation: Sendable, Equatable {
    /// The state of the case. Who answers is the owner's business, never the status's.
    public enum Status: String, Sendable, Codable, CaseIterable {
        case open, pending, snoozed, resolved, closed
    }

    public enum Priority: String, Sendable, Codable, CaseIterable {
        case low, normal, high, urgent
    }

    public var id: Identifier<Conversation>
    public var workspaceId: Identifier<Workspace>
    public var inboxId: Identifier<Inbox>
    /// What people see and say: a counter per workspace, holes allowed.
    public var number: Int64
    public var contact: ContactSummary
    public var subject: String?
    public var status: Status
    public var priority: Priority
    public var labels: [String]
    public var owner: Owner
    /// `seq` of the newest durable event.
    public var headSeq: Int64
    /// Messages of others that the reader has not read. Of the asking reader, 0 in events.
    public var unread: Int
    /// The newest message that the reader may see.
    public var lastMessage: Message?
    public var snoozedUntil: Timestamp?
    public var createdAt: Timestamp
    public var updatedAt: Timestamp

    /// The contact as a row of a list needs it.
    public struct ContactSummary: Sendable, Equatable, Codable {
        public var id: Identifier<Contact>
        public var name: String?
        public var email: String?

        public init(id: Identifier<Contact>, name: String?, email: String?) {
            self.id = id
            self.name = name
            self.email = email
        }
    }

    public init(
        id: Identifier<Conversation>, workspaceId: Identifier<Workspace>, inboxId: Identifier<Inbox>, number: Int64,
        contact: ContactSummary, subject: String?, status: Status, priority: Priority, labels: [String], owner: Owner,
        headSeq: Int64, unread: Int, lastMessage: Message?, snoozedUntil: Timestamp?, createdAt: Timestamp,
        updatedAt: Timestamp
    ) {
        self.id = id
        self.workspaceId = workspaceId
        self.inboxId = inboxId
        self.number = number
        self.contact = contact
        self.subject = subject
        self.status = status
        self.priority = priority
        self.labels = labels
        self.owner = owner
        self.headSeq = headSeq
        self.unread = unread
        self.lastMessage = lastMessage
        self.snoozedUntil = snoozedUntil
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

extension Conversation.Status {
    /// Who moves the status.
    public enum Mover: Sendable, CaseIterable {
        case staff
        /// A message of the contact.
        case contact
        /// The end of a snooze.
        case timer
    }

    /// Whether `mover` may bring a conversation from this status to `next`. Staying is always allowed.
    public func allows(_ next: Conversation.Status, by mover: Mover) -> Bool {
        if self == next { return true }
        switch (self, next) {
        case (.open, .pending), (.pending, .open), (.open, .snoozed), (.pending, .snoozed): return mover == .staff
        case (.snoozed, .open): return true
        case (.open, .resolved), (.pending, .resolved), (.snoozed, .resolved): return mover == .staff
        case (.resolved, .open): return mover != .timer
        case (.open, .closed), (.pending, .closed), (.snoozed, .closed), (.resolved, .closed): return mover == .staff
        default: return false
        }
    }

    /// The status after a message of the contact.
    public var afterContactMessage: Conversation.Status {
        switch self {
        case .snoozed, .resolved: .open
        case .open, .pending, .closed: self
        }
    }
}

/// What an event changed in a conversation: each changed field with its whole new value.
public struct ConversationChanges: Sendable, Equatable, Codable {
    /// Tells "set to nothing" from "not changed".
    public struct Changed<Value: Sendable & Equatable & Codable>: Sendable, Equatable, Codable {
        public var value: Value?

        public init(_ value: Value?) {
            self.value = value
        }
    }

    public var status: Conversation.Status?
    public var priority: Conversation.Priority?
    public var subject: Changed<String>?
    public var labels: [String]?
    public var owner: Owner?
    /// Who answered before ``owner``. Shown to nobody: it tells whose list the conversation leaves.
    public var previousOwner: Owner?
    public var snoozedUntil: Changed<Timestamp>?

    public init() {}

    public var isEmpty: Bool { self == ConversationChanges() }

    public var ownerChange: OwnerChange? { owner.map { OwnerChange(from: previousOwner, to: $0) } }

    /// What of it a contact may see.
    public var visibleToContact: ConversationChanges {
        var visible = ConversationChanges()
        visible.status = status
        visible.subject = subject
        visible.owner = owner
        return visible
    }
}
