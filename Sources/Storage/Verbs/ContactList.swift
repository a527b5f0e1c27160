public import Domain

/// Which contacts a list shows. Nil fields do not filter.
public struct ContactFilter: Sendable, Equatable {
    /// Beginnings of words that all stand in name, e-mail, phone or external id.
    public var text: String?
    /// The address that staff entered or an identity token proved, in any case.
    public var email: String?
    public var externalId: String?
    public var updatedSince: Timestamp?

    public init() {}
}

/// The order of a list of contacts.
public enum ContactOrder: Sendable, Equatable {
    case newestFirst
    case oldestFirst
    case latestChangeFirst
    case earliestChangeFirst

    public var isByUpdate: Bool { self == .latestChangeFirst || self == .earliestChangeFirst }

    fileprivate var direction: ListOrder {
        switch self {
        case .newestFirst, .latestChangeFirst: .latestChangeFirst
        case .oldestFirst, .earliestChangeFirst: .earliestChangeFirst
        }
    }
}

extension RowReader {
    /// Contacts of the workspace.
    ///
    /// A page of a search may have fewer items than asked for and yet go on, as with conversations.
    public func contacts(
        _ filter: ContactFilter, _ order: ContactOrder = .newestFirst, after position: KeysetPosition?, limit: Int,
        by access: Access
    ) throws -> KeysetSlice<Contact> {
        try access.require(.contactsRead)
        let list = ContactListing(filter: filter, order: order, workspaceId: access.workspaceId)
        guard let text = filter.text else {
            var items = try contacts(of: list, after: position, limit: limit + 1)
            let hasMore = items.count > limit
            if hasMore { items.removeLast() }
            return KeysetSlice(items: items, next: hasMore ? items.last.map(list.place) : nil)
        }
        let query = SearchQuery(text)
        var keys: Set<Int64>? = []
        for terms in query.readings {
            let found = try candidates(.contact, terms, in: access.workspaceId)
            keys = found.flatMap { found in keys.map { $0.union(found) } }
        }
        let direction = order.direction
        var hits: [Contact] = []
        if let keys {
            if order.isByUpdate {
                var found: [Contact] = []
                try SQLPlaces.each(keys.sorted()) { places, arguments in
                    found += try contacts(of: list, among: (places, arguments))
                    return true
                }
                found = found.filter { contact in
                    query.matches(SearchText.words(of: contact))
                        && position.map { direction.goes($0, before: list.place(contact)) } ?? true
                }
                found.sort { direction.goes(list.place($0), before: list.place($1)) }
                hits = Array(found.prefix(limit + 1))
            } else {
                var sorted = keys.filter { key in
                    position.map { direction.goes($0, before: KeysetPosition(sortKey: 0, id: key)) } ?? true
                }.sorted()
                if direction == .latestChangeFirst { sorted.reverse() }
                try SQLPlaces.each(sorted) { places, arguments in
                    let found = try contacts(of: list, among: (places, arguments)).filter {
                        query.matches(SearchText.words(of: $0))
                    }
                    hits += found.sorted { direction.goes(list.place($0), before: list.place($1)) }
                    return hits.count <= limit
                }
            }
        } else {
            var walked = 0
            var position = position
            while walked < settings.searchBounds.walked, hits.count <= limit {
                let some = try contacts(of: list, after: position, limit: settings.searchBounds.chunk)
                walked += some.count
                hits += some.filter { query.matches(SearchText.words(of: $0)) }
                guard some.count == settings.searchBounds.chunk else {
                    position = nil
                    break
                }
                position = some.last.map(list.place)
            }
            if hits.count <= limit { return KeysetSlice(items: hits, next: position) }
        }
        let hasMore = hits.count > limit
        let items = Array(hits.prefix(limit))
        return KeysetSlice(items: items, next: hasMore ? items.last.map(list.place) : nil)
    }

    private func contacts(
        of list: ContactListing, after position: KeysetPosition?, limit: Int
    ) throws -> [Contact] {
        var conditions = list.conditions
        let (order, index, isByUpdate) = (list.order.direction, list.index, list.order.isByUpdate)
        if let position {
            let (key, id) = (SQLValue.integer(position.sortKey), SQLValue.integer(position.id))
            if isByUpdate {
                conditions.add("updated_at \(order.comparison)= ?", key)
                conditions.add("(updated_at \(order.comparison) ? OR id \(order.comparison) ?)", key, id)
            } else {
                conditions.add("id \(order.comparison) ?", id)
            }
        }
        return try connection.rows(
            """
            SELECT \(ContactRow.columns) FROM contacts \(index.map { connection.read(by: $0) } ?? "") \
            WHERE \(conditions.sql) ORDER BY \(isByUpdate ? "updated_at \(order.sql), " : "")id \(order.sql) LIMIT ?
            """, conditions.arguments + [.integer(Int64(limit))], ContactRow.decode)
    }

    /// Those of some keys that the list shows, in no order.
    private func contacts(
        of list: ContactListing, among keys: (places: String, arguments: [SQLValue])
    ) throws -> [Contact] {
        try connection.rows(
            "SELECT \(ContactRow.columns) FROM contacts WHERE id IN (\(keys.places)) AND \(list.conditions.sql)",
            keys.arguments + list.conditions.arguments, ContactRow.decode)
    }
}

/// A list of contacts, but for the words that are looked for.
private struct ContactListing {
    var filter: ContactFilter
    var order: ContactOrder
    var workspaceId: Identifier<Workspace>

    /// The index whose order the list has; nil where a filter leaves a handful of rows.
    var index: String? {
        if filter.externalId != nil { return nil }
        if filter.email != nil { return "contacts_by_email" }
        return order.isByUpdate ? "contacts_by_update" : "contacts_of_workspace"
    }

    var conditions: ListConditions {
        var conditions = ListConditions()
        conditions.add("workspace_id = ?", .identifier(workspaceId))
        if let externalId = filter.externalId { conditions.add("external_id = ?", .text(externalId)) }
        if let email = filter.email { conditions.add("email_key = ?", .text(User.emailKey(email))) }
        if let since = filter.updatedSince { conditions.add("updated_at >= ?", .time(since)) }
        conditions.add("deleted_at IS NULL")
        return conditions
    }

    func place(_ contact: Contact) -> KeysetPosition {
        KeysetPosition(sortKey: order.isByUpdate ? contact.updatedAt.milliseconds : 0, id: contact.id.rawValue)
    }
}
