import Glibc

/// Customers of whom each always has one answer under way.
final class Streams: Crowd {
    struct Order: Decodable {
        let customers: String
        let seconds: Double
        var warmupSeconds: Double?
        /// In which the customers begin, one after the other; 0 if absent. Customers do not ask in the same millisecond.
        var spreadSeconds: Double?
        var template: String?
        /// How long an answer may take to end after the run; 30 if absent.
        var drainSeconds: Double?
    }

    struct Answer: Encodable {
        /// Of the whole run.
        let started, completed: Int
        /// In the measured seconds.
        let seconds: Double
        let deltas: Int
        let deltasPerSecond: Double
        /// From the sending of the question until its first `reply.delta`, and until its first text of either kind: the
        /// `message.created` that an answer begins with has text too.
        let firstDelta, firstText: Histogram.Summary
        /// From the question until the answer's end.
        let whole: Histogram.Summary
        /// Between two pings of one socket.
        let longestPingGapSeconds: Double
        let pings: Int
        let loadCpuSeconds: Double
        let faults: [String]
    }

    private struct Customer {
        let socket: SocketPointer
        var askedAt: UInt64 = 0
        var isAsking = false
        var hasText = false
        var hasDelta = false
        var isLost = false
    }

    private let loop: Loop
    private let template: Template
    private let customers: UnsafeMutablePointer<Customer>
    private let count: Int
    private var stamps = Stamps()
    private var started = 0
    private var completed = 0
    private var deltas = 0
    private var underWay = 0
    private var measuredFrom: UInt64 = 0
    private var end: UInt64 = 0
    private var faults = Faults()
    private let firstDelta = Histogram()
    private let firstText = Histogram()
    private let whole = Histogram()

    init(loop: Loop, customers members: [SocketPointer], template: String?) throws(Refused) {
        guard !members.isEmpty else { throw Refused("there are no customers") }
        self.loop = loop
        self.template = try .frame(template ?? Template.message, needsMark: false)
        count = members.count
        customers = .allocate(capacity: count)
        for (slot, socket) in members.enumerated() {
            (customers + slot).initialize(to: Customer(socket: socket))
            socket.pointee.role = 1
            socket.pointee.slot = slot
        }
    }

    deinit {
        for slot in 0..<count { customers[slot].socket.pointee.role = 0 }
        customers.deallocate()
        template.deallocate()
    }

    func run(_ order: Order) -> Answer {
        let processor = Clock.processorSeconds()
        let closes = loop.tally.closes
        loop.tally = Loop.Tally()
        loop.tally.closes = closes
        let begin = Clock.now()
        let step = Clock.nanoseconds((order.spreadSeconds ?? 0) / Double(count))
        measuredFrom = begin + Clock.nanoseconds(order.warmupSeconds ?? 0)
        end = measuredFrom + Clock.nanoseconds(order.seconds)
        let limit = end + Clock.nanoseconds(order.drainSeconds ?? 30)
        for slot in 0..<count {
            let due = begin + UInt64(slot) * step
            while step > 0, Clock.now() < due { loop.turn(until: due) }
            if customers[slot].socket.pointee.phase == .open {
                ask(slot)
            } else {
                customers[slot].isLost = true
                faults.add("customer \(slot) was closed before the run")
            }
        }
        while underWay > 0, Clock.now() < limit {
            loop.turn(until: limit)
        }
        var longest = loop.tally.longestGap
        let now = Clock.now()
        for slot in 0..<count where !customers[slot].isLost {
            longest = max(longest, now - customers[slot].socket.pointee.heardAt)
            if customers[slot].isAsking { faults.add("customer \(slot): an answer has not ended") }
        }
        let seconds = Clock.seconds(end - measuredFrom)
        return Answer(
            started: started, completed: completed, seconds: seconds, deltas: deltas,
            deltasPerSecond: seconds > 0 ? Double(deltas) / seconds : 0, firstDelta: firstDelta.summary,
            firstText: firstText.summary, whole: whole.summary, longestPingGapSeconds: Clock.seconds(longest),
            pings: loop.tally.pings, loadCpuSeconds: Clock.processorSeconds() - processor, faults: faults.list)
    }

    private func ask(_ slot: Int) {
        let now = Clock.now()
        let stamp = stamps.next(now)
        customers[slot].askedAt = now
        customers[slot].isAsking = true
        customers[slot].hasText = false
        customers[slot].hasDelta = false
        template.fill(stamp: stamp, index: UInt64(started))
        started += 1
        underWay += 1
        loop.send(customers[slot].socket, template.bytes, template.count)
    }

    override func frame(_ socket: SocketPointer, _ bytes: UnsafeRawPointer, _ count: Int) {
        guard socket.pointee.role == 1 else { return }
        Bytes.objects(in: bytes, count) { take(socket.pointee.slot, $0, $1) }
    }

    private func take(_ slot: Int, _ bytes: UnsafeRawPointer, _ count: Int) {
        if Bytes.find("\"type\":\"reply.delta\"", in: bytes, count) != nil {
            takeDelta(slot)
        } else if Bytes.find("\"type\":\"message.completed\"", in: bytes, count) != nil {
            finish(slot)
        } else if Bytes.find("\"type\":\"message.created\"", in: bytes, count) != nil {
            // An answer's own, not the question's.
            if Bytes.find("\"status\":\"streaming\"", in: bytes, count) != nil,
                Bytes.find("\"content\":\"\"", in: bytes, count) == nil
            {
                takeText(slot)
            }
        } else if Bytes.find("\"type\":\"error\"", in: bytes, count) != nil
            || Bytes.find("\"type\":\"reply.failed\"", in: bytes, count) != nil
        {
            faults.add("customer \(slot): \(Bytes.text(bytes, count))")
        }
    }

    private func takeDelta(_ slot: Int) {
        let now = loop.readAt
        if now >= measuredFrom, now < end { deltas &+= 1 }
        guard customers[slot].isAsking else { return faults.add("customer \(slot): a delta after the answer's end") }
        if !customers[slot].hasDelta {
            customers[slot].hasDelta = true
            record(slot, firstDelta)
        }
        takeText(slot)
    }

    private func takeText(_ slot: Int) {
        guard customers[slot].isAsking, !customers[slot].hasText else { return }
        customers[slot].hasText = true
        record(slot, firstText)
    }

    private func finish(_ slot: Int) {
        guard customers[slot].isAsking else { return faults.add("customer \(slot): an answer ended twice") }
        customers[slot].isAsking = false
        underWay -= 1
        completed += 1
        record(slot, whole)
        if Clock.now() < end { ask(slot) }
    }

    private func record(_ slot: Int, _ histogram: Histogram) {
        let asked = customers[slot].askedAt
        guard asked >= measuredFrom, asked < end else { return }
        histogram.record(loop.readAt > asked ? loop.readAt &- asked : 0)
    }

    override func lost(_ socket: SocketPointer, _ reason: String) {
        guard socket.pointee.role == 1 else { return faults.add("a socket was lost: \(reason)") }
        let slot = socket.pointee.slot
        faults.add("customer \(slot) was lost: \(reason)")
        customers[slot].isLost = true
        if customers[slot].isAsking {
            customers[slot].isAsking = false
            underWay -= 1
        }
    }
}
