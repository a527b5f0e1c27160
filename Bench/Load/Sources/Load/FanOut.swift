/// One publisher and many receivers: each message to each of them, once and in order.
final class FanOut: Crowd {
    struct Order: Decodable {
        let publisher: String
        let receivers: String
        let seconds: Double
        var warmupSeconds: Double?
        /// Messages in flight; 4 if absent. Not heeded with a rate.
        var window: Int?
        /// Messages per second, whether the last ones have come or not.
        var rate: Double?
        var spacing: String?
        var seed: UInt64?
        var template: String?
        /// "stamp": a delivery is whatever has a mark. If absent it must be a `message.created` too.
        var recognise: String?
        var drainSeconds: Double?
    }

    struct Answer: Encodable {
        /// Of the whole run.
        let published, received: Int
        /// What was measured, after the warm-up.
        let seconds: Double
        let deliveries: Int
        let deliveriesPerSecond: Double
        let delivery: Histogram.Summary
        /// From a message's sending until the last receiver had it.
        let complete: Histogram.Summary
        let lateness: Histogram.Summary
        let loadCpuSeconds: Double
        let faults: [String]
    }

    private struct Flight: BitwiseCopyable {
        let stamp: UInt64
        var missing: Int
    }

    private enum Role {
        static let publisher: UInt8 = 1
        static let receiver: UInt8 = 2
    }

    private static let largestWindow = 1_024
    private static let openBatch = 16

    private let loop: Loop
    private let template: Template
    private let publisher: SocketPointer
    private let receivers: [SocketPointer]
    private let needsType: Bool
    /// By receiver: number of the message that must come next.
    private let expected: UnsafeMutablePointer<Int>
    private var flights = Ring<Flight>()
    private var stamps = Stamps()
    private var window = 4
    private var isClosed = true
    private var isOver = false
    private var isRefillDue = false
    private var received = 0
    private var deliveries = 0
    private var begin: UInt64 = 0
    private var measuredFrom: UInt64 = 0
    private var end: UInt64 = 0
    private var faults = Faults()
    private let delivery = Histogram()
    private let complete = Histogram()
    private let lateness = Histogram()

    init(
        loop: Loop, publisher: SocketPointer, receivers: [SocketPointer], template: String?, needsType: Bool
    ) throws(Refused) {
        guard !receivers.isEmpty else { throw Refused("there are no receivers") }
        self.loop = loop
        self.template = try .frame(template ?? Template.message)
        self.publisher = publisher
        self.receivers = receivers
        self.needsType = needsType
        expected = .allocate(capacity: receivers.count)
        expected.initialize(repeating: 0, count: receivers.count)
        publisher.pointee.role = Role.publisher
        for (slot, receiver) in receivers.enumerated() {
            receiver.pointee.role = Role.receiver
            receiver.pointee.slot = slot
        }
    }

    deinit {
        publisher.pointee.role = 0
        for receiver in receivers { receiver.pointee.role = 0 }
        expected.deallocate()
        flights.deallocate()
        template.deallocate()
    }

    func run(_ order: Order) throws(Refused) -> Answer {
        let processor = Clock.processorSeconds()
        window = min(max(order.window ?? 4, 1), Self.largestWindow)
        begin = Clock.now() + 1
        measuredFrom = begin + Clock.nanoseconds(order.warmupSeconds ?? 0)
        end = measuredFrom + Clock.nanoseconds(order.seconds)
        let limit = end + Clock.nanoseconds(order.drainSeconds ?? 20)
        if publisher.pointee.phase != .open || receivers.contains(where: { $0.pointee.phase != .open }) {
            faults.add("a socket was closed before the run")
            isOver = true
        }
        if let rate = order.rate {
            isClosed = false
            paced(try Schedule(from: begin, rate: rate, spacing: order.spacing, seed: order.seed))
        } else {
            saturated()
        }
        while flights.first < flights.next, !isOver, Clock.now() < limit {
            loop.turn(until: limit)
        }
        tellMissing()
        let seconds = Clock.seconds(end - measuredFrom)
        return Answer(
            published: flights.next, received: received, seconds: seconds, deliveries: deliveries,
            deliveriesPerSecond: seconds > 0 ? Double(deliveries) / seconds : 0, delivery: delivery.summary,
            complete: complete.summary, lateness: lateness.summary,
            loadCpuSeconds: Clock.processorSeconds() - processor, faults: faults.list)
    }

    private func saturated() {
        refill()
        while Clock.now() < end, !isOver {
            loop.turn(until: end)
        }
    }

    /// What one read made room for leaves in one write, at once.
    override func handled() {
        guard isRefillDue else { return }
        isRefillDue = false
        refill()
        loop.flushDue()
    }

    /// Publishes up to the window.
    private func refill() {
        while flights.next &- flights.first < window {
            let now = Clock.now()
            guard now < end, !isOver else { return }
            publish(intended: now)
        }
    }

    private func paced(_ start: Schedule) {
        var schedule = start
        while schedule.due < end, !isOver {
            var burst = 0
            while schedule.due < end, burst < 32 {
                let now = Clock.now()
                guard schedule.due <= now else { break }
                if schedule.due >= measuredFrom { lateness.record(now - schedule.due) }
                publish(intended: schedule.due)
                schedule.advance()
                burst += 1
            }
            loop.flushDue()
            loop.turn(until: min(schedule.due, end), batch: Self.openBatch)
        }
    }

    private func publish(intended: UInt64) {
        let stamp = stamps.next(intended)
        template.fill(stamp: stamp, index: UInt64(flights.next))
        flights.append(Flight(stamp: stamp, missing: receivers.count))
        loop.join(publisher, template.bytes, template.count)
    }

    // MARK: What comes in

    override func frame(_ socket: SocketPointer, _ bytes: UnsafeRawPointer, _ count: Int) {
        let role = socket.pointee.role
        guard role == Role.receiver else {
            if role == Role.publisher { takeAnswer(bytes, count) }
            return
        }
        let slot = socket.pointee.slot
        guard needsType else { return take(slot, bytes, count) }
        Bytes.objects(in: bytes, count) { bytes, count in
            switch Bytes.kind(of: bytes, count) {
            case .created: take(slot, bytes, count)
            case .error: faults.add("receiver \(slot): \(Bytes.text(bytes, count))")
            default: break
            }
        }
    }

    private func takeAnswer(_ bytes: UnsafeRawPointer, _ count: Int) {
        Bytes.objects(in: bytes, count) { bytes, count in
            if case .error = Bytes.kind(of: bytes, count) {
                faults.add("the publisher: \(Bytes.text(bytes, count))")
            }
        }
    }

    @inline(__always)
    private func take(_ slot: Int, _ bytes: UnsafeRawPointer, _ count: Int) {
        guard let mark = Bytes.mark(in: bytes, count), mark.stamp >= begin else { return }
        let index = Int(mark.index)
        let wanted = expected[slot]
        if index != wanted {
            guard index > wanted else {
                return faults.add("receiver \(slot): message \(index) came again or late, after \(wanted - 1)")
            }
            faults.add("receiver \(slot): message \(index) came before \(wanted)")
        }
        guard flights.contains(index), flights[index].stamp == mark.stamp else {
            return faults.add("receiver \(slot): message \(index) was never sent: \(Bytes.text(bytes, count))")
        }
        received &+= 1
        let now = loop.readAt
        let took = now > mark.stamp ? now &- mark.stamp : 0
        let isMeasured = mark.stamp >= measuredFrom && mark.stamp < end
        if isMeasured { delivery.record(took) }
        if now >= measuredFrom, now < end { deliveries &+= 1 }
        for number in wanted...index { flights[number].missing &-= 1 }
        expected[slot] = index &+ 1
        guard flights[index].missing == 0 else { return }
        if isMeasured { complete.record(took) }
        var oldest = flights.first
        while oldest < flights.next, flights[oldest].missing == 0 { oldest &+= 1 }
        flights.forget(before: oldest)
        isRefillDue = isClosed
    }

    override func lost(_ socket: SocketPointer, _ reason: String) {
        let who =
            switch socket.pointee.role {
            case Role.publisher: "the publisher"
            case Role.receiver: "receiver \(socket.pointee.slot)"
            default: "a socket"
            }
        faults.add("\(who) was lost: \(reason)")
        if socket.pointee.role != 0 { isOver = true }
    }

    private func tellMissing() {
        for slot in receivers.indices where expected[slot] < flights.next {
            faults.add("receiver \(slot): \(flights.next - expected[slot]) messages did not come")
        }
    }
}
