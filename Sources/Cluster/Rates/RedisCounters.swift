public import NIOCore

/// Counters in Redis.
public final class RedisCounters: SharedCounters {
    private let bus: RedisBus
    private let deadline: TimeAmount

    /// - Parameter deadline: longer than any answer of a Redis that is well; a frozen one makes the counters unknown.
    public init(bus: RedisBus, deadline: TimeAmount = .seconds(1)) {
        self.bus = bus
        self.deadline = deadline
    }

    public func add(_ additions: [CounterAddition], completion: @escaping @Sendable ([CounterTotals?]) -> Void) {
        var commands: [RedisCommand] = []
        for addition in additions {
            let key = RedisArgument.text("\(bus.installation):r.\(addition.key)")
            // Made with its end: a counter can never stay for ever, whatever is lost between two commands.
            commands.append(RedisCommand("SET", key, "0", "PX", .number(max(1, addition.lifetime)), "NX"))
            commands.append(RedisCommand("INCRBY", key, .number(addition.amount)))
            if let other = addition.alsoRead {
                commands.append(RedisCommand("GET", .text("\(bus.installation):r.\(other)")))
            }
        }
        bus.send(commands, within: deadline) { result in
            guard case .success(let answers) = result else { return completion(additions.map { _ in nil }) }
            var rest = answers[...]
            completion(
                additions.map { addition in
                    _ = rest.popFirst()
                    let total = rest.popFirst()?.number
                    let other = addition.alsoRead == nil ? nil : rest.popFirst()?.text.flatMap(Int64.init)
                    return total.map { CounterTotals(total: $0, alsoRead: other ?? 0) }
                })
        }
    }
}
