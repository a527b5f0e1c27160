import EmbeddedFiles
import HTTPTypes
import Hummingbird
import NIOCore

/// The web pages and their files, out of the binary.
struct PageRoutes: Sendable {
    /// A file as it is answered.
    struct Page: Sendable {
        var content: ByteBuffer
        var type: String
        var tag: EntityTag
    }

    private let pages: [String: Page]

    init() {
        pages = Dictionary(
            EmbeddedFile.all(in: "web/").map { file in
                let name = String(file.path.dropFirst("web/".count))
                let page = Page(
                    content: ByteBuffer(bytes: file.bytes), type: Self.mediaType(of: name),
                    tag: EntityTag(bytes: file.bytes))
                return (name, page)
            }, uniquingKeysWith: { first, _ in first })
    }

    func register(in table: inout EndpointTable) {
        table.group = "Pages"
        page("/", "The first page", file: "index.html", in: &table)
        page("/console", "The agents' console", file: "console.html", in: &table)
        // For the pages of other sites, whatever CORS_ORIGINS says of the API.
        page(
            "/widget.js", "The widget to embed", file: "widget.js",
            extra: [.accessControlAllowOrigin: "*", .crossOriginResourcePolicy: "cross-origin"], in: &table)
        table.open(get: "/assets/**", summary: "Files of the pages", response: NoContent.self) { call in
            let name = String(call.incoming.request.uri.path.dropFirst("/assets/".count))
            // Pages have an address of their own, and their headers.
            guard !name.hasSuffix(".html") else { throw Problem(.notFound) }
            return Answer(response: try response(name, to: call.incoming.headers))
        }
        table.describeLast { $0.produces = Self.mediaTypes }
        table.alsoAnswersNotModified()
    }

    private func page(
        _ path: String, _ summary: String, file: String, extra: HTTPFields = [:], in table: inout EndpointTable
    ) {
        table.open(get: path, summary: summary, response: NoContent.self) { call in
            var response = try response(file, to: call.incoming.headers)
            for field in extra { response.headers[field.name] = field.value }
            return Answer(response: response)
        }
        table.describeLast { $0.produces = [Self.essence(of: Self.mediaType(of: file))] }
        table.alsoAnswersNotModified()
    }

    private func response(_ name: String, to headers: HTTPFields) throws(Problem) -> Response {
        guard let page = pages[name] else { throw Problem(.notFound) }
        // Always asked for anew: the name stays when the content changes with the next version.
        let shared: HTTPFields = [.eTag: page.tag.text, .cacheControl: "no-cache"]
        if headers.knows(page.tag) { return Response(status: .notModified, headers: shared) }
        var headers = shared
        headers[.contentType] = page.type
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: page.content))
    }

    /// Of all files, without parameters.
    private static var mediaTypes: [String] {
        ["html", "js", "css", "svg", "png", "ico", "json", "woff2", "txt", ""].map {
            essence(of: mediaType(of: ".\($0)"))
        }
    }

    private static func essence(of type: String) -> String {
        String(type.prefix { $0 != ";" })
    }

    private static func mediaType(of name: String) -> String {
        switch name.split(separator: ".").last {
        case "html": "text/html; charset=utf-8"
        case "js": "text/javascript; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "svg": "image/svg+xml"
        case "png": "image/png"
        case "ico": "image/x-icon"
        case "json": "application/json"
        case "woff2": "font/woff2"
        case "txt": "text/plain; charset=utf-8"
        default: "application/octet-stream"
        }
    }
}
