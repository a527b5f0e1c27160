import Foundation
import Glibc

/// Commands as JSON lines on standard input, one answer line each on standard output.
final class Commands {
    /// A line is a command with its sockets; more goes into a file.
    private static let largestLine = 64 << 20
    private static let largestInFlight = 4_096

    private let loop: Loop
    private let groups = Groups()
    private let input: Int32
    private let output: Int32
    private var line: [UInt8] = []
    private var lines: [[UInt8]] = []

    init(input: Int32, output: Int32) throws(Refused) {
        loop = try Loop()
        loop.crowd = groups
        self.input = input
        self.output = output
    }

    /// Until `end` or the end of the input.
    func run() {
        while true {
            while !lines.isEmpty {
                if !carryOut(lines.removeFirst()) { return }
            }
            guard readLines() else { return }
        }
    }

    /// Serves the sockets until there is an order. False at the end of the input.
    private func readLines() -> Bool {
        if loop.watchOrders(input) {
            while !loop.isOrderWaiting { loop.turn(until: Clock.now() + Clock.second) }
            loop.ignoreOrders(input)
        }
        var part = [UInt8](repeating: 0, count: 65_536)
        let got = read(input, &part, part.count)
        if got < 0, errno == EINTR || errno == EAGAIN { return true }
        guard got > 0 else { return false }
        for byte in part[..<got] {
            if byte == 0x0A {
                if !line.isEmpty { lines.append(line) }
                line = []
            } else if line.count < Self.largestLine {
                line.append(byte)
            }
        }
        return true
    }

    private struct Name: Decodable {
        let `do`: String
    }

    private struct Success<Answer: Encodable>: Encodable {
        let ok: Answer
    }

    private struct Failure: Encodable {
        let error: String
    }

    private struct Nothing: Encodable {}

    /// False when it was the last one.
    private func carryOut(_ line: [UInt8]) -> Bool {
        let data = Data(line)
        do {
            switch try decode(Name.self, data).do {
            case "connect": answer(try connect(decode(Connect.Order.self, data)))
            case "desk": answer(try desk(decode(Desk.Order.self, data)))
            case "fanout": answer(try fanOut(decode(FanOut.Order.self, data)))
            case "hold": answer(Idle.hold(try decode(Idle.HoldOrder.self, data), loop, groups))
            case "drop": answer(try Idle.drop(decode(Idle.DropOrder.self, data), loop, groups))
            case "http": answer(try http(decode(HTTPLoad.Order.self, data)))
            case "streams": answer(try streams(decode(Streams.Order.self, data)))
            case "end":
                answer(Nothing())
                return false
            case let other: throw Refused("there is no command \(other)")
            }
        } catch let refused as Refused {
            write(Failure(error: refused.reason))
        } catch {
            write(Failure(error: "not a command: \(error)"))
        }
        loop.crowd = groups
        return true
    }

    private func decode<Order: Decodable>(_ type: Order.Type, _ data: Data) throws -> Order {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: data)
    }

    private func answer(_ value: some Encodable) {
        write(Success(ok: value))
    }

    private func write(_ value: some Encodable) {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data: Data
        do {
            data = try encoder.encode(value)
        } catch {
            data = Data(#"{"error":"the answer cannot be written"}"#.utf8)
        }
        var left = Array(data + [0x0A])[...]
        while !left.isEmpty {
            let sent = left.withUnsafeBytes { Glibc.write(output, $0.baseAddress, $0.count) }
            if sent < 0, errno == EINTR { continue }
            guard sent > 0 else { return }
            left = left.dropFirst(sent)
        }
    }

    // MARK: Commands

    private func connect(_ order: Connect.Order) throws -> Connect.Answer {
        var targets = order.sockets ?? []
        if let file = order.file {
            guard let text = FileManager.default.contents(atPath: file) else { throw Refused("cannot read \(file)") }
            targets += try text.split(separator: 0x0A).map { try decode(Connect.Target.self, Data($0)) }
        }
        guard !targets.isEmpty else { throw Refused("there are no sockets to connect") }
        let inFlight = min(max(order.inFlight ?? 64, 1), Self.largestInFlight)
        let run = Connect(loop: loop, targets: targets)
        loop.crowd = run
        let result = run.run(inFlight: inFlight, timeout: Clock.nanoseconds(order.timeoutSeconds ?? 30))
        groups.append(result.members, to: order.group)
        return result.answer
    }

    private func desk(_ order: Desk.Order) throws -> Desk.Answer {
        let run = try Desk(
            loop: loop, customers: groups.members(of: order.customers), agents: groups.members(of: order.agents),
            template: order.template)
        loop.crowd = run
        return try run.run(order)
    }

    private func fanOut(_ order: FanOut.Order) throws -> FanOut.Answer {
        guard let publisher = try groups.members(of: order.publisher).first else {
            throw Refused("the group \(order.publisher) is empty")
        }
        let run = try FanOut(
            loop: loop, publisher: publisher, receivers: groups.members(of: order.receivers),
            template: order.template, needsType: order.recognise != "stamp")
        loop.crowd = run
        return try run.run(order)
    }

    private func http(_ order: HTTPLoad.Order) throws -> HTTPLoad.Answer {
        let run = try HTTPLoad(loop: loop, order)
        loop.crowd = run
        return try run.run()
    }

    private func streams(_ order: Streams.Order) throws -> Streams.Answer {
        let run = try Streams(loop: loop, customers: groups.members(of: order.customers), template: order.template)
        loop.crowd = run
        return run.run(order)
    }
}
