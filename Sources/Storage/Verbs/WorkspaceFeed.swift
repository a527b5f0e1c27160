public import Domain

/// A part of a workspace's feed.
public struct FeedPage: Sendable {
    /// Ascending by their place.
    public var events: [Event]
    /// Place of the last event; where the page began when it has none.
    public var end: Int64
    /// Whether there was more when it was read.
    public var hasMore: Bool
}

extension RowReader {
    /// Durable events of the whole workspace behind a place in the feed, each as it would be replayed now.
    ///
    /// Events get their place once they are committed, and none ever gets one before an event that has been read: who goes on
    /// from ``FeedPage/end`` misses nothing.
    public func workspaceFeed(after position: Int64, limit: Int, by access: Access) throws -> FeedPage {
        try access.require(.eventsRead)
        let column = "e.\(connection.feedPosition)"
        var page = FeedPage(events: [], end: position, hasMore: false)
        var bytes = 0
        try connection.each(
            """
            SELECT \(column), \(EventRow.columns) FROM events e \(EventRow.joins) \
            WHERE e.workspace_id = ? AND \(column) > ? ORDER BY \(column) LIMIT ?
            """, [.identifier(access.workspaceId), .integer(position), .integer(Int64(limit) + 1)]
        ) { row in
            guard page.events.count < limit, page.events.isEmpty || bytes < Self.eventPageBytes else {
                page.hasMore = true
                return false
            }
            // The right to read every event is the right to read every conversation's beginning.
            let event = try EventRow.decode(row, from: 1) { try changed($0, for: .server(of: access.workspaceId)) }
            bytes += event.message?.content.utf8.count ?? 0
            page.events.append(event)
            page.end = row.integer(0)
            return true
        }
        return page
    }
}
