/// Requests over kept connections, one under way on each.
final class HTTPLoad: Crowd {
    struct Order: Decodable {
        let port: UInt16
        let connections: Int
        let seconds: Double
        var warmupSeconds: Double?
        /// Whole requests, sent in turn. `{stamp}` and `{index}` are replaced.
        let requests: [String]
        /// Requests per second in all; absent: each connection asks again when it was answered.
        var rate: Double?
        var spacing: String?
        var seed: UInt64?
        /// That every answer must have; 200 if absent.
        var status: Int?
        var source: String?
        var drainSeconds: Double?
    }

    struct Answer: Encodable {
        /// Answered in the measured seconds.
        let requests: Int
        let seconds: Double
        let perSecond: Double
        /// From the intended time of sending.
        let latency: Histogram.Summary
        let lateness: Histogram.Summary
        /// Of answers, in the whole run.
        let bytes: Int
        let loadCpuSeconds: Double
        let faults: [String]
    }

    private struct Connection {
        let socket: SocketPointer
        var isBusy = false
        var intended: UInt64 = 0
    }

    private static let largestCount = 10_000
    private static let openBatch = 16

    private let loop: Loop
    private let order: Order
    private let templates: [Template]
    private let connections: UnsafeMutablePointer<Connection>
    private var made = 0
    private var isReady = 0
    private var lostCount = 0
    /// Connections of an open loop that wait for the next intended time.
    private var idle: [Int] = []
    private var busy = 0
    private var sent = 0
    private var stamps = Stamps()
    private var answered = 0
    private var bytes = 0
    private var begin: UInt64 = 0
    private var measuredFrom: UInt64 = 0
    private var end: UInt64 = 0
    private var faults = Faults()
    private let latency = Histogram()
    private let lateness = Histogram()

    init(loop: Loop, _ order: Order) throws(Refused) {
        guard (1...Self.largestCount).contains(order.connections) else {
            throw Refused("connections must be 1 to \(Self.largestCount)")
        }
        guard !order.requests.isEmpty else { throw Refused("there are no requests") }
        self.loop = loop
        self.order = order
        var templates: [Template] = []
        for request in order.requests { templates.append(try .plain(request)) }
        self.templates = templates
        connections = .allocate(capacity: order.connections)
    }

    deinit {
        for slot in 0..<made { loop.forget(connections[slot].socket) }
        connections.deallocate()
        for template in templates { template.deallocate() }
    }

    func run() throws(Refused) -> Answer {
        try connect()
        let processor = Clock.processorSeconds()
        begin = Clock.now() + 1
        measuredFrom = begin + Clock.nanoseconds(order.warmupSeconds ?? 0)
        end = measuredFrom + Clock.nanoseconds(order.seconds)
        if let rate = order.rate {
            paced(try Schedule(from: begin, rate: rate, spacing: order.spacing, seed: order.seed))
        } else {
            saturated()
        }
        let limit = end + Clock.nanoseconds(order.drainSeconds ?? 20)
        while busy > 0, Clock.now() < limit {
            loop.turn(until: limit)
        }
        if busy > 0 { faults.add("\(busy) requests were not answered") }
        let seconds = Clock.seconds(end - measuredFrom)
        return Answer(
            requests: answered, seconds: seconds, perSecond: seconds > 0 ? Double(answered) / seconds : 0,
            latency: latency.summary, lateness: lateness.summary, bytes: bytes,
            loadCpuSeconds: Clock.processorSeconds() - processor, faults: faults.list)
    }

    private func connect() throws(Refused) {
        for slot in 0..<order.connections {
            let file = try Dialling.connect(port: order.port, source: order.source)
            let socket = loop.add(file, .connecting)
            socket.pointee.slot = slot
            socket.pointee.role = 1
            (connections + slot).initialize(to: Connection(socket: socket))
            made += 1
            if slot % 64 == 63 { loop.turn(until: 0) }
        }
        let limit = Clock.now() + 10 * Clock.second
        while isReady + lostCount < made, Clock.now() < limit {
            loop.turn(until: limit)
        }
        if isReady < made { faults.add("\(made - isReady) connections were not made") }
    }

    private func saturated() {
        for slot in 0..<made where connections[slot].socket.pointee.phase == .http {
            ask(slot, intended: Clock.now())
        }
        while Clock.now() < end, busy > 0 {
            loop.turn(until: end)
        }
    }

    private func paced(_ start: Schedule) {
        var schedule = start
        idle = (0..<made).filter { connections[$0].socket.pointee.phase == .http }
        while schedule.due < end, !idle.isEmpty || busy > 0 {
            // Those due while all connections are busy go late, and count from when they were due.
            var now = Clock.now()
            while schedule.due <= now, schedule.due < end, let slot = idle.popLast() {
                if schedule.due >= measuredFrom { lateness.record(now - schedule.due) }
                ask(slot, intended: schedule.due)
                schedule.advance()
                now = Clock.now()
            }
            // With all connections busy there is nothing to do before an answer comes.
            let isStuck = idle.isEmpty
            loop.turn(until: isStuck ? Clock.now() + Clock.second / 10 : min(schedule.due, end), batch: Self.openBatch)
            if isStuck, Clock.now() > end + Clock.nanoseconds(order.drainSeconds ?? 20) {
                faults.add("requests that were due were not sent: all connections were busy")
                return
            }
        }
    }

    @inline(__always)
    private func ask(_ slot: Int, intended: UInt64) {
        let template = templates[sent % templates.count]
        template.fill(stamp: stamps.next(intended), index: UInt64(sent))
        sent &+= 1
        busy &+= 1
        connections[slot].isBusy = true
        connections[slot].intended = intended
        loop.send(connections[slot].socket, template.bytes, template.count)
    }

    override func connected(_ socket: SocketPointer) {
        socket.pointee.phase = .http
        isReady += 1
    }

    override func answer(_ socket: SocketPointer, _ start: UnsafeRawPointer, _ count: Int) -> Int {
        guard socket.pointee.role == 1 else { return count }
        let slot = socket.pointee.slot
        switch HTTPHead.answer(start, count) {
        case .unfinished: return 0
        case .violation(let what):
            faults.add("connection \(slot): \(what)")
            end(slot)
            return count
        case .answer(let status, let size, let isLast):
            take(slot, status, size, start)
            if isLast {
                faults.add("connection \(slot): the server ends it")
                end(slot)
                return count
            }
            return size
        }
    }

    @inline(__always)
    private func take(_ slot: Int, _ status: Int, _ size: Int, _ start: UnsafeRawPointer) {
        guard connections[slot].isBusy else {
            return faults.add("connection \(slot): an answer that was not asked for")
        }
        if status != order.status ?? 200 { faults.add("status \(status): \(Bytes.text(start, size))") }
        let intended = connections[slot].intended
        connections[slot].isBusy = false
        busy &-= 1
        bytes &+= size
        let now = loop.readAt
        if intended >= measuredFrom, intended < end { latency.record(now > intended ? now &- intended : 0) }
        if now >= measuredFrom, now < end { answered &+= 1 }
        if order.rate != nil {
            idle.append(slot)
        } else {
            let now = Clock.now()
            if now < end { ask(slot, intended: now) }
        }
    }

    private func end(_ slot: Int) {
        loop.end(connections[slot].socket)
        retire(slot)
    }

    private func retire(_ slot: Int) {
        lostCount += 1
        if connections[slot].isBusy {
            connections[slot].isBusy = false
            busy -= 1
        }
        idle.removeAll { $0 == slot }
    }

    override func lost(_ socket: SocketPointer, _ reason: String) {
        guard socket.pointee.role == 1 else { return faults.add("a socket was lost: \(reason)") }
        faults.add("connection \(socket.pointee.slot) was lost: \(reason)")
        retire(socket.pointee.slot)
    }
}
