import Domain
import Storage
import Wire

/// The filters of the list of conversations.
enum ConversationQuery {
    /// The orders that the list comes in.
    enum Order: String, CaseIterable, Sendable {
        case latestChangeFirst = "-updated_at"
        case earliestChangeFirst = "updated_at"

        var inStore: ListOrder {
            switch self {
            case .latestChangeFirst: .latestChangeFirst
            case .earliestChangeFirst: .earliestChangeFirst
            }
        }
    }

    static let status = QueryParameter<Conversation.Status>.choice("status", "of this status")
    static let priority = QueryParameter<Conversation.Priority>.choice("priority", "of this priority")
    static let owner = QueryParameter<Owner.Kind>.choice("owner", "answered by this kind of owner")
    static let assignee = QueryDescription(
        name: "assignee", summary: "answered by this agent, or by `me`", form: .identifier(orWords: ["me"]))
    static let team = QueryParameter<Identifier<Team>>.identifier("team_id", "answered by this team")
    static let inbox = QueryParameter<Identifier<Inbox>>.identifier("inbox_id", "of this inbox")
    static let contact = QueryParameter<Identifier<Contact>>.identifier("contact_id", "of this contact")
    static let label = QueryParameter.text("label", maximum: FieldRules.label.upperBound, "with this label")
    static let text = QueryParameter.text(
        "q", "with words that begin so, all in the subject or all in what is known of the contact, or of this number")
    static let updatedSince = QueryParameter.time("updated_since", "changed then or later")
    static let order = QueryParameter<Order>.choice("sort", "the order, `-updated_at` when not given")

    static let parameters = [
        status.description, priority.description, owner.description, assignee, team.description,
        inbox.description, contact.description, label.description, text.description, updatedSince.description,
        order.description,
    ]

    static func filter(_ query: inout QueryReader, for access: Access) -> ConversationFilter {
        var filter = ConversationFilter()
        filter.status = query[status]
        filter.updatedSince = query[updatedSince]
        let visible = filter
        filter.priority = query[priority]
        filter.ownerKind = query[owner]
        filter.teamId = query[team]
        filter.inboxId = query[inbox]
        filter.contactId = query[contact]
        filter.label = query[label]
        filter.text = query[text]
        if let named = query.raw(assignee.name) {
            filter.assignee =
                named == "me" ? access.staff?.userId : query.identifiers.identifier(named, of: User.self)
            if filter.assignee == nil, named != "me" { query.reject(assignee) }
        }
        // A contact must not find out by filtering what it is not shown. What it asks for has to be right all the same.
        guard access.staff != nil else { return visible }
        return filter
    }
}
