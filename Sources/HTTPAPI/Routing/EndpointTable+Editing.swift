import Domain
import HTTPTypes
import Hummingbird
import Storage
import Wire

// PATCH and DELETE of what carries a tag: the one place where `If-Match` is held against the row that is changed.
extension EndpointTable {
    /// Registers the PATCH of an entity: its row is locked, `If-Match` is compared with the state in the same transaction,
    /// the change is made, and the answer carries the new tag.
    ///
    /// ```swift
    /// table.edit(
    ///     "/api/v1/contacts/{id}", of: Contact.self, summary: "Change a contact", access: .staff(.contactsWrite),
    ///     request: Edit.self, response: ContactView.self, read: { try $0.contact($1, by: $2) },
    ///     check: { body, _ in try Self.patch(body) }, change: { try $0.updateContact($1, $2, by: $3) },
    ///     view: { contact, _ in views.contact(contact) })
    /// ```
    /// - Parameters:
    ///   - id: what is changed; the path's `{id}` when not given.
    ///   - lock: what is locked; the entity's row when not given.
    ///   - read: the present state, for the tag. Asked only when the request has a precondition.
    ///   - check: makes the change of the body, before anything is locked. Throws what is wrong with it.
    ///   - change: makes it; returns the state after it.
    mutating func edit<Entity: Editable, Body: Decodable & Sendable, Change: Sendable, Shown: Encodable & Sendable>(
        _ path: String, of entity: Entity.Type, summary: String, access: Admission, request: Body.Type,
        response: Shown.Type, problems: [ProblemCode] = [],
        id identify: @escaping @Sendable (Call) throws -> Identifier<Entity> = { try $0.id(Entity.self) },
        lock: @escaping @Sendable (Call, Identifier<Entity>) throws -> RowLock = { Entity.lock(on: $1) },
        read: @escaping @Sendable (Transaction, Identifier<Entity>, Access) throws -> Entity,
        check: @escaping @Sendable (Body, Call) async throws -> Change,
        change: @escaping @Sendable (Transaction, Identifier<Entity>, Change, Access) throws -> Entity,
        view: @escaping @Sendable (Entity, Call) throws -> Shown
    ) {
        let store = store
        patch(
            path, summary: summary, access: access, request: request, response: response, problems: problems
        ) { body, call in
            let wanted = try await check(body, call)
            let (id, access, precondition) = (try identify(call), call.access, call.precondition)
            let changed = try await store.write(locking: lock(call, id)) { transaction in
                try precondition.check(EntityTag(read(transaction, id, access)))
                return try change(transaction, id, wanted, access)
            }
            return Answer(try view(changed, call), tag: EntityTag(changed))
        }
    }

    /// Registers the DELETE of an entity, with `If-Match` and the parameters as in `edit`.
    mutating func remove<Entity: Editable>(
        _ path: String, of entity: Entity.Type, summary: String, access: Admission, problems: [ProblemCode] = [],
        id identify: @escaping @Sendable (Call) throws -> Identifier<Entity> = { try $0.id(Entity.self) },
        lock: @escaping @Sendable (Call, Identifier<Entity>) throws -> RowLock = { Entity.lock(on: $1) },
        read: @escaping @Sendable (Transaction, Identifier<Entity>, Access) throws -> Entity,
        remove: @escaping @Sendable (Transaction, Identifier<Entity>, Access) throws -> Void
    ) {
        let store = store
        delete(path, summary: summary, access: access, problems: problems + [.preconditionFailed]) { call in
            let (id, access, precondition) = (try identify(call), call.access, call.precondition)
            try await store.write(locking: lock(call, id)) { transaction in
                try precondition.check(EntityTag(read(transaction, id, access)))
                try remove(transaction, id, access)
            }
            return .done
        }
    }
}
