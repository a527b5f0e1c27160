import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

@testable import Realtime

/// What happened to the sockets of a test server, in order.
struct SocketJournal: Sendable {
    var opened = 0
    var drains = 0
    var abandoned = 0
    var heard = 0
    var messages: [InboundMessage] = []
    var writability: [Bool] = []
    var ends: [SocketEnd] = []

    var texts: [String] {
        messages.compactMap { if case .text(let bytes) = $0 { String(buffer: bytes) } else { nil } }
    }
}

/// Echoes texts and does what some of them say.
final class EchoDelegate: SocketDelegate {
    let socket: Socket
    let journal: Observed<SocketJournal>
    let sockets: Observed<[NIOLoopBound<Socket>]>

    init(socket: Socket, journal: Observed<SocketJournal>, sockets: Observed<[NIOLoopBound<Socket>]>) {
        self.socket = socket
        self.journal = journal
        self.sockets = sockets
    }

    func opened() {
        let bound = NIOLoopBound(socket, eventLoop: socket.eventLoop)
        sockets.update { $0.append(bound) }
        journal.update { $0.opened += 1 }
    }

    func heard() { journal.update { $0.heard += 1 } }

    func received(_ message: InboundMessage) {
        journal.update { $0.messages.append(message) }
        guard case .text(let bytes) = message else { return }
        socket.send(text: bytes)
    }

    func writabilityChanged(to isWritable: Bool) { journal.update { $0.writability.append(isWritable) } }
    func shouldDrain() { journal.update { $0.drains += 1 } }
    func closed(_ end: SocketEnd) { journal.update { $0.ends.append(end) } }
}

/// An in-process Hummingbird application with the transport under test on a free port of the loopback interface.
final class TransportServer: SocketUpgrading {
    typealias Decide = @Sendable (UpgradeRequest, TransportServer) async -> UpgradeDecision

    let journal = Observed(SocketJournal())
    let sockets = Observed<[NIOLoopBound<Socket>]>([])
    let requests = Observed<[UpgradeRequest]>([])
    private let decision: Decide

    private init(decision: @escaping Decide) {
        self.decision = decision
    }

    func decide(_ request: UpgradeRequest) async -> UpgradeDecision {
        requests.update { $0.append(request) }
        return await decision(request, self)
    }

    func refusal(of fault: HandshakeFault) -> UpgradeRefusal {
        UpgradeRefusal(status: fault.status, body: ByteBuffer(string: "fault: \(fault)"))
    }

    var acceptance: UpgradeAcceptance {
        UpgradeAcceptance(
            subprotocol: "chat.v1", abandon: { self.journal.update { $0.abandoned += 1 } },
            makeDelegate: { EchoDelegate(socket: $0, journal: self.journal, sockets: self.sockets) })
    }

    static let byPath: Decide = { request, server in
        switch request.uri.path {
        case "/ws/echo": return .accept(server.acceptance)
        case let path where path.hasPrefix("/ws/refuse/"):
            let status = HTTPResponse.Status(code: Int(path.dropFirst("/ws/refuse/".count)) ?? 500)
            return .refuse(
                UpgradeRefusal(
                    status: status, headers: [.contentType: "application/problem+json", .retryAfter: "7"],
                    body: ByteBuffer(string: #"{"status":\#(status.code)}"#)))
        default: return .decline
        }
    }

    /// Runs the server for as long as `body` runs.
    ///
    /// - Parameter body: Gets the server, its port and the group that it can be stopped by.
    static func run(
        configuration: TransportConfiguration = TransportConfiguration(),
        decide: @escaping Decide = TransportServer.byPath,
        _ body: (TransportServer, Int, ServiceGroup) async throws -> Void
    ) async throws {
        let server = TransportServer(decision: decide)
        let router = Router()
        router.get("/hello") { _, _ in "hello" }
        router.post("/echo") { request, _ in
            try await Response(status: .ok, body: ResponseBody(byteBuffer: request.body.collect(upTo: 1 << 20)))
        }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let port = Observed<Int?>(nil)
        let loops = SocketLoops()
        let application = Application(
            router: router,
            server: HTTPServerBuilder { responder in
                WebSocketServerChannel(
                    responder: responder, upgrading: server, loops: loops, configuration: configuration)
            },
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in port.update { $0 = channel.localAddress?.port } },
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton),
            logger: logger)
        let group = ServiceGroup(configuration: .init(services: [application], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let bound = try await port.wait("the server to listen") { $0 != nil } ?? 0
            do {
                try await body(server, bound, group)
            } catch {
                server.dropSockets()
                await group.triggerGracefulShutdown()
                throw error
            }
            server.dropSockets()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    /// Runs something on each socket, on its loop, once there are as many as the test has made: a client may see the
    /// answer to its handshake before the owner of its socket is told.
    func onSockets(_ count: Int = 1, _ body: @escaping @Sendable (Socket) -> Void) async throws {
        let sockets = try await sockets.wait("\(count) sockets") { $0.count >= count }
        for bound in sockets { bound.eventLoop.execute { body(bound.value) } }
    }

    private func dropSockets() {
        for bound in sockets.value { bound.eventLoop.execute { bound.value.forceClose() } }
    }
}
