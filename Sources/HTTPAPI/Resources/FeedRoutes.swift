import Domain
import HTTPTypes
import Storage
import Wire

/// Everything that happens in a workspace, in one order, for programs that follow it.
struct FeedRoutes: Sendable {
    let store: ChatStore
    let views: ViewMaker
    /// Names the log's incarnation: a restored backup has another, in which old places mean something else.
    let logEpoch: String

    /// A part of the feed, and from where the next one goes on.
    struct Page: Encodable, Sendable {
        var items: [EventEnvelope]
        /// Always there, also at the end: whoever asks again with it gets what has come since.
        var nextCursor: String
    }

    static let after = QueryDescription(
        name: "after", summary: "`next_cursor` of the part before; from the beginning when not given", form: .cursor)

    func register(in table: inout EndpointTable) {
        table.group = "Events"
        table.get(
            "/api/v1/events", summary: "Every durable event of the workspace, in the order of the feed",
            access: .staff(.eventsRead), query: [Self.after, Paging.limit.description], response: Page.self
        ) { call in
            let access = call.access
            let place = "events \(views.identifiers.text(access.workspaceId)) \(logEpoch)"
            var query = call.query
            let limit = query[Paging.limit].map(Int.init) ?? Paging.defaultLimit
            var position: Int64 = 0
            if let text = query.raw(Self.after.name) {
                if let known = views.identifiers.position(text, in: place) {
                    position = known
                } else {
                    query.reject(Self.after)
                }
            }
            try query.finish()
            let page = try await store.read { [position] in
                try $0.workspaceFeed(after: position, limit: limit, by: access)
            }
            let encoder = EventEncoder(views: views)
            return Answer(
                Page(
                    items: page.events.map { encoder.envelope($0, for: .staff) },
                    nextCursor: views.identifiers.text(position: page.end, in: place)))
        }
    }
}

extension FeedRoutes.Page: SchemaProviding, SchemaNamed {
    static var schemaName: String { "EventFeed" }

    static func schema(in components: SchemaComponents) -> JSONSchema {
        .object(
            ["items": .array(of: components.schema(of: EventEnvelope.self)), "next_cursor": .string],
            required: ["items", "next_cursor"])
    }

    static var example: JSONValue { ["items": [], "next_cursor": "cur_00000000000000000000000000"] }
}
