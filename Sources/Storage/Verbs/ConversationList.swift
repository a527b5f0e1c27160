public import Domain

extension RowReader {
    /// Conversations with at least one message: all of the workspace for staff, its own for a contact.
    ///
    /// A page of a search may have fewer items than asked for, and even none, and yet go on: what one request looks at is
    /// bounded (``SearchBounds``).
    public func conversations(
        _ filter: ConversationFilter, _ order: ListOrder = .latestChangeFirst, after position: KeysetPosition?,
        limit: Int, by access: Access
    ) throws -> KeysetSlice<Conversation> {
        if access.contact == nil { try access.require(.conversationsRead) }
        let plan = ListPlan(filter, by: access)
        var places: [KeysetPosition]
        var next: KeysetPosition?
        if let text = filter.text {
            let search = ListSearch(filter: filter, query: SearchQuery(text), plan: plan, order: order)
            (places, next) = try found(by: search, after: position, limit: limit, access)
        } else {
            places = try self.places(
                in: plan, order, since: filter.updatedSince, after: position, limit: limit + 1)
            if places.count > limit {
                places.removeLast()
                next = places.last
            }
        }
        return KeysetSlice(items: try conversations(places.map(\.id), for: access), next: next)
    }
}

/// A search in a list of conversations.
struct ListSearch {
    var filter: ConversationFilter
    var query: SearchQuery
    var plan: ListPlan
    var order: ListOrder
}

extension RowReader {
    /// The places that a search finds, and where it goes on.
    fileprivate func found(
        by search: ListSearch, after position: KeysetPosition?, limit: Int, _ access: Access
    ) throws -> ([KeysetPosition], next: KeysetPosition?) {
        if let candidates = try candidates(of: search, access) {
            var places = candidates
            if let position { places = places.filter { search.order.goes(position, before: $0) } }
            places.sort { search.order.goes($0, before: $1) }
            var hits: [KeysetPosition] = []
            var rest = places[...]
            while !rest.isEmpty {
                let some = rest.prefix(settings.searchBounds.chunk)
                rest = rest.dropFirst(some.count)
                hits += try matching(Array(some), search)
                if hits.count > limit { return (Array(hits.prefix(limit)), hits[limit - 1]) }
            }
            return (hits, nil)
        }
        return try walk(search, after: position, limit: limit)
    }

    /// Walks through the list and compares: with words so common a page is full soon.
    private func walk(
        _ search: ListSearch, after position: KeysetPosition?, limit: Int
    ) throws -> ([KeysetPosition], next: KeysetPosition?) {
        var hits: [KeysetPosition] = []
        var position = position
        var walked = 0
        while walked < settings.searchBounds.walked {
            let places = try self.places(
                in: search.plan, search.order, since: search.filter.updatedSince, after: position,
                limit: settings.searchBounds.chunk)
            walked += places.count
            hits += try matching(places, search)
            if hits.count > limit { return (Array(hits.prefix(limit)), hits[limit - 1]) }
            guard places.count == settings.searchBounds.chunk else { return (hits, nil) }
            position = places.last
        }
        return (hits, position)
    }

    /// Places of what the words lead to, and among them of all that match; nil when the words are too common.
    private func candidates(of search: ListSearch, _ access: Access) throws -> [KeysetPosition]? {
        var conversations: Set<Int64> = []
        var contacts: Set<Int64> = []
        for terms in search.query.readings {
            guard let byContact = try candidates(.contact, terms, in: access.workspaceId),
                let bySubject = try candidates(.conversation, terms, in: access.workspaceId)
            else { return nil }
            conversations.formUnion(bySubject)
            contacts.formUnion(byContact)
        }
        if let number = search.query.number {
            let found = try connection.integer(
                "SELECT id FROM conversations WHERE workspace_id = ? AND number = ?",
                [.identifier(access.workspaceId), .integer(number)])
            if let found { conversations.insert(found) }
        }
        var rest = search.filter.conditions(without: [])
        rest.add(access.reachOfList())
        rest.add("h.listed_at IS NOT NULL")
        var places: [Int64: KeysetPosition] = [:]
        func read(_ source: String, _ condition: String, _ arguments: [SQLValue]) throws -> Bool {
            try connection.each(
                """
                SELECT h.listed_at, h.conversation_id FROM conversation_heads h\(source) \
                WHERE \(condition) AND \(rest.sql) LIMIT \(settings.searchBounds.entries + 1)
                """, arguments + rest.arguments
            ) { row in
                places[row.integer(1)] = KeysetPosition(sortKey: row.integer(0), id: row.integer(1))
                return true
            }
            return places.count <= settings.searchBounds.entries
        }
        try SQLPlaces.each(conversations.sorted()) { list, keys in
            try read(
                " \(connection.readByKey)", "h.workspace_id = ? AND h.conversation_id IN (\(list))",
                [.identifier(access.workspaceId)] + keys)
        }
        guard places.count <= settings.searchBounds.entries else { return nil }
        try SQLPlaces.each(contacts.sorted()) { list, keys in
            try read(
                " \(connection.read(by: "conversation_heads_by_contact"))",
                "h.workspace_id = ? AND h.contact_id IN (\(list))", [.identifier(access.workspaceId)] + keys)
        }
        guard places.count <= settings.searchBounds.entries else { return nil }
        return Array(places.values)
    }

    /// Those of `places` that match, in their order.
    private func matching(_ places: [KeysetPosition], _ search: ListSearch) throws -> [KeysetPosition] {
        var matching: Set<Int64> = []
        try SQLPlaces.each(places.map(\.id)) { list, keys in
            try connection.each(
                """
                SELECT c.id, c.number, c.subject, contact.name, contact.email, contact.claimed_email, \
                contact.external_id, contact.phone FROM conversations c \
                \(connection.orderedJoin) contacts contact ON contact.id = c.contact_id WHERE c.id IN (\(list))
                """, keys
            ) { row in
                let isNumber = search.query.number == row.integer(1)
                if isNumber || search.query.matches(SearchText.words(ofSubject: row.optionalText(2)))
                    || search.query.matches(
                        SearchText.words(of: (3...6).map { row.optionalText($0) }, phone: row.optionalText(7)))
                {
                    matching.insert(row.integer(0))
                }
                return true
            }
            return true
        }
        return places.filter { matching.contains($0.id) }
    }
}
