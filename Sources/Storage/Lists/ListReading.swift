import Domain

extension RowReader {
    /// Runs of one statement. Both databases take more; a longer statement only takes longer to prepare.
    private static var runsPerStatement: Int { 24 }

    /// The next places of a list, in its order.
    func places(
        in plan: ListPlan, _ order: ListOrder, since: Timestamp?, after position: KeysetPosition?, limit: Int
    ) throws -> [KeysetPosition] {
        var places: [KeysetPosition] = []
        var rest = plan.runs[...]
        while !rest.isEmpty {
            let some = rest.prefix(Self.runsPerStatement)
            rest = rest.dropFirst(some.count)
            var arguments: [SQLValue] = []
            let selects = some.map { run in
                var conditions = run.fixed
                conditions.add(Self.range(run.table.alias, order, since: since, after: position))
                conditions.add(plan.rest)
                arguments += conditions.arguments + [.integer(Int64(limit))]
                return select(run, conditions, order, joinsHeads: !plan.rest.isEmpty)
            }
            let statement: String
            if selects.count == 1 {
                statement = selects[0]
            } else {
                let union = selects.enumerated().map { "SELECT listed_at, id FROM (\($1)) run_\($0)" }
                statement = """
                    \(union.joined(separator: " UNION ALL ")) ORDER BY listed_at \(order.sql), id \(order.sql) LIMIT ?
                    """
                arguments.append(.integer(Int64(limit)))
            }
            places += try connection.rows(statement, arguments) {
                KeysetPosition(sortKey: $0.integer(0), id: $0.integer(1))
            }
        }
        if plan.runs.count > Self.runsPerStatement {
            places.sort { order.goes($0, before: $1) }
            places.removeLast(max(0, places.count - limit))
        }
        return places
    }

    private func select(
        _ run: ListPlan.Run, _ conditions: ListConditions, _ order: ListOrder, joinsHeads: Bool
    ) -> String {
        let alias = run.table.alias
        let source: String
        switch run.table {
        case .heads: source = "conversation_heads h \(connection.read(by: run.index))"
        case .labels:
            let heads = "\(connection.orderedJoin) conversation_heads h ON h.conversation_id = l.conversation_id"
            source = "conversation_labels l \(connection.read(by: run.index))\(joinsHeads ? " \(heads)" : "")"
        }
        return """
            SELECT \(alias).listed_at AS listed_at, \(alias).conversation_id AS id FROM \(source) \
            WHERE \(conditions.sql) \
            ORDER BY \(alias).listed_at \(order.sql), \(alias).conversation_id \(order.sql) LIMIT ?
            """
    }

    /// Where in a run the page lies.
    private static func range(
        _ alias: String, _ order: ListOrder, since: Timestamp?, after position: KeysetPosition?
    ) -> ListConditions {
        var range = ListConditions()
        // Also keeps away what is in no list. Places are up to a second behind what they stand for.
        range.add("\(alias).listed_at > ?", .integer(since.map { $0.milliseconds - ListOrder.lag } ?? 0))
        if let position {
            let key = SQLValue.integer(position.sortKey)
            // The first half says the same as the second, in a form for which every database uses the index.
            range.add("\(alias).listed_at \(order.comparison)= ?", key)
            range.add(
                """
                (\(alias).listed_at \(order.comparison) ? OR \(alias).conversation_id \(order.comparison) ?)
                """, key, .integer(position.id))
        }
        return range
    }

    /// Rows of conversations, in the order of `keys`. Those that are not there are left out.
    func conversations(_ keys: [Int64], for access: Access) throws -> [Conversation] {
        var found: [Int64: Conversation] = [:]
        var labels: [Int64: [String]] = [:]
        try SQLPlaces.each(keys) { places, arguments in
            try connection.each(
                """
                SELECT \(ConversationRow.columns) FROM conversations c \
                \(connection.orderedJoin) conversation_heads h ON h.conversation_id = c.id \
                \(ConversationRow.joins(for: access.viewer)) WHERE c.id IN (\(places))
                """, arguments
            ) { row in
                let conversation = ConversationRow.decode(row)
                found[conversation.id.rawValue] = conversation
                return true
            }
            try connection.each(
                "SELECT conversation_id, label FROM conversation_labels WHERE conversation_id IN (\(places))", arguments
            ) { row in
                labels[row.integer(0), default: []].append(row.text(1))
                return true
            }
            return true
        }
        let unread = try unreadCounts(in: Array(found.values), by: access)
        return keys.compactMap { key in
            guard var conversation = found[key] else { return nil }
            conversation.labels = (labels[key] ?? []).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            conversation.unread = unread[key] ?? 0
            return conversation
        }
    }

    /// Adds labels and the reader's unread count.
    func completed(_ conversation: Conversation, for access: Access) throws -> Conversation {
        var conversation = conversation
        conversation.labels = try connection.rows(
            "SELECT label FROM conversation_labels WHERE conversation_id = ? ORDER BY label",
            [.identifier(conversation.id)]
        ) { $0.text(0) }
        conversation.unread = try unread(in: conversation.id, by: access)
        return conversation
    }
}
