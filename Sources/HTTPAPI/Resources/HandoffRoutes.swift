import Domain
import Storage
import Wire

/// What the assistant told at its handoffs to humans.
struct HandoffRoutes: Sendable {
    let store: ChatStore
    let views: ViewMaker

    func register(in table: inout EndpointTable) {
        table.group = "Conversations"
        table.get(
            "/api/v1/chat/conversations/{id}/handoffs",
            summary: "What the assistant told when it gave the conversation to humans, newest first",
            access: .staff(.conversationsRead), response: HandoffListView.self
        ) { call in
            let (id, access) = (try call.id(Conversation.self), call.access)
            let kept = try await store.read { try $0.handoffs(of: id, by: access) }
            return Answer(HandoffListView(items: kept.map { HandoffView($0, views.identifiers) }))
        }
    }
}

/// At most 100: nobody is handed over more often.
struct HandoffListView: Codable, Sendable {
    var items: [HandoffView]
}

/// What a human who takes over from the assistant is told.
struct HandoffView: Codable, Sendable {
    var conversationId: String
    /// The owner epoch that it began.
    var ownerEpoch: Int64
    var reason: Handoff.Reason
    /// What it is about, such as `legal`; null where nobody told.
    @Nullable var category: String?
    var urgency: Handoff.Urgency
    /// `en` or `zh`: the contact's.
    var language: String
    var summary: String
    /// What the assistant tried, one line each.
    var tried: [String]
    var createdAt: Timestamp

    init(_ kept: KeptHandoff, _ identifiers: PublicIdentifiers) {
        conversationId = identifiers.text(kept.conversationId)
        ownerEpoch = kept.ownerEpoch
        reason = kept.handoff.reason
        category = kept.handoff.category
        urgency = kept.handoff.urgency
        language = kept.handoff.language
        summary = kept.handoff.summary
        tried = kept.handoff.tried
        createdAt = kept.createdAt
    }
}
