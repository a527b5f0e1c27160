import Domain
import HTTPTypes
import Storage
import Wire

/// The company's customers.
struct ContactRoutes: Sendable {
    let store: ChatStore
    let views: ViewMaker

    struct New: Decodable, Sendable, Validated {
        var name: String?
        var email: String?
        var phone: String?
        var externalId: String?
        var attributes: JSONValue?
        var locale: String?

        func validate(_ check: inout Validation) { Edit(self).validate(&check) }
    }

    struct Edit: Decodable, Sendable, Validated {
        var name: Patch<String>
        var email: Patch<String>
        var phone: Patch<String>
        var externalId: Patch<String>
        var attributes: Patch<JSONValue>
        var locale: Patch<String>

        func validate(_ check: inout Validation) {
            check.text(name, field: "name", scalars: FieldRules.name)
            check.email(email.applied(to: nil), field: "email")
            check.text(phone, field: "phone", scalars: FieldRules.phone)
            check.identifier(
                externalId.applied(to: nil), field: "external_id", maximumBytes: FieldRules.externalIdBytes)
            check.object(attributes.setValue, field: "attributes", maximumBytes: Validation.attributesBytes)
            check.locale(locale)
        }
    }

    struct Merge: Decodable, Sendable {
        /// The contact that goes into the one of the path.
        var contactId: String
    }

    /// The orders that the list comes in.
    enum Order: String, CaseIterable, Sendable {
        case newestFirst = "-created_at"
        case oldestFirst = "created_at"
        case latestChangeFirst = "-updated_at"
        case earliestChangeFirst = "updated_at"
    }

    static let text = QueryParameter.text(
        "q", "with words that begin so, all of them, in name, e-mail, phone or external id")
    static let email = QueryParameter.text("email", maximum: 320, "with this address, proven or entered by staff")
    static let externalId = QueryParameter.text(
        "external_id", maximum: FieldRules.externalIdBytes, "known to the company under this")
    static let updatedSince = QueryParameter.time(
        "updated_since", "changed then or later; the list is in the order of changes then")
    static let order = QueryParameter<Order>.choice("sort", "the order, `-created_at` when not given")

    func register(in table: inout EndpointTable) {
        table.group = "Contacts"
        table.get(
            "/api/v1/contacts", summary: "Contacts, newest first", access: .staff(.contactsRead),
            query: [
                Self.text.description, Self.email.description, Self.externalId.description,
                Self.updatedSince.description, Self.order.description,
            ] + Paging.parameters, response: ListView<ContactView>.self
        ) { call in
            try await list(call)
        }
        table.post(
            "/api/v1/contacts", summary: "Add a contact", access: .staff(.contactsWrite), request: New.self,
            response: ContactView.self, status: .created, problems: [.conflict]
        ) { body, call in
            let patch = Self.patch(Edit(body))
            let access = call.access
            let contact = try await store.write { try $0.createContact(patch, by: access) }
            return Answer(views.contact(contact), tag: EntityTag(contact))
        }
        table.get(
            "/api/v1/contacts/{id}", summary: "A contact", access: .staff(.contactsRead), response: ContactView.self
        ) { call in
            let (id, access) = (try call.id(Contact.self), call.access)
            let contact = try await store.read { try $0.contact(id, by: access) }
            return Answer(views.contact(contact), tag: EntityTag(contact))
        }
        table.edit(
            "/api/v1/contacts/{id}", of: Contact.self, summary: "Change a contact", access: .staff(.contactsWrite),
            request: Edit.self, response: ContactView.self, problems: [.conflict],
            read: { try $0.contact($1, by: $2) }, check: { body, _ in Self.patch(body) },
            change: { try $0.updateContact($1, $2, by: $3) }, view: { contact, _ in views.contact(contact) })
        table.alsoNeeds(.contactsRead)
        table.remove(
            "/api/v1/contacts/{id}", of: Contact.self,
            summary: "Forget a contact: its personal data goes, its visits end, its messages stay without a name",
            access: .staff(.contactsDelete), read: { try $0.contact($1, by: .server(of: $2.workspaceId)) },
            remove: { try $0.deleteContact($1, by: $2) })
        table.get(
            "/api/v1/contacts/{id}/conversations",
            summary: "Conversations of a contact with a message, latest change first", access: .staff(.contactsRead),
            query: [ConversationQuery.status.description] + Paging.parameters,
            response: ListView<ConversationView>.self
        ) { call in
            try await conversations(call)
        }
        table.alsoNeeds(.conversationsRead)
        table.post(
            "/api/v1/contacts/{id}/merge",
            summary: "Make another contact part of this one, with its conversations and visits",
            access: .staff(.contactsWrite), request: Merge.self, response: ContactView.self, problems: [.conflict]
        ) { body, call in
            let (id, access) = (try call.id(Contact.self), call.access)
            let other: Identifier<Contact> = try call.known(body.contactId)
            let contact = try await store.mergeContact(other, into: id, by: access)
            return Answer(views.contact(contact), tag: EntityTag(contact))
        }
        table.alsoNeeds(.contactsRead)
    }

    private func list(_ call: Call) async throws -> Answer<ListView<ContactView>> {
        let access = call.access
        var query = call.query
        var filter = ContactFilter()
        filter.text = query[Self.text]
        filter.email = query[Self.email]
        filter.externalId = query[Self.externalId]
        filter.updatedSince = query[Self.updatedSince]
        let wanted = query[Self.order]
        let order = wanted ?? (filter.updatedSince == nil ? .newestFirst : .latestChangeFirst)
        // In another order there is nothing to find the changed ones by.
        if filter.updatedSince != nil, !order.inStore.isByUpdate { query.reject(Self.order.description) }
        // Each order has cursors of its own.
        let name = "contacts\(order.rawValue)"
        let page = query.page(of: name, Contact.self)
        try query.finish()
        let asked = filter
        let slice = try await store.read {
            try $0.contacts(asked, order.inStore, after: page.position, limit: page.limit, by: access)
        }
        return Answer(ListView(slice, of: name, Contact.self, views.identifiers, views.contact))
    }

    private func conversations(_ call: Call) async throws -> Answer<ListView<ConversationView>> {
        let (id, access) = (try call.id(Contact.self), call.access)
        var query = call.query
        var filter = ConversationFilter()
        filter.contactId = id
        filter.status = query[ConversationQuery.status]
        let page = query.page(of: "contact-conversations", Conversation.self)
        try query.finish()
        let asked = filter
        let slice = try await store.read { snapshot in
            _ = try snapshot.contact(id, by: access)
            return try snapshot.conversations(asked, after: page.position, limit: page.limit, by: access)
        }
        return Answer(
            ListView(slice, of: "contact-conversations", Conversation.self, views.identifiers, views.conversation))
    }

    private static func patch(_ edit: Edit) -> ContactPatch {
        var patch = ContactPatch()
        patch.name = edit.name.change
        patch.email = edit.email.change
        patch.phone = edit.phone.change
        patch.externalId = edit.externalId.change
        patch.attributes = edit.attributes.objectChange
        patch.locale = edit.locale.change
        return patch
    }
}

extension ContactRoutes.Order {
    fileprivate var inStore: ContactOrder {
        switch self {
        case .newestFirst: .newestFirst
        case .oldestFirst: .oldestFirst
        case .latestChangeFirst: .latestChangeFirst
        case .earliestChangeFirst: .earliestChangeFirst
        }
    }
}

extension ContactRoutes.Edit {
    fileprivate init(_ new: ContactRoutes.New) {
        func entered<Value>(_ value: Value?) -> Patch<Value> { value.map { .set($0) } ?? .absent }
        self.init(
            name: entered(new.name), email: entered(new.email), phone: entered(new.phone),
            externalId: entered(new.externalId), attributes: entered(new.attributes), locale: entered(new.locale))
    }
}
