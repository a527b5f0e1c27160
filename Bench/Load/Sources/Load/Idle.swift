/// What sockets do while nobody writes, and how they end.
enum Idle {
    struct HoldOrder: Decodable {
        let seconds: Double
    }

    struct HoldAnswer: Encodable {
        let seconds: Double
        let frames, pings, bytes: Int
        /// Between two pings of one socket, or since the last one (since it opened, before the first).
        let longestPingGapSeconds: Double
        let open: Int
        /// Sockets that the server closed since the last `hold`, by code.
        let closes: [String: Int]
        let faults: [String]
    }

    struct DropOrder: Decodable {
        let group: String
        /// "close" (with 1000, then the server's answer is awaited) or "reset".
        let how: How
        var timeoutSeconds: Double?

        enum How: String, Decodable {
            case close, reset
        }
    }

    struct DropAnswer: Encodable {
        /// Until all are gone.
        let seconds: Double
        let dropped: Int
        let faults: [String]
    }

    static func hold(_ order: HoldOrder, _ loop: Loop, _ groups: Groups) -> HoldAnswer {
        let begun = Clock.now()
        let end = begun + Clock.nanoseconds(order.seconds)
        let closes = loop.tally.closes
        loop.tally = Loop.Tally()
        loop.tally.closes = closes
        while Clock.now() < end {
            loop.turn(until: end)
        }
        let now = Clock.now()
        var longest = loop.tally.longestGap
        groups.forEachOpen { longest = max(longest, now - $0.pointee.heardAt) }
        let tally = loop.tally
        loop.tally = Loop.Tally()
        return HoldAnswer(
            seconds: Clock.seconds(now - begun), frames: tally.frames, pings: tally.pings, bytes: tally.bytes,
            longestPingGapSeconds: Clock.seconds(longest), open: groups.openCount,
            closes: Dictionary(uniqueKeysWithValues: tally.closes.map { ("\($0.key)", $0.value) }),
            faults: groups.takeFaults().list)
    }

    static func drop(_ order: DropOrder, _ loop: Loop, _ groups: Groups) throws(Refused) -> DropAnswer {
        guard let members = groups.remove(order.group) else { throw Refused("there is no group \(order.group)") }
        let begun = Clock.now()
        let open = members.filter { $0.pointee.phase == .open }
        let farewell = Farewell(others: groups, leaving: open)
        loop.crowd = farewell
        defer { loop.crowd = groups }
        switch order.how {
        case .reset:
            for socket in open { loop.reset(socket) }
        case .close:
            for (number, socket) in open.enumerated() {
                socket.pointee.phase = .closing
                loop.send(socket, Frame.whole(opcode: 8, [0x03, 0xE8], isMasked: true))
                if number % 64 == 63 { loop.turn(until: 0) }
            }
            let limit = begun + Clock.nanoseconds(order.timeoutSeconds ?? 30)
            while farewell.left > 0, Clock.now() < limit {
                loop.turn(until: limit)
            }
        }
        var faults = Faults()
        if order.how == .close, farewell.left > 0 {
            faults.add("\(farewell.left) sockets were not closed by the server")
        }
        let seconds = Clock.seconds(Clock.now() - begun)
        for socket in members { loop.forget(socket) }
        return DropAnswer(seconds: seconds, dropped: open.count, faults: faults.list)
    }

    /// Counts those that go.
    private final class Farewell: Crowd {
        private let others: Groups
        private var leaving: Set<SocketPointer>
        var left: Int { leaving.count }

        init(others: Groups, leaving: [SocketPointer]) {
            self.others = others
            self.leaving = Set(leaving)
        }

        override func lost(_ socket: SocketPointer, _ reason: String) {
            if leaving.remove(socket) == nil { others.lost(socket, reason) }
        }
    }
}
