import NIOCore

/// One connection that tries everything that a node needs, to tell a wrong setting from a server that is away.
struct RedisProbe {
    let settings: RedisSettings
    let installation: String
    let eventLoop: any EventLoop
    let timing: RedisTiming

    func run() async -> RedisReach {
        let fault = await attempt(settings, rehearses: true)
        guard let fault else { return .connected }
        if case .misconfigured = fault { return fault.reach }
        // A plain Redis takes the beginning of TLS for an unfinished command, and waits for the rest for ever.
        if settings.security != .plain, await speaksPlainly() {
            return .misconfigured("the server does not speak TLS; the address must begin with redis://")
        }
        return fault.reach
    }

    /// Whether a Redis without TLS listens there. It is told no password.
    private func speaksPlainly() async -> Bool {
        let plain = RedisSettings(host: settings.host, port: settings.port)
        switch await attempt(plain, rehearses: false) {
        case nil: return true
        case .misconfigured(let reason): return reason.contains("wants a password")
        default: return false
        }
    }

    private func attempt(_ settings: RedisSettings, rehearses: Bool) async -> RedisFault? {
        let dialer: RedisDialer
        do {
            dialer = try RedisDialer(settings, eventLoop: eventLoop, timing: timing)
        } catch {
            return error
        }
        var greeting = RedisGreeting(settings)
        if rehearses { greeting.addRehearsal(key: "\(installation):probe.\(UInt64.random(in: 0 ... .max))") }
        let promise = eventLoop.makePromise(of: RedisFault?.self)
        eventLoop.execute { [eventLoop, timing, greeting] in
            let connection = RedisConnection(eventLoop: eventLoop)
            connection.ended = { promise.succeed($0 == .closed ? nil : $0) }
            eventLoop.assumeIsolated().scheduleTask(in: timing.connect) {
                connection.end(RedisLink.silence(of: connection, within: timing.connect))
            }
            dialer.dial(connection).assumeIsolated().whenComplete { result in
                if case .failure(let error) = result { return connection.end(RedisFault(error)) }
                greeting.say(on: connection) { [weak connection] fault in connection?.end(fault ?? .closed) }
            }
        }
        do {
            return try await promise.futureResult.get()
        } catch {
            return .outOfReach("the event loop is shut down")
        }
    }
}
