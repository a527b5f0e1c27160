import ArgumentParser
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOPosix

/// The framework's own price of a request: one path, an answer whose bytes are ready, and nothing around it — no
/// middleware, no credentials, no database.
///
/// `/api/v1/users/me` answers the size that Chat API answers there. `/encoded` answers the same, encoded from a value for
/// each request, as an application of Hummingbird does that returns values.
@main
struct BareRoute: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bare-route", abstract: "One route of Hummingbird on loopback, to measure others by.")

    @Option(help: "Port on 127.0.0.1.")
    var port: Int

    @Option(help: "Event loops, each a thread.")
    var threads = 1

    func validate() throws {
        guard (1...65535).contains(port) else { throw ValidationError("--port is out of range") }
        guard (1...64).contains(threads) else { throw ValidationError("--threads is out of range") }
    }

    func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let router = Router()
        router.get("/health") { _, _ in HTTPResponse.Status.ok }
        let headers: HTTPFields = [
            .contentType: "application/json", .contentLength: String(Profile.encoded.utf8.count),
        ]
        let body = ByteBuffer(string: Profile.encoded)
        router.get("/api/v1/users/me") { _, _ in
            Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
        }
        router.get("/encoded") { _, _ in Profile.administrator }
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: port), serverName: nil),
            eventLoopGroupProvider: .shared(group),
            logger: quiet())
        try await application.runService()
        try await group.shutdownGracefully()
    }

    private func quiet() -> Logger {
        var logger = Logger(label: "bare-route")
        logger.logLevel = .error
        return logger
    }
}
