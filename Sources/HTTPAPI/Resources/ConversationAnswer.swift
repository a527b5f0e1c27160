import Domain
import Wire

/// A conversation in the form that its reader may see.
enum ConversationAnswer: Encodable, Sendable {
    case staff(ConversationView)
    case contact(ContactConversationView)

    init(_ conversation: Conversation, for viewer: Viewer, _ views: ViewMaker) {
        self =
            switch viewer {
            case .staff: .staff(views.conversation(conversation))
            case .contact: .contact(views.contactConversation(conversation))
            }
    }

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .staff(let view): try view.encode(to: encoder)
        case .contact(let view): try view.encode(to: encoder)
        }
    }
}
