import Domain
import HTTPTypes
import Storage
import Wire

/// Single messages: reading, changing and deleting what was said.
struct MessageEditRoutes: Sendable {
    static let path = "/api/v1/chat/conversations/{id}/messages/{message_id}"

    let store: ChatStore
    let views: ViewMaker

    struct Edit: Decodable, Sendable, Validated {
        /// The new text. Empty only where files are beside it.
        var content: String

        func validate(_ check: inout Validation) {
            check.text(content, field: "content", scalars: 0...Validation.messageScalars.upperBound)
        }
    }

    func register(in table: inout EndpointTable) {
        table.group = "Messages"
        table.get(
            Self.path, summary: "A message as it is now", access: .contactOr(.conversationsRead),
            response: MessageView.self
        ) { call in
            let (id, conversationId, access) = try place(call)
            return answer(try await store.read { try $0.message(id, in: conversationId, by: access) }, call)
        }
        table.patch(
            Self.path, summary: "Change one's own text within the workspace's window, or any with messages:manage",
            access: .contactOr(.messagesWrite), request: Edit.self, response: MessageView.self,
            problems: [.conflict, .conversationClosed]
        ) { body, call in
            let (id, conversationId, access) = try place(call)
            let precondition = call.precondition
            let message = try await store.write(to: conversationId) { transaction in
                try precondition.check(EntityTag(transaction.message(id, in: conversationId, by: access)))
                return try transaction.edit(id, in: conversationId, content: body.content, by: access)
            }
            return answer(message, call)
        }
        table.alsoNeeds(.conversationsRead)
        table.delete(
            Self.path, summary: "Delete one's own message within the workspace's window, or any with messages:manage",
            access: .contactOr(.messagesWrite), problems: [.conflict, .conversationClosed, .preconditionFailed]
        ) { call in
            let (id, conversationId, access) = try place(call)
            let precondition = call.precondition
            try await store.write(to: conversationId) { transaction in
                try precondition.check(EntityTag(transaction.message(id, in: conversationId, by: access)))
                try transaction.delete(id, in: conversationId, by: access)
            }
            return .done
        }
        table.alsoNeeds(.conversationsRead)
    }

    private func place(_ call: Call) throws -> (Identifier<Message>, Identifier<Conversation>, Access) {
        (try call.id(Message.self, in: "message_id"), try call.id(Conversation.self), call.access)
    }

    private func answer(_ message: Message, _ call: Call) -> Answer<MessageView> {
        Answer(views.message(message, for: call.access.viewer), tag: EntityTag(message))
    }
}

extension Message: Editable {
    var entityTag: EntityTag { EntityTag(fields: [content, status.rawValue, editedAt?.rfc3339]) }
}
