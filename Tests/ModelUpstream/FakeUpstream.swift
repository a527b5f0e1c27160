import Foundation
import NIOCore
public import NIOHTTP1
public import NIOPosix
import Synchronization

/// A model provider on real TCP that answers, and fails, as it is told: OpenAI's chat completions, DashScope's compatible
/// mode, and DashScope's own text generation.
///
/// ```swift
/// let upstream = try await FakeUpstream.start()
/// upstream.configure { $0.behaviour = Behaviour(.truncate, at: .mid) }
/// // ask http://127.0.0.1:{upstream.port}/v1/chat/completions …
/// try await upstream.stop()
/// ```
public final class FakeUpstream: Sendable {
    public struct Request: Sendable {
        public var method: String
        public var uri: String
        public var headers: HTTPHeaders
        public var body: String
    }

    /// Calls that are remembered; the oldest are forgotten. With prompts of 4 KB they are 20 MB.
    static let maximumCalls = 5000
    /// Bytes of a request's body that are read; more closes the connection.
    static let maximumBody = 8 << 20

    fileprivate struct State {
        var settings: Settings
        var host: String
        var port: Int
        var listener: (any Channel)?
        /// While connections are refused.
        var reserved: ReservedPort?
        var connections: [ObjectIdentifier: any Channel] = [:]
        var closed = 0
        var requests: [Request] = []
        var calls: [Call] = []
        /// Number of the next call.
        var next = 0
    }

    private let group: MultiThreadedEventLoopGroup
    private let script: (@Sendable (Int, Request) -> [Step])?
    private let state: Mutex<State>
    /// Where held answers wait. Closed at first.
    let gate = Gate()

    private init(
        _ settings: Settings, host: String, port: Int, group: MultiThreadedEventLoopGroup,
        script: (@Sendable (Int, Request) -> [Step])?
    ) {
        self.group = group
        self.script = script
        state = Mutex(State(settings: settings, host: host, port: port))
    }

    /// Starts an upstream that answers as the request's header, its settings and the model's name say, in this order.
    ///
    /// - Parameter port: 0 for any that is free.
    public static func start(
        _ settings: Settings = Settings(), host: String = "127.0.0.1", port: Int = 0,
        group: MultiThreadedEventLoopGroup = .singleton
    ) async throws -> FakeUpstream {
        let upstream = FakeUpstream(settings, host: host, port: port, group: group, script: nil)
        try await upstream.listen()
        return upstream
    }

    /// Starts an upstream that does what a test says, byte for byte.
    ///
    /// - Parameter script: the steps for the request with this number, counted from 0.
    public static func start(_ script: @escaping @Sendable (Int, Request) -> [Step]) async throws -> FakeUpstream {
        let upstream = FakeUpstream(Settings(), host: "127.0.0.1", port: 0, group: .singleton, script: script)
        try await upstream.listen()
        return upstream
    }

    public static func start(_ steps: [Step]) async throws -> FakeUpstream {
        try await start { _, _ in steps }
    }

    // MARK: What tests ask

    public var port: Int { state.withLock { $0.port } }
    /// For an OpenAI client.
    public var base: String { "http://127.0.0.1:\(port)/v1" }
    /// For a DashScope client.
    public var root: String { "http://127.0.0.1:\(port)" }
    /// The requests that were answered step by step.
    public var requests: [Request] { state.withLock { $0.requests } }
    /// The requests that were answered by a behaviour, oldest first.
    public var calls: [Call] { state.withLock { $0.calls } }
    public var openConnections: Int { state.withLock { $0.connections.count } }
    public var closedConnections: Int { state.withLock { $0.closed } }
    public var isListening: Bool { state.withLock { $0.listener != nil } }
    public var settings: Settings { state.withLock { $0.settings } }

    /// Changes how calls are answered that begin from now on.
    public func configure(_ change: (inout Settings) -> Void) {
        state.withLock { change(&$0.settings) }
    }

    /// From now on held answers wait.
    public func hold() { gate.close() }

    /// Lets every held answer run on, and those that come.
    public func release() { gate.open() }

    public func forgetCalls() {
        state.withLock { $0.calls = [] }
    }

    // MARK: Listening

    /// Takes connections, on the port of before.
    public func listen() async throws {
        let (host, port) = state.withLock { state in
            state.reserved = nil
            return (state.host, state.port)
        }
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)
                    try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(decoder))
                    try channel.pipeline.syncOperations.addHandler(Connection(self))
                }
            }
            .bind(host: host, port: port).get()
        state.withLock {
            $0.listener = listener
            $0.port = listener.localAddress?.port ?? port
        }
    }

    /// Refuses connections, until ``listen()``, and keeps the port from others. Closes those that there are.
    public func refuse() async throws {
        let (listener, connections) = state.withLock { state in
            defer { state.listener = nil }
            return (state.listener, Array(state.connections.values))
        }
        try await listener?.close()
        if listener != nil { state.withLock { $0.reserved = ReservedPort($0.port) } }
        for connection in connections { connection.close(promise: nil) }
    }

    public func stop() async throws {
        try await refuse()
        state.withLock { $0.reserved = nil }
        // What waits there waits for a connection that is gone.
        gate.open()
    }

    // MARK: What connections tell

    func opened(_ channel: any Channel) {
        state.withLock { $0.connections[ObjectIdentifier(channel)] = channel }
    }

    func closed(_ channel: any Channel) {
        state.withLock {
            $0.connections[ObjectIdentifier(channel)] = nil
            $0.closed += 1
        }
    }

    /// What to do with a request, and the number of the call that it is, if it is one.
    func answer(_ request: Request, at arrival: UInt64) -> (script: Script, call: Int?) {
        if let script {
            let number = state.withLock {
                $0.requests.append(request)
                return $0.requests.count - 1
            }
            return (Script(script(number, request)), nil)
        }
        return state.withLock { $0.answer(request, at: arrival) }
    }

    /// A piece of text was handed to the kernel.
    func sent(_ piece: String, of call: Int, at time: UInt64) {
        change(call) {
            $0.sent += piece
            $0.pieces += 1
            if $0.firstTokenAt == nil { $0.firstTokenAt = time }
        }
    }

    func ended(_ call: Int, _ outcome: Call.Outcome, at time: UInt64) {
        change(call) {
            $0.outcome = outcome
            $0.endedAt = time
        }
    }

    private func change(_ call: Int, _ change: (inout Call) -> Void) {
        state.withLock {
            guard let first = $0.calls.first?.number, $0.calls.indices.contains(call - first) else { return }
            change(&$0.calls[call - first])
        }
    }
}

extension FakeUpstream.State {
    fileprivate mutating func answer(_ request: FakeUpstream.Request, at arrival: UInt64) -> (Script, Int?) {
        let created = Date()
        var identity = Identity(number: next, created: Int(created.timeIntervalSince1970))
        guard request.method == "POST", let dialect = Dialect(path: request.uri) else {
            return (Script(refusing: .noSuchRoute, .openAI, identity), nil)
        }
        let streams = request.headers.first(name: "x-dashscope-sse")?.lowercased() == "enable"
        let asked: Asked
        do {
            asked = try Asked(dialect, body: request.body, streamsByHeader: streams)
        } catch {
            return (Script(refusing: .notUnderstood("\(error)"), dialect, identity), nil)
        }
        var behaviour = Behaviour(asked.model) ?? Behaviour(.ok)
        if let named = request.headers.first(name: Behaviour.headerName) {
            guard let wanted = Behaviour(named) else {
                return (Script(refusing: .notUnderstood("no behaviour \(named)"), dialect, identity), nil)
            }
            behaviour = wanted
        } else if !settings.next.isEmpty {
            behaviour = settings.next.removeFirst()
        } else if let always = settings.behaviour(for: asked) {
            behaviour = always
        }
        identity.number = next
        next += 1
        calls.append(
            Call(
                number: identity.number, dialect: dialect, path: request.uri, model: asked.model,
                question: asked.question, behaviour: behaviour.description, headers: request.headers,
                body: request.body, arrivedAt: arrival))
        if calls.count > FakeUpstream.maximumCalls { calls.removeFirst(FakeUpstream.maximumCalls / 10) }
        let script = Script(
            behaviour, asked, settings.said(to: asked), identity,
            authorization: request.headers.first(name: "authorization") ?? "", now: created)
        return (script, identity.number)
    }
}
