public import Domain

/// Which conversations a list shows. Nil fields do not filter.
public struct ConversationFilter: Sendable, Equatable {
    public var status: Conversation.Status?
    public var priority: Conversation.Priority?
    public var ownerKind: Owner.Kind?
    public var assignee: Identifier<User>?
    public var teamId: Identifier<Team>?
    public var inboxId: Identifier<Inbox>?
    public var contactId: Identifier<Contact>?
    public var label: String?
    /// Beginnings of words: all in the subject, or all in what is known of the contact; or the conversation's number.
    public var text: String?
    public var updatedSince: Timestamp?

    public init() {}

    /// Whether `conversation` is in the list; the same rules as the query's, for live rows. `text` is not looked at.
    public func matches(_ conversation: Conversation) -> Bool {
        if let status, conversation.status != status { return false }
        if let priority, conversation.priority != priority { return false }
        if let ownerKind, conversation.owner.kind != ownerKind { return false }
        if let assignee, conversation.owner.kind != .agent || conversation.owner.id != assignee.rawValue {
            return false
        }
        if let teamId, conversation.owner.kind != .team || conversation.owner.id != teamId.rawValue { return false }
        if let inboxId, conversation.inboxId != inboxId { return false }
        if let contactId, conversation.contact.id != contactId { return false }
        if let label, !conversation.labels.contains(label) { return false }
        if let updatedSince, conversation.updatedAt < updatedSince { return false }
        return conversation.lastMessage != nil
    }
}

/// The order of a list of conversations.
///
/// The key is `listed_at`, which follows the time of the last change less than a second behind: a conversation that is written
/// to ten times a second would otherwise change its place in every index ten times.
public enum ListOrder: Sendable, Equatable {
    case latestChangeFirst
    case earliestChangeFirst

    /// How far a conversation's place in lists may be behind its last change, in milliseconds.
    static let lag: Int64 = 1000

    /// Whether a place has to follow.
    static func isBehind(_ listedAt: Timestamp?, at now: Timestamp) -> Bool {
        guard let listedAt else { return true }
        // Also when the clock was set back: places never lie after the change that they stand for.
        return now < listedAt || now.milliseconds - listedAt.milliseconds >= lag
    }

    var sql: String {
        switch self {
        case .latestChangeFirst: "DESC"
        case .earliestChangeFirst: "ASC"
        }
    }

    /// Compares a key with the one that a page goes on behind.
    var comparison: String {
        switch self {
        case .latestChangeFirst: "<"
        case .earliestChangeFirst: ">"
        }
    }

    /// Whether `left` comes before `right`.
    func goes(_ left: KeysetPosition, before right: KeysetPosition) -> Bool {
        let isSmaller = left.sortKey == right.sortKey ? left.id < right.id : left.sortKey < right.sortKey
        return self == .earliestChangeFirst ? isSmaller : left != right && !isSmaller
    }
}
