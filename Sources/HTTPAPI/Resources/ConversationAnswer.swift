import Domain
import Wire

extension Answer where Value == ConversationAnswer {
    /// A conversation for its reader. Contacts, who cannot edit it, get no tag: from one they could work out labels and
    /// priority by trying.
    init(_ conversation: Conversation, for viewer: Viewer, _ views: ViewMaker) {
        let view = ConversationAnswer(conversation, for: viewer, views)
        self = viewer == .staff ? Answer(view, tag: EntityTag(conversation)) : Answer(view)
    }
}

/// A conversation in the form that its reader may see.
enum ConversationAnswer: Encodable, Sendable, SchemaProviding, SchemaNamed {
    case staff(ConversationView)
    case contact(ContactConversationView)

    init(_ conversation: Conversation, for viewer: Viewer, _ views: ViewMaker) {
        self =
            switch viewer {
            case .staff: .staff(views.conversation(conversation))
            case .contact: .contact(views.contactConversation(conversation))
            }
    }

    static var schemaName: String { "ConversationForReader" }

    static func schema(in components: SchemaComponents) -> JSONSchema {
        .oneOf([components.schema(of: ConversationView.self), components.schema(of: ContactConversationView.self)])
    }

    static var example: JSONValue { .object([:]) }

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .staff(let view): try view.encode(to: encoder)
        case .contact(let view): try view.encode(to: encoder)
        }
    }
}
