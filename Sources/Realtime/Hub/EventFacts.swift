import Cluster
import Domain

/// What has to be known of an event to pass it on, whichever node committed it.
struct EventFacts: Sendable, Equatable {
    var workspaceId: Identifier<Workspace>
    var conversationId: Identifier<Conversation>
    var seq: Int64
    var kind: Event.Kind
    /// The message that it is about, and who sent that.
    var message: RungEvent.MessageFacts?
    /// Who answers from then on, and who did before; nil when it changes neither.
    var owners: OwnerChange?
    var isHiddenFromContacts: Bool

    /// The owner epoch that it begins.
    var ownerEpoch: Int64? { owners?.new.epoch }

    init(_ event: Event) {
        workspaceId = event.workspaceId
        conversationId = event.conversationId
        seq = event.seq
        kind = event.kind
        message = event.message.map { .init(id: $0.id, status: $0.status, sender: $0.sender.kind) }
        if case .conversationUpdated(let changes, _) = event.body { owners = changes.ownerChange }
        isHiddenFromContacts = Audience.visibility(of: event, to: .contact) == .hidden
    }

    init(_ rung: RungEvent) {
        workspaceId = rung.workspaceId
        conversationId = rung.conversationId
        seq = rung.seq
        kind = rung.kind
        message = rung.message
        owners = rung.owners
        isHiddenFromContacts = rung.isHiddenFromContacts
    }

    /// As other nodes are told it.
    func rung(json: RungEvent.Forms?) -> RungEvent {
        RungEvent(
            workspaceId: workspaceId, conversationId: conversationId, seq: seq, kind: kind, message: message,
            owners: owners, isHiddenFromContacts: isHiddenFromContacts, json: json)
    }
}
