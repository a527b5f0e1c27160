import Domain
import HTTPTypes
import Storage
import Wire

/// Conversations: lists, details, changes.
struct ConversationRoutes: Sendable {
    let store: ChatStore
    let views: ViewMaker
    let clock: any WallClock

    struct New: Decodable, Sendable, Validated {
        var contactId: String
        var inboxId: String?
        var subject: String?
        var priority: Conversation.Priority?
        /// Text of a first message.
        var message: String?

        func validate(_ check: inout Validation) {
            check.text(subject, field: "subject", scalars: FieldRules.subject)
            check.text(message, field: "message", scalars: Validation.messageScalars)
        }
    }

    struct Edit: Decodable, Sendable, Validated {
        var status: Patch<Conversation.Status>
        var priority: Patch<Conversation.Priority>
        var subject: Patch<String>
        var labels: Patch<[String]>
        var snoozedUntil: Patch<Timestamp>

        func validate(_ check: inout Validation) {
            check.present(status, field: "status")
            check.present(priority, field: "priority")
            check.text(subject, field: "subject", scalars: FieldRules.subject)
            check.texts(
                labels.applied(to: nil), field: "labels", maximum: FieldRules.maximumLabels, scalars: FieldRules.label)
        }
    }

    func register(in table: inout EndpointTable) {
        table.group = "Conversations"
        table.get(
            "/api/v1/chat/conversations",
            summary: "Conversations with a message, latest change first: all for staff, its own for a contact",
            access: .contactOr(.conversationsRead), query: ConversationQuery.parameters + Paging.parameters,
            response: ListView<ConversationAnswer>.self
        ) { call in
            let access = call.access
            var query = call.query
            let filter = ConversationQuery.filter(&query, for: access)
            let order = query[ConversationQuery.order] ?? .latestChangeFirst
            // Each order has cursors of its own.
            let name = "conversations\(order.rawValue)"
            let page = query.page(of: name, Conversation.self)
            try query.finish()
            let slice = try await store.read {
                try $0.conversations(filter, order.inStore, after: page.position, limit: page.limit, by: access)
            }
            return Answer(
                ListView(slice, of: name, Conversation.self, views.identifiers) {
                    ConversationAnswer($0, for: access.viewer, views)
                })
        }
        table.post(
            "/api/v1/chat/conversations", summary: "Write to a contact first", access: .staff(.conversationsWrite),
            request: New.self, response: ConversationAnswer.self, status: .created, problems: [.notFound]
        ) { body, call in
            try await open(body, call)
        }
        table.alsoNeeds(.conversationsRead, .contactsRead)
        table.get(
            "/api/v1/chat/conversations/{id}", summary: "A conversation", access: .contactOr(.conversationsRead),
            response: ConversationAnswer.self
        ) { call in
            let (id, access) = (try call.id(Conversation.self), call.access)
            return answer(try await store.read { try $0.conversation(id, by: access) }, call)
        }
        table.edit(
            "/api/v1/chat/conversations/{id}", of: Conversation.self,
            summary: "Change status, priority, subject, labels or snooze", access: .staff(.conversationsWrite),
            request: Edit.self, response: ConversationAnswer.self, problems: [.invalidTransition, .conversationClosed],
            read: { try $0.conversation($1, by: $2) }, check: { body, _ in try patch(body) },
            change: { try $0.update($1, $2, by: $3) },
            view: { ConversationAnswer($0, for: $1.access.viewer, views) })
        table.alsoNeeds(.conversationsRead)
    }

    private func answer(_ conversation: Conversation, _ call: Call) -> Answer<ConversationAnswer> {
        Answer(conversation, for: call.access.viewer, views)
    }

    private func open(_ new: New, _ call: Call) async throws -> Answer<ConversationAnswer> {
        let contactId: Identifier<Contact> = try call.known(new.contactId)
        let inboxId: Identifier<Inbox>? = try new.inboxId.map { text throws(Refusal) in try call.known(text) }
        let access = call.access
        let made = try await store.write {
            try $0.openConversation(
                with: contactId, inboxId: inboxId, subject: new.subject, priority: new.priority ?? .normal,
                message: new.message.map { MessageDraft(content: $0) }, by: access)
        }
        return answer(made, call)
    }

    private func patch(_ edit: Edit) throws -> ConversationPatch {
        var patch = ConversationPatch()
        patch.status = try edit.status.requiredValue(field: "status")
        patch.priority = try edit.priority.requiredValue(field: "priority")
        patch.subject = edit.subject.change
        patch.labels = edit.labels.isAbsent ? nil : edit.labels.applied(to: nil) ?? []
        patch.snoozedUntil = edit.snoozedUntil.change
        var check = Validation()
        if case .set(let until) = edit.snoozedUntil, until <= clock.now() {
            check.reject("snoozed_until", code: "out_of_range", message: "must lie in the future")
        }
        try check.finish()
        return patch
    }
}
