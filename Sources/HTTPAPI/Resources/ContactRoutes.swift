import Domain
import HTTPTypes
import Storage
import Wire

/// The company's customers.
struct ContactRoutes: Sendable {
    let store: ChatStore
    let views: ViewMaker

    struct New: Decodable, Sendable {
        var name: String?
        var email: String?
        var phone: String?
        var externalId: String?
        var attributes: JSONValue?
        var locale: String?
    }

    struct Edit: Decodable, Sendable {
        var name: Patch<String>
        var email: Patch<String>
        var phone: Patch<String>
        var externalId: Patch<String>
        var attributes: Patch<JSONValue>
        var locale: Patch<String>
    }

    static let text = QueryParameter.text("q", "with this in name, e-mail, phone or external id")

    func register(in table: inout EndpointTable) {
        table.group = "Contacts"
        table.get(
            "/api/v1/contacts", summary: "Contacts, newest first", access: .staff(.contactsRead),
            query: [Self.text.description] + Paging.parameters, response: ListView<ContactView>.self
        ) { call in
            let access = call.access
            var query = call.query
            let text = query[Self.text]
            let page = query.page(of: "contacts", Contact.self)
            try query.finish()
            let slice = try await store.read {
                var filter = ContactFilter()
                filter.text = text
                return try $0.contacts(filter, after: page.position, limit: page.limit, by: access)
            }
            return Answer(ListView(slice, of: "contacts", Contact.self, views.identifiers, views.contact))
        }
        table.post(
            "/api/v1/contacts", summary: "Add a contact", access: .staff(.contactsWrite), request: New.self,
            response: ContactView.self, status: .created, problems: [.conflict]
        ) { body, call in
            let patch = try Self.patch(Edit(body))
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
            read: { try $0.contact($1, by: $2) }, check: { body, _ in try Self.patch(body) },
            change: { try $0.updateContact($1, $2, by: $3) }, view: { contact, _ in views.contact(contact) })
    }

    private static func patch(_ edit: Edit) throws(ValidationProblems) -> ContactPatch {
        var check = Validation()
        check.text(edit.name, field: "name", scalars: FieldRules.name)
        check.email(edit.email.applied(to: nil), field: "email")
        check.text(edit.phone, field: "phone", scalars: FieldRules.phone)
        check.identifier(
            edit.externalId.applied(to: nil), field: "external_id", maximumBytes: FieldRules.externalIdBytes)
        check.object(edit.attributes.setValue, field: "attributes", maximumBytes: Validation.attributesBytes)
        check.locale(edit.locale)
        try check.finish()
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

extension ContactRoutes.Edit {
    fileprivate init(_ new: ContactRoutes.New) {
        func entered<Value>(_ value: Value?) -> Patch<Value> { value.map { .set($0) } ?? .absent }
        self.init(
            name: entered(new.name), email: entered(new.email), phone: entered(new.phone),
            externalId: entered(new.externalId), attributes: entered(new.attributes), locale: entered(new.locale))
    }
}
