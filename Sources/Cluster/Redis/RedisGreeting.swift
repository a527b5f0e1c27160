import NIOCore

/// What is said first on a connection, and what must be answered.
struct RedisGreeting: Sendable {
    private enum Answer {
        case ok
        case pong
        case number
        case array
        case text
        /// Even an error: what was asked is a nicety.
        case whatever
    }

    private struct Step {
        let command: RedisCommand
        let name: String
        let answer: Answer
        var isSecret = false
    }

    private var steps: [Step] = []

    init(_ settings: RedisSettings) {
        // Redis before 6 knows no users; to later ones the default user is who signs in by a password alone.
        let user = settings.user.flatMap { $0.isEmpty || $0 == "default" ? nil : $0 }
        let password = settings.password ?? ""
        if user != nil || !password.isEmpty {
            let arguments = (user.map { [.text($0)] } ?? []) + [RedisArgument.text(password)]
            steps.append(Step(command: RedisCommand("AUTH", arguments), name: "AUTH", answer: .ok, isSecret: true))
        }
        if settings.database != 0 {
            let number = RedisArgument.number(Int64(settings.database))
            steps.append(Step(command: RedisCommand("SELECT", number), name: "SELECT", answer: .ok))
        }
        let name = String(settings.connectionName.unicodeScalars.filter { (0x21...0x7E).contains($0.value) }.prefix(64))
        steps.append(Step(command: RedisCommand("CLIENT", "SETNAME", .text(name)), name: "CLIENT", answer: .whatever))
        // Proves that the other side speaks Redis's protocol.
        steps.append(Step(command: RedisCommand("PING"), name: "PING", answer: .pong))
    }

    /// Adds one command of each kind that we use, so that a missing right is found at the start.
    /// - Parameter key: begins as all keys and topics of the installation do, and is nobody else's.
    mutating func addRehearsal(key: String) {
        let (key, set) = (RedisArgument.text(key), RedisArgument.text(key + ".z"))
        let life = RedisArgument.number(1000)
        func step(_ command: RedisCommand, _ name: String, _ answer: Answer) {
            steps.append(Step(command: command, name: name, answer: answer))
        }
        step(RedisCommand("PUBLISH", key, "1"), "PUBLISH", .number)
        step(RedisCommand("SET", key, "1", "PX", life), "SET", .ok)
        step(RedisCommand("INCRBY", key, "1"), "INCRBY", .number)
        step(RedisCommand("PEXPIRE", key, life), "PEXPIRE", .number)
        step(RedisCommand("GET", key), "GET", .text)
        step(RedisCommand("MGET", key, key), "MGET", .array)
        step(RedisCommand("ZADD", set, "1", "a"), "ZADD", .number)
        step(RedisCommand("ZRANGEBYSCORE", set, "0", "+inf"), "ZRANGEBYSCORE", .array)
        step(RedisCommand("ZREMRANGEBYSCORE", set, "-inf", "0"), "ZREMRANGEBYSCORE", .number)
        step(RedisCommand("ZREM", set, "a"), "ZREM", .number)
        step(RedisCommand("DEL", key), "DEL", .number)
        // The last, because a subscriber may say little else.
        step(RedisCommand("SUBSCRIBE", key), "SUBSCRIBE", .array)
    }

    /// Says it all at once, and judges each answer as it comes: a server of another protocol may answer the first only.
    ///
    /// - Parameter completion: called once, with what is wrong; nil when nothing is. Not called when the connection ends.
    func say(on connection: RedisConnection, completion: @escaping @Sendable (RedisFault?) -> Void) {
        let verdict = Verdict(missing: steps.count, completion: completion)
        for step in steps {
            connection.send([step.command]) { result in
                if case .success(let answers) = result {
                    verdict.take(answers.first.flatMap { Self.judge($0, of: step) })
                }
            }
        }
    }

    private static func judge(_ answer: RESPValue, of step: Step) -> RedisFault? {
        switch (step.answer, answer) {
        case (.whatever, _), (.number, .integer), (.array, .array), (.text, .bulk): nil
        case (_, .error): RedisFault(refusal: answer.refusal ?? "", to: step.name, isSecret: step.isSecret)
        case (.ok, .status) where answer.text == "OK": nil
        case (.pong, .status) where answer.text == "PONG": nil
        default: .misconfigured("the server does not answer \(step.name) as Redis does")
        }
    }
}

/// Used on the connection's event loop only, which is what makes the unchecked conformance sound.
private final class Verdict: @unchecked Sendable {
    private var missing: Int
    private var completion: (@Sendable (RedisFault?) -> Void)?

    init(missing: Int, completion: @escaping @Sendable (RedisFault?) -> Void) {
        self.missing = missing
        self.completion = completion
    }

    func take(_ fault: RedisFault?) {
        missing -= 1
        guard fault != nil || missing == 0, let completion else { return }
        self.completion = nil
        completion(fault)
    }
}
