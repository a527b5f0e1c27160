import Domain
import Logging
import NIOCore
import NIOEmbedded
import Realtime
import Storage
import Wire

/// Sockets of a hub without a network: the server's own pipeline from the handshake on, whose bytes end in a tally.
///
/// The loop's time stands still, so no heartbeat comes between.
final class SocketHall: Sendable {
    let installation: Installation
    let hub: Hub
    let loop = NIOAsyncTestingEventLoop()
    /// What the sockets have sent. On the loop only.
    let tally: NIOLoopBound<Tally>
    private let server: WebSocketServerChannel
    /// Longer than the hub waits between two slices.
    private static let slicePause = TimeAmount.microseconds(100)
    /// Far more than there are; together much less than the time between two heartbeats.
    private static let maximumSlices = 100

    init(_ installation: Installation) async throws {
        self.installation = installation
        let loop = loop
        tally = try await loop.executeInContext { NIOLoopBound(Tally(), eventLoop: loop) }
        let hub = Hub(
            store: installation.store, group: loop, encoder: EventEncoder(views: installation.views),
            settings: RealtimeSettings(
                nodeId: "node-1", logEpoch: "epoch", contactFramesPerSecond: 0, staffFramesPerSecond: 0,
                contactMessagesPerMinute: 0, socketsPerPrincipal: 0, socketsPerAddress: 0),
            handoffWording: { _, _, _, _ in throw ScriptFault("the script hands nothing over") },
            logger: Installation.logger)
        self.hub = hub
        let gate = SocketGate(
            hub: hub, credentials: Self.credentials(of: installation), clientAddress: { _ in "192.0.2.1" },
            isReady: { true })
        server = WebSocketServerChannel(
            responder: { _, _, _ in throw ScriptFault("the script speaks no HTTP") }, upgrading: gate,
            loops: SocketLoops())
    }

    /// Whoever names somebody is that.
    private static func credentials(of installation: Installation) -> SocketCredentials {
        SocketCredentials(
            bearer: { token in
                if token == "agent" { return SocketCredential(access: installation.agent, expiresAt: nil) }
                guard let number = Int(token), installation.visitors.indices.contains(number) else {
                    throw CredentialRefusal.unauthenticated
                }
                return SocketCredential(access: installation.visitors[number].access, expiresAt: nil)
            },
            ticket: { _ in throw CredentialRefusal.unauthenticated })
    }

    // MARK: Sockets

    /// A visitor's socket that has read its conversation.
    func visitor(_ number: Int) async throws -> NIOAsyncTestingChannel {
        let session = installation.views.identifiers.text(installation.visitors[number].sessionId)
        let channel = try await open("/ws/chat/\(session)", token: String(number))
        try await tallyWrites(of: channel)
        return channel
    }

    /// An agent's socket that reads the conversation of a visitor.
    func agent(reading number: Int) async throws -> NIOAsyncTestingChannel {
        let conversation = installation.views.identifiers.text(installation.visitors[number].conversationId)
        let channel = try await open("/ws/agent", token: "agent")
        let frame = ClientText.frame(
            #"{"type":"subscribe","request_id":"r","data":{"conversations":[{"id":"\#(conversation)"}]}}"#)
        try await channel.writeInbound(frame)
        try await wait(for: #""synced""#, on: channel)
        try await tallyWrites(of: channel)
        return channel
    }

    private func open(_ path: String, token: String) async throws -> NIOAsyncTestingChannel {
        let server = server
        let channel = try await NIOAsyncTestingChannel(loop: loop) { channel in
            _ = server.setup(channel: channel, logger: Installation.logger)
        }
        try await channel.connect(to: SocketAddress(ipAddress: "192.0.2.2", port: 80)).get()
        try await channel.writeInbound(
            ByteBuffer(
                string: """
                    GET \(path) HTTP/1.1\r\nhost: chat.example\r\nconnection: Upgrade\r\nupgrade: websocket\r
                    sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r
                    sec-websocket-protocol: chat.v1\r\nauthorization: Bearer \(token)\r\n\r\n
                    """))
        try await wait(for: #""synced""#, on: channel)
        return channel
    }

    private func wait(for text: String, on channel: NIOAsyncTestingChannel) async throws {
        while true {
            let bytes: ByteBuffer = try await channel.waitForOutboundWrite()
            if String(buffer: bytes).contains(text) { return }
        }
    }

    /// From here on what the socket sends is counted and forgotten.
    private func tallyWrites(of channel: NIOAsyncTestingChannel) async throws {
        try await loop.executeInContext { [tally] in
            try channel.pipeline.syncOperations.addHandler(TallyHandler(tally.value), position: .first)
        }
    }

    // MARK: The script

    /// Does `body` with 0, 1, 2 … on the loop, each time when what the last has brought about was sent, and counts the later ones.
    /// - Parameter frames: that the sockets send for each, together.
    func perform(
        warmUps: Int, counted: Int, frames: Int, _ body: @escaping @Sendable (Int) -> Void
    ) async throws {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            loop.execute { [self] in
                turn(0, from: warmUps, to: warmUps + counted, frames: frames, body) { continuation.resume() }
            }
        }
    }

    /// Does the same with what brings about no work on other threads, and lets the time pass that the hub leaves between the
    /// slices of what it sends to very many.
    func performInSlices(
        warmUps: Int, counted: Int, frames: Int, _ body: @escaping @Sendable (Int) -> Void
    ) async throws {
        for number in 0..<(warmUps + counted) {
            try await loop.executeInContext { [tally] in
                if number == warmUps { Window.open() }
                tally.value.frames = 0
                tally.value.awaited = frames
                body(number)
            }
            for _ in 0..<Self.maximumSlices {
                if try await loop.executeInContext({ [tally] in tally.value.frames >= frames }) { break }
                await loop.advanceTime(by: Self.slicePause)
            }
            guard try await loop.executeInContext({ [tally] in tally.value.frames >= frames }) else {
                throw ScriptFault("not every socket was told of event \(number)")
            }
        }
        try await loop.executeInContext { Window.close() }
    }

    private func turn(
        _ number: Int, from first: Int, to end: Int, frames: Int, _ body: @escaping @Sendable (Int) -> Void,
        then: @escaping @Sendable () -> Void
    ) {
        if number == first { Window.open() }
        guard number < end else {
            Window.close()
            return then()
        }
        let (tally, loop) = (tally.value, loop)
        tally.frames = 0
        tally.awaited = frames
        tally.onSent = { [self] in
            // Behind the flushes of this tick.
            loop.execute { [self] in turn(number + 1, from: first, to: end, frames: frames, body, then: then) }
        }
        body(number)
    }
}

/// What sockets have sent. On their loop only.
final class Tally {
    /// Frames that were flushed since the turn began.
    var frames = 0
    var awaited = 0
    var onSent: @Sendable () -> Void = {}

    func flushed(_ count: Int) {
        guard frames < awaited else { return }
        frames += count
        if frames >= awaited { onSent() }
    }
}

/// Stands where the network would be, and counts WebSocket frames, however they are cut into writes.
private final class TallyHandler: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let tally: Tally
    private var unflushed = 0
    /// Bytes of the last frame that are still to come.
    private var rest = 0

    init(_ tally: Tally) { self.tally = tally }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var bytes = unwrapOutboundIn(data)
        while bytes.readableBytes > 0 {
            if rest == 0 { rest = beginFrame(&bytes) }
            let part = min(rest, bytes.readableBytes)
            bytes.moveReaderIndex(forwardBy: part)
            rest -= part
        }
        promise?.succeed()
    }

    func flush(context: ChannelHandlerContext) {
        let count = unflushed
        unflushed = 0
        if count > 0 { tally.flushed(count) }
    }

    /// Reads a header, which is never cut.
    /// - Returns: the length of the payload.
    private func beginFrame(_ bytes: inout ByteBuffer) -> Int {
        unflushed += 1
        bytes.moveReaderIndex(forwardBy: 1)
        switch bytes.readInteger(as: UInt8.self) {
        case 126: return bytes.readInteger(as: UInt16.self).map(Int.init) ?? 0
        case 127: return bytes.readInteger(as: UInt64.self).map { Int(clamping: $0) } ?? 0
        case let length: return Int(length ?? 0)
        }
    }
}

/// Text frames as clients send them: masked.
enum ClientText {
    private static let mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]

    static func frame(_ text: String) -> ByteBuffer {
        let payload = Array(text.utf8)
        var frame = ByteBuffer(bytes: [0x81])
        if payload.count < 126 {
            frame.writeInteger(UInt8(0x80 | payload.count))
        } else {
            frame.writeInteger(UInt8(0x80 | 126))
            frame.writeInteger(UInt16(clamping: payload.count))
        }
        frame.writeBytes(mask)
        frame.writeBytes(payload.enumerated().map { $1 ^ mask[$0 % mask.count] })
        return frame
    }

    /// A message of a client, in Chinese or English.
    static func message(_ number: Int) -> ByteBuffer {
        let content = (number % 2 == 0 ? Texts.chinese : Texts.english).replacing("\"", with: "\\\"")
        let id = Texts.clientMessageId(number)
        return frame(
            #"{"type":"message.send","request_id":"\#(id)","data":{"content":"\#(content)","client_message_id":"\#(id)"}}"#
        )
    }
}
