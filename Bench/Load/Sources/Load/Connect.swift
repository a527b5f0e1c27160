/// Opens the WebSockets of a group, several at a time.
final class Connect: Crowd {
    struct Order: Decodable {
        let group: String
        var sockets: [Target]?
        /// A file of JSON lines, each a socket.
        var file: String?
        var inFlight: Int?
        /// For one socket; 30 if absent.
        var timeoutSeconds: Double?
    }

    struct Target: Decodable {
        let port: UInt16
        let path: String
        var headers: [String: String]?
        /// Frames that are sent after the upgrade.
        var hello: [String]?
        /// The socket is open when this came in a frame, `readyTimes` times (once if absent).
        var ready: String?
        var readyTimes: Int?
        var source: String?
    }

    struct Answer: Encodable {
        let opened: Int
        let seconds: Double
        let perSecond: Double
        let handshake: Histogram.Summary
        let faults: [String]
    }

    private struct Attempt {
        let target: Int
        var readyLeft: Int
        let begun: UInt64
    }

    /// The key of RFC 6455's example: its answer is known without a hash.
    static let key = "dGhlIHNhbXBsZSBub25jZQ=="
    static let acceptance = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    private static let largestHead = 64 * 1_024

    private let loop: Loop
    private let targets: [Target]
    private var attempts: [SocketPointer: Attempt] = [:]
    private var opened: [SocketPointer?]
    private var next = 0
    private var faults = Faults()
    private let handshake = Histogram()
    private var lastOpened: UInt64 = 0

    init(loop: Loop, targets: [Target]) {
        self.loop = loop
        self.targets = targets
        opened = Array(repeating: nil, count: targets.count)
    }

    /// The members in the order of their targets, without those that failed.
    func run(inFlight: Int, timeout: UInt64) -> (members: [SocketPointer], answer: Answer) {
        let begun = Clock.now()
        lastOpened = begun
        var swept = begun
        while next < targets.count || !attempts.isEmpty {
            while next < targets.count, attempts.count < inFlight {
                begin(next)
                next += 1
            }
            loop.turn(until: Clock.now() + Clock.second / 10)
            let now = Clock.now()
            if now > swept + Clock.second / 2 {
                swept = now
                for (socket, attempt) in attempts where now > attempt.begun + timeout {
                    fail(socket, "was not ready in time")
                    loop.forget(socket)
                }
            }
        }
        let seconds = Clock.seconds(max(1, lastOpened - begun))
        let members = opened.compactMap { $0 }
        return (
            members,
            Answer(
                opened: members.count, seconds: seconds, perSecond: Double(members.count) / seconds,
                handshake: handshake.summary, faults: faults.list)
        )
    }

    private func begin(_ number: Int) {
        let target = targets[number]
        do {
            let begun = Clock.now()
            let socket = loop.add(try Dialling.connect(port: target.port, source: target.source), .connecting)
            attempts[socket] = Attempt(target: number, readyLeft: max(1, target.readyTimes ?? 1), begun: begun)
        } catch {
            faults.add("socket \(number): \(error.reason)")
        }
    }

    private func fail(_ socket: SocketPointer, _ reason: String) {
        guard let attempt = attempts.removeValue(forKey: socket) else { return }
        faults.add("socket \(attempt.target): \(reason)")
    }

    override func connected(_ socket: SocketPointer) {
        guard let attempt = attempts[socket] else { return }
        let target = targets[attempt.target]
        socket.pointee.phase = .upgrading
        let headers = (target.headers ?? [:]).map { "\($0.key): \($0.value)\r\n" }.joined()
        let head =
            "GET \(target.path) HTTP/1.1\r\nHost: 127.0.0.1:\(target.port)\r\nUpgrade: websocket\r\n"
            + "Connection: Upgrade\r\nSec-WebSocket-Key: \(Self.key)\r\nSec-WebSocket-Version: 13\r\n\(headers)\r\n"
        loop.send(socket, Array(head.utf8))
    }

    override func upgrade(_ socket: SocketPointer, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
        guard let attempt = attempts[socket] else { return count }
        guard let end = Bytes.find("\r\n\r\n", in: bytes, count) else {
            if count > Self.largestHead {
                fail(socket, "the head of the answer is larger than 64 KiB")
                loop.forget(socket)
            }
            return 0
        }
        let size = end + 4 - bytes
        let head = Bytes.text(bytes, size)
        guard head.hasPrefix("HTTP/1.1 101"), head.contains(Self.acceptance) else {
            fail(socket, "was not upgraded: \(Bytes.text(bytes, count).prefix(300))")
            loop.forget(socket)
            return count
        }
        let target = targets[attempt.target]
        socket.pointee.phase = .open
        let hello = (target.hello ?? []).flatMap { Frame.whole(Array($0.utf8), isMasked: true) }
        if !hello.isEmpty { loop.send(socket, hello) }
        if (target.ready ?? "").isEmpty { finish(socket, attempt) }
        return size
    }

    override func frame(_ socket: SocketPointer, _ bytes: UnsafeRawPointer, _ count: Int) {
        guard var attempt = attempts[socket], let ready = targets[attempt.target].ready else { return }
        let text = String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
        attempt.readyLeft -= text.split(separator: ready, omittingEmptySubsequences: false).count - 1
        if attempt.readyLeft <= 0 {
            finish(socket, attempt)
        } else if text.contains(#""type":"error""#) {
            fail(socket, "got an error: \(text.prefix(300))")
            loop.forget(socket)
        } else {
            attempts[socket] = attempt
        }
    }

    private func finish(_ socket: SocketPointer, _ attempt: Attempt) {
        attempts[socket] = nil
        opened[attempt.target] = socket
        lastOpened = Clock.now()
        socket.pointee.heardAt = lastOpened
        handshake.record(lastOpened - attempt.begun)
    }

    override func lost(_ socket: SocketPointer, _ reason: String) {
        if attempts[socket] != nil {
            fail(socket, reason)
            loop.forget(socket)
        } else {
            faults.add("a socket was lost: \(reason)")
        }
    }
}
