import Domain
import HTTPTypes
import Hummingbird
import Identity
import NIOCore

/// What `/metrics` shows, and to whom.
public struct MetricsPage: Sendable {
    let contentType: String
    let content: @Sendable () -> [UInt8]
    /// The token's digest: both sides have the same length, and the token itself is in no dump.
    private let digest: TokenDigest?

    /// - Parameters:
    ///   - token: what `Authorization: Bearer` must hold; nil lets everybody in.
    ///   - content: the page as of now, asked for at each scrape.
    public init(token: String?, contentType: String, content: @escaping @Sendable () -> [UInt8]) {
        self.contentType = contentType
        self.content = content
        digest = token.map { TokenDigest(of: $0) }
    }

    /// - Throws: 401.
    func admit(_ headers: HTTPFields) throws(Problem) {
        guard let digest else { return }
        guard let bearer = BearerToken(headers) else { throw Problem(.unauthenticated) }
        let given = TokenDigest(of: bearer.text)
        // Every byte is looked at, so that the time tells nothing of where they differ.
        let difference = zip(given.bytes, digest.bytes).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
        guard difference == 0 else { throw Problem(.unauthenticated) }
    }
}

/// `/metrics`, for Prometheus.
struct MetricsRoutes: Sendable {
    static let path = "/metrics"

    let page: MetricsPage

    func register(in table: inout EndpointTable) {
        table.group = "System"
        table.open(
            get: Self.path, summary: "What the process counts and measures, as Prometheus' text format",
            response: NoContent.self, problems: [.unauthenticated]
        ) { call in
            try page.admit(call.incoming.headers)
            return Answer(
                response: Response(
                    status: .ok, headers: [.contentType: page.contentType],
                    body: ResponseBody(byteBuffer: ByteBuffer(bytes: page.content()))))
        }
        table.produces("text/plain")
    }
}
