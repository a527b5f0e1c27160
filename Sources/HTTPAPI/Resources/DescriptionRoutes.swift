import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import Wire

/// What the server says of itself: `/openapi.json`, and pages for people.
struct DescriptionRoutes: Sendable {
    static let path = "/openapi.json"

    let version: String
    let assets: SwaggerAssets
    /// All of them, these too.
    let endpoints: @Sendable () -> [Endpoint]

    func register(in table: inout EndpointTable) {
        table.group = "System"
        let description = KeptText { [endpoints, version] in
            APIDescription(endpoints: endpoints(), version: version).document.serialized()
        }
        table.open(get: Self.path, summary: "This description", response: NoContent.self) { call in
            description.answer(to: call.incoming.headers, as: "application/json")
        }
        table.produces("application/json")
        table.alsoAnswersNotModified()
        registerPages(in: &table)
    }

    private func registerPages(in table: inout EndpointTable) {
        table.group = "Pages"
        let page = KeptText { [assets] in DocumentPage.api(assets) }
        let policy = assets.origin.map { SecurityHeaders.contentSecurityPolicy(alsoFrom: $0) }
        table.open(get: "/docs", summary: "This description for people", response: NoContent.self) { call in
            page.answer(
                to: call.incoming.headers, as: "text/html; charset=utf-8",
                extra: policy.map { [.contentSecurityPolicy: $0] } ?? [:])
        }
        table.produces("text/html")
        table.alsoAnswersNotModified()
        let events = KeptText { SocketDocument().html }
        table.open(
            get: "/docs/events", summary: "The frames and events of the WebSocket, for people",
            response: NoContent.self
        ) { call in
            events.answer(to: call.incoming.headers, as: "text/html; charset=utf-8")
        }
        table.produces("text/html")
        table.alsoAnswersNotModified()
        let files = assets.local ?? [:]
        table.open(
            get: "/docs/assets/{name}", summary: "Swagger UI, where it is installed", response: NoContent.self
        ) { call in
            let name = call.parameter("name")
            guard let file = SwaggerAssets.files.first(where: { $0.name == name }), let content = files[name] else {
                throw Problem(.notFound)
            }
            return Answer(
                response: Response(
                    status: .ok, headers: [.contentType: file.type, .cacheControl: "public, max-age=3600"],
                    body: ResponseBody(byteBuffer: content)))
        }
        table.produces("text/css", "text/javascript")
    }
}

/// A text that is made when somebody asks for it first, and kept.
private final class KeptText: Sendable {
    private let made = Mutex<(content: ByteBuffer, tag: EntityTag)?>(nil)
    private let make: @Sendable () -> String

    init(_ make: @escaping @Sendable () -> String) {
        self.make = make
    }

    func answer(to request: HTTPFields, as type: String, extra: HTTPFields = [:]) -> Answer<NoContent> {
        let (content, tag) = made.withLock { kept in
            if let kept { return kept }
            let text = make()
            let made = (content: ByteBuffer(string: text), tag: EntityTag(bytes: text.utf8))
            kept = made
            return made
        }
        var headers: HTTPFields = [.eTag: tag.text, .cacheControl: "no-cache"]
        if request.knows(tag) { return Answer(response: Response(status: .notModified, headers: headers)) }
        headers[.contentType] = type
        for field in extra { headers[field.name] = field.value }
        return Answer(response: Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: content)))
    }
}
