import CLinux
import Glibc

/// The other half of measuring the load's own ceiling: as cheap a server as can be, on the same loop.
///
/// `/c/{i}` and `/a/{i}` are the two ends of a desk, `/pub…` and `/sub…` those of a fan-out; whatever is not an upgrade
/// gets a 200. Faults may be planted, so that it is known that the load would find them.
final class Echo: Crowd {
    /// Every so many-th delivery (of a desk, or to the first receiver of a fan-out) is lost, comes twice, comes after
    /// the one that follows it, or (of a desk) has another number than its acknowledgement.
    struct Fault {
        enum Kind: String {
            case drop, double, swap, number
        }

        let kind: Kind
        let every: Int

        init?(_ text: String) {
            let parts = text.split(separator: ":")
            guard parts.count == 2, let kind = Kind(rawValue: String(parts[0])), let every = Int(parts[1]), every > 0
            else { return nil }
            self.kind = kind
            self.every = every
        }
    }

    private enum Role {
        static let customer: UInt8 = 1
        static let agent: UInt8 = 2
        static let publisher: UInt8 = 3
        static let subscriber: UInt8 = 4
    }

    /// Both ends of a desk.
    private struct Pair {
        var customer: SocketPointer?
        var agent: SocketPointer?
        var sequence: UInt64 = 0
    }

    private static let largestHead = 64 * 1_024
    private static let largestPair = 100_000

    let port: UInt16
    private let loop: Loop
    private let listener: SocketPointer
    private let fault: Fault?
    private var pairs: [Pair] = []
    private var subscribers: [SocketPointer] = []
    private var published: [UInt8] = []
    private var publishedCount: UInt64 = 0
    /// Deliveries that a fault could have met.
    private var count = 0
    private var held: [UInt8] = []
    private let ack = Canned(Canned.ack)
    private let created = Canned(Canned.created)
    private let upgraded: [UInt8]
    private let ready = Frame.whole(Array(#"{"type":"synced","data":{}}"#.utf8), isMasked: false)
    private let page: [UInt8]

    init(port: UInt16, fault: Fault? = nil) throws(Refused) {
        loop = try Loop()
        let made = try Dialling.listen(port: port)
        self.port = made.port
        self.fault = fault
        listener = loop.add(made.file, .listening)
        upgraded = Array(
            ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: \(Connect.acceptance)\r\n\r\n").utf8)
        let body = #"{"id":"usr_0000000000000000","email":"agent@example.com","name":"An agent","role":"agent"}"#
        page = Array(
            ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
                + body).utf8)
        super.init()
        loop.crowd = self
    }

    /// Serves what there is, for at most a tenth of a second.
    func turn() {
        loop.turn(until: Clock.now() + Clock.second / 10)
        if !published.isEmpty { spread() }
    }

    /// Ends all connections.
    func stop() {
        loop.end(listener)
        for socket in subscribers { loop.end(socket) }
        for pair in pairs {
            if let customer = pair.customer { loop.end(customer) }
            if let agent = pair.agent { loop.end(agent) }
        }
    }

    // MARK: Connections

    override func called(_ listener: SocketPointer) {
        for _ in 0..<64 {
            let file = linux_accept(listener.pointee.file)
            guard file >= 0 else { return }
            Dialling.sendAtOnce(file)
            let socket = loop.add(file, .upgrading)
            socket.pointee.isMasked = false
        }
    }

    override func upgrade(_ socket: SocketPointer, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
        guard let end = Bytes.find("\r\n\r\n", in: bytes, count) else {
            if count > Self.largestHead { loop.forget(socket) }
            return 0
        }
        let size = end + 4 - bytes
        guard Bytes.find("Sec-WebSocket-Key", in: bytes, size) != nil else {
            socket.pointee.phase = .http
            return 0
        }
        let line = Bytes.text(bytes, size).prefix { $0 != "\r\n" }.split(separator: " ")
        let path = line.count > 1 ? line[1] : ""
        socket.pointee.phase = .open
        loop.send(socket, upgraded)
        loop.send(socket, ready)
        if path.hasPrefix("/sub") {
            socket.pointee.role = Role.subscriber
            socket.pointee.slot = subscribers.count
            subscribers.append(socket)
        } else if path.hasPrefix("/pub") {
            socket.pointee.role = Role.publisher
        } else if let slot = Int(path.dropFirst(3)), (0..<Self.largestPair).contains(slot) {
            while pairs.count <= slot { pairs.append(Pair()) }
            socket.pointee.slot = slot
            let isCustomer = path.hasPrefix("/c/")
            socket.pointee.role = isCustomer ? Role.customer : Role.agent
            if isCustomer { pairs[slot] = Pair(customer: socket, agent: pairs[slot].agent) }
            if !isCustomer { pairs[slot].agent = socket }
        }
        return size
    }

    override func lost(_ socket: SocketPointer, _ reason: String) {
        let slot = socket.pointee.slot
        switch socket.pointee.role {
        case Role.subscriber:
            if let last = subscribers.popLast(), last != socket {
                subscribers[slot] = last
                last.pointee.slot = slot
            }
        case Role.customer: if pairs[slot].customer == socket { pairs[slot].customer = nil }
        case Role.agent: if pairs[slot].agent == socket { pairs[slot].agent = nil }
        default: break
        }
        loop.forget(socket)
    }

    // MARK: Answers

    override func answer(_ socket: SocketPointer, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
        var used = 0
        while let size = HTTPHead.size(ofRequest: bytes + used, count - used) {
            page.withUnsafeBytes { all in
                if let start = all.baseAddress { loop.join(socket, start, all.count) }
            }
            used += size
        }
        return used
    }

    override func frame(_ socket: SocketPointer, _ bytes: UnsafeRawPointer, _ count: Int) {
        guard let mark = Bytes.mark(in: bytes, count) else { return }
        switch socket.pointee.role {
        case Role.customer: deliver(socket, mark)
        case Role.publisher: publish(mark)
        default: break
        }
    }

    private func deliver(_ customer: SocketPointer, _ mark: Bytes.Mark) {
        let slot = customer.pointee.slot
        pairs[slot].sequence &+= 1
        let sequence = pairs[slot].sequence
        ack.fill(mark, sequence)
        loop.join(customer, ack.bytes, ack.count)
        guard let agent = pairs[slot].agent else { return }
        let isRenumbered = fault.map { $0.kind == .number && Int(sequence) % $0.every == 0 } ?? false
        created.fill(mark, isRenumbered ? sequence + 1 : sequence)
        if fault == nil {
            loop.join(agent, created.bytes, created.count)
        } else {
            deliverBadly(Array(UnsafeRawBufferPointer(start: created.bytes, count: created.count)), to: agent)
        }
    }

    private func publish(_ mark: Bytes.Mark) {
        publishedCount &+= 1
        created.fill(mark, publishedCount)
        published.append(contentsOf: UnsafeRawBufferPointer(start: created.bytes, count: created.count))
    }

    /// One write for each subscriber, with all that was published in a turn.
    private func spread() {
        var first = 0
        if fault != nil, let unlucky = subscribers.first {
            first = 1
            for start in stride(from: 0, to: published.count, by: created.count) {
                deliverBadly(Array(published[start..<start + created.count]), to: unlucky)
            }
            loop.flushDue()
        }
        published.withUnsafeBytes { all in
            guard let start = all.baseAddress else { return }
            var slot = first
            while slot < subscribers.count {
                let socket = subscribers[slot]
                loop.send(socket, start, all.count)
                // One that was lost meanwhile was replaced by the last.
                if slot < subscribers.count, subscribers[slot] == socket { slot &+= 1 }
            }
        }
        published.removeAll(keepingCapacity: true)
    }

    private func deliverBadly(_ frame: [UInt8], to agent: SocketPointer) {
        count &+= 1
        let isBad = fault.map { count % $0.every == 0 } ?? false
        switch fault?.kind {
        case .drop where isBad: return
        case .swap where isBad:
            held = frame
            return
        case .double where isBad: join(agent, frame)
        default: break
        }
        join(agent, frame)
        if !held.isEmpty {
            join(agent, held)
            held = []
        }
    }

    private func join(_ socket: SocketPointer, _ bytes: [UInt8]) {
        bytes.withUnsafeBytes { all in
            if let start = all.baseAddress { loop.join(socket, start, all.count) }
        }
    }
}
