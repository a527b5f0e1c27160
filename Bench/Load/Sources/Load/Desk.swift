/// Customers who write and the agents who read them, in pairs: speed and, message by message, the history.
final class Desk: Crowd {
    struct Order: Decodable {
        let customers: String
        let agents: String
        let seconds: Double
        var warmupSeconds: Double?
        /// Messages per second in all; absent: each customer writes when its last message was acknowledged and read.
        var rate: Double?
        /// "poisson" (if absent) or "even".
        var spacing: String?
        var seed: UInt64?
        var template: String?
        /// How long the last ones may take; 20 if absent.
        var drainSeconds: Double?
    }

    struct Answer: Encodable {
        /// Of the whole run, its warm-up and its end included.
        let sent, acked, delivered: Int
        /// What was measured, after the warm-up: how long, and how many were acknowledged and delivered in it.
        let seconds: Double
        let completed: Int
        let perSecond: Double
        /// Of messages meant to be sent after the warm-up.
        let ack, delivery, lateness: Histogram.Summary
        let loadCpuSeconds: Double
        let faults: [String]
    }

    private struct Flight: BitwiseCopyable {
        var stamp: UInt64
        /// The number that the acknowledgement or the delivery gave, whichever came first.
        var sequence: UInt64 = 0
    }

    private struct Pair {
        let customer: SocketPointer
        let agent: SocketPointer
        var flights = Ring<Flight>()
        /// Numbers of the next message to be acknowledged, and to be delivered.
        var acked = 0
        var delivered = 0
        var lastSequence: UInt64 = 0
        var isLost = false

        var settled: Int { min(acked, delivered) }
    }

    private enum Role {
        static let customer: UInt8 = 1
        static let agent: UInt8 = 2
    }

    /// Sent in one go before what came in is looked at again.
    private static let largestBurst = 32
    /// Events handled between two looks at the clock of an open loop.
    private static let openBatch = 16

    private let loop: Loop
    private let template: Template
    private let pairs: UnsafeMutablePointer<Pair>
    private let count: Int
    private var stamps = Stamps()
    private var unsettled = 0
    private var lostCount = 0
    private var sent = 0
    private var acked = 0
    private var delivered = 0
    private var completed = 0
    private var begin: UInt64 = 0
    private var measuredFrom: UInt64 = 0
    private var end: UInt64 = 0
    private var isClosed = true
    private var faults = Faults()
    private let ack = Histogram()
    private let delivery = Histogram()
    private let lateness = Histogram()

    init(loop: Loop, customers: [SocketPointer], agents: [SocketPointer], template: String?) throws(Refused) {
        guard customers.count == agents.count, !customers.isEmpty else {
            throw Refused("\(customers.count) customers and \(agents.count) agents are not pairs")
        }
        self.loop = loop
        self.template = try .frame(template ?? Template.message)
        count = customers.count
        pairs = .allocate(capacity: count)
        for (slot, (customer, agent)) in zip(customers, agents).enumerated() {
            (pairs + slot).initialize(to: Pair(customer: customer, agent: agent))
            customer.pointee.role = Role.customer
            agent.pointee.role = Role.agent
            customer.pointee.slot = slot
            agent.pointee.slot = slot
        }
    }

    deinit {
        for slot in 0..<count {
            pairs[slot].customer.pointee.role = 0
            pairs[slot].agent.pointee.role = 0
            pairs[slot].flights.deallocate()
        }
        pairs.deallocate()
        template.deallocate()
    }

    func run(_ order: Order) throws(Refused) -> Answer {
        let processor = Clock.processorSeconds()
        begin = Clock.now() + 1
        measuredFrom = begin + Clock.nanoseconds(order.warmupSeconds ?? 0)
        end = measuredFrom + Clock.nanoseconds(order.seconds)
        let drain = Clock.nanoseconds(order.drainSeconds ?? 20)
        for slot in 0..<count
        where pairs[slot].customer.pointee.phase != .open
            || pairs[slot].agent.pointee.phase != .open
        {
            pairs[slot].isLost = true
            lostCount += 1
            faults.add("a socket of pair \(slot) was closed before the run")
        }
        if let rate = order.rate {
            isClosed = false
            paced(try Schedule(from: begin, rate: rate, spacing: order.spacing, seed: order.seed))
        } else {
            saturated()
        }
        while unsettled > 0, Clock.now() < end + drain {
            loop.turn(until: end + drain)
        }
        tellMissing()
        let seconds = Clock.seconds(end - measuredFrom)
        return Answer(
            sent: sent, acked: acked, delivered: delivered, seconds: seconds, completed: completed,
            perSecond: seconds > 0 ? Double(completed) / seconds : 0, ack: ack.summary,
            delivery: delivery.summary, lateness: lateness.summary,
            loadCpuSeconds: Clock.processorSeconds() - processor, faults: faults.list)
    }

    private func saturated() {
        for slot in 0..<count where !pairs[slot].isLost {
            send(slot, intended: Clock.now())
            // What has come meanwhile need not wait until a thousand others have sent.
            if slot % Self.largestBurst == 0 { loop.turn(until: 0) }
        }
        while Clock.now() < end, unsettled > 0 {
            loop.turn(until: end)
        }
    }

    private func paced(_ start: Schedule) {
        var schedule = start
        var slot = 0
        while schedule.due < end, lostCount < count {
            var burst = 0
            while schedule.due < end, burst < Self.largestBurst {
                let now = Clock.now()
                guard schedule.due <= now else { break }
                if !pairs[slot].isLost {
                    if schedule.due >= measuredFrom { lateness.record(now - schedule.due) }
                    send(slot, intended: schedule.due)
                }
                schedule.advance()
                slot += 1
                if slot == count { slot = 0 }
                burst += 1
            }
            loop.turn(until: min(schedule.due, end), batch: Self.openBatch)
        }
    }

    @inline(__always)
    private func send(_ slot: Int, intended: UInt64) {
        let stamp = stamps.next(intended)
        let pair = pairs + slot
        template.fill(stamp: stamp, index: UInt64(pair.pointee.flights.next))
        pair.pointee.flights.append(Flight(stamp: stamp))
        sent &+= 1
        unsettled &+= 2
        loop.send(pair.pointee.customer, template.bytes, template.count)
    }

    // MARK: What comes in

    override func frame(_ socket: SocketPointer, _ bytes: UnsafeRawPointer, _ count: Int) {
        let role = socket.pointee.role
        guard role != 0 else { return }
        Bytes.objects(in: bytes, count) { bytes, count in
            switch Bytes.kind(of: bytes, count) {
            case .ack where role == Role.customer: takeAck(socket.pointee.slot, bytes, count)
            case .created where role == Role.agent: takeDelivery(socket.pointee.slot, bytes, count)
            case .error: faults.add("pair \(socket.pointee.slot): \(Bytes.text(bytes, count))")
            default: break
            }
        }
    }

    private func takeAck(_ slot: Int, _ bytes: UnsafeRawPointer, _ count: Int) {
        guard let stamp = Bytes.requestStamp(in: bytes, count), stamp >= begin else { return }
        let pair = pairs + slot
        guard pair.pointee.acked < pair.pointee.flights.next else {
            return faults.add("pair \(slot): an acknowledgement too many: \(Bytes.text(bytes, count))")
        }
        var index = pair.pointee.acked
        if pair.pointee.flights[index].stamp != stamp {
            while index < pair.pointee.flights.next, pair.pointee.flights[index].stamp != stamp { index &+= 1 }
            guard index < pair.pointee.flights.next else {
                return faults.add("pair \(slot): acknowledged again or late: \(Bytes.text(bytes, count))")
            }
            faults.add("pair \(slot): \(index) was acknowledged before \(pair.pointee.acked)")
        }
        let sequence = Bytes.sequence(in: bytes, count)
        if sequence > 0 {
            if sequence <= pair.pointee.lastSequence {
                faults.add("pair \(slot): seq \(sequence) of \(index) is not above \(pair.pointee.lastSequence)")
            }
            pair.pointee.lastSequence = sequence
        }
        compare(slot, index, sequence)
        acked &+= 1
        if stamp >= measuredFrom, stamp < end { ack.record(since(stamp)) }
        let before = pair.pointee.settled
        unsettled &-= index &+ 1 &- pair.pointee.acked
        pair.pointee.acked = index &+ 1
        settle(slot, from: before)
    }

    private func takeDelivery(_ slot: Int, _ bytes: UnsafeRawPointer, _ count: Int) {
        guard let mark = Bytes.mark(in: bytes, count), mark.stamp >= begin else { return }
        let pair = pairs + slot
        let index = Int(mark.index)
        let expected = pair.pointee.delivered
        guard index >= expected else {
            return faults.add("pair \(slot): message \(index) was delivered again or late, after \(expected - 1)")
        }
        guard index < pair.pointee.flights.next, pair.pointee.flights[index].stamp == mark.stamp else {
            return faults.add("pair \(slot): message \(index) was never sent: \(Bytes.text(bytes, count))")
        }
        if index > expected {
            faults.add("pair \(slot): message \(index) was delivered before \(expected)")
        }
        compare(slot, index, Bytes.sequence(in: bytes, count))
        delivered &+= 1
        if mark.stamp >= measuredFrom, mark.stamp < end { delivery.record(since(mark.stamp)) }
        let before = pair.pointee.settled
        unsettled &-= index &+ 1 &- expected
        pair.pointee.delivered = index &+ 1
        settle(slot, from: before)
    }

    /// The acknowledgement and the delivery of a message name the same number.
    @inline(__always)
    private func compare(_ slot: Int, _ index: Int, _ sequence: UInt64) {
        guard sequence > 0, pairs[slot].flights.contains(index) else { return }
        let known = pairs[slot].flights[index].sequence
        if known == 0 {
            pairs[slot].flights[index].sequence = sequence
        } else if known != sequence {
            faults.add("pair \(slot): message \(index) has seq \(known) and \(sequence)")
        }
    }

    @inline(__always)
    private func settle(_ slot: Int, from before: Int) {
        let pair = pairs + slot
        let settled = pair.pointee.settled
        guard settled > before else { return }
        pair.pointee.flights.forget(before: settled)
        if loop.readAt >= measuredFrom, loop.readAt < end { completed &+= settled &- before }
        if isClosed, settled == pair.pointee.flights.next, !pair.pointee.isLost {
            let now = Clock.now()
            if now < end { send(slot, intended: now) }
        }
    }

    /// The clock may be read before the message that it is compared with was sent, in one turn.
    @inline(__always)
    private func since(_ stamp: UInt64) -> UInt64 {
        loop.readAt > stamp ? loop.readAt &- stamp : 0
    }

    override func lost(_ socket: SocketPointer, _ reason: String) {
        guard socket.pointee.role != 0 else { return faults.add("a socket was lost: \(reason)") }
        let slot = socket.pointee.slot
        faults.add("\(socket.pointee.role == Role.agent ? "agent" : "customer") \(slot) was lost: \(reason)")
        guard !pairs[slot].isLost else { return }
        pairs[slot].isLost = true
        lostCount += 1
        unsettled -= 2 * pairs[slot].flights.next - pairs[slot].acked - pairs[slot].delivered
        // Nothing more counts, not even what is still read on the other socket.
        pairs[slot].customer.pointee.role = 0
        pairs[slot].agent.pointee.role = 0
    }

    private func tellMissing() {
        for slot in 0..<count where !pairs[slot].isLost {
            let pair = pairs[slot]
            let sent = pair.flights.next
            if pair.acked < sent { faults.add("pair \(slot): \(sent - pair.acked) messages were not acknowledged") }
            if pair.delivered < sent {
                faults.add("pair \(slot): \(sent - pair.delivered) messages were not delivered")
            }
        }
    }
}
