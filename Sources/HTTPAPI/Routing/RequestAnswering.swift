import HTTPTypes
import Hummingbird
public import HummingbirdCore
public import Logging
public import NIOCore
import NIOHTTP1

/// Between a connection and ``Reception``: makes a request's scope, and writes its answer.
///
/// Hummingbird's `Application` does the same with a logger of its own for each request, of which most requests have no use.
public struct RequestAnswering: Sendable {
    private let reception: Reception
    private let logger: Logger
    private let date: DateHeader

    public init(_ reception: Reception, logger: Logger) {
        self.reception = reception
        self.logger = logger
        date = DateHeader()
    }

    /// Answers a request of `channel`.
    public func answer(_ request: Request, _ writer: consuming ResponseWriter, on channel: any Channel) async throws {
        var response = try await reception.respond(
            to: request, context: RequestScope(channel: channel, logger: logger))
        response.headers.append(HTTPField(name: .date, value: date.text()))
        do {
            try await writer.write(response: response.head, body: response.body)
        } catch is HTTPParserError {
            // The connection would answer a fault of the request with a head of its own, behind the one that is out.
            throw BrokenWhileAnswered()
        }
    }

    private struct BrokenWhileAnswered: Error {}
}
