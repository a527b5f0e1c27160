import Domain
import Foundation
import HTTPTypes
import Identity
import Storage
import Synchronization
import Testing

@testable import HTTPAPI

@Suite("Rates and addresses")
struct LimitTests {
    private func fixture(_ rates: HTTPSettings.Rates, proxied: Bool = false) async throws -> HTTPFixture {
        var settings = HTTPFixture.settings()
        settings.rates = rates
        if proxied { settings.isTrustedProxy = { $0 == "127.0.0.1" || $0 == "::1" || $0.hasPrefix("10.") } }
        return try await HTTPFixture(settings: settings)
    }

    @Test("Sign-ins are limited per account and address, right or wrong")
    func logins() async throws {
        let fixture = try await fixture(
            .init(loginsPerMinute: 2, sessionsPerMinute: nil, requestsPerSecond: nil), proxied: true)
        try await fixture.user()
        try await fixture.runLive { client async throws in
            func attempt(_ email: String, from address: String = "192.0.2.1") async throws -> Reply {
                try await client.with(header: "X-Forwarded-For", address).post(
                    "auth/login", ["email": .string(email), "password": .string(HTTPFixture.password)])
            }
            try await attempt("admin@example.com").expect(200)
            try await attempt("ADMIN@example.com").expect(200)
            let refused = try await attempt("admin@example.com").expect(429, "rate_limited")
            #expect(refused[header: "Retry-After"] == "30")
            try await attempt("other@example.com").expect(401)
            try await attempt("admin@example.com", from: "192.0.2.2").expect(200)
            fixture.clock.advance(seconds: 30)
            try await attempt("admin@example.com").expect(200)
            try await attempt("admin@example.com").expect(429)
        }
    }

    @Test("New sessions are limited per address; IPv6 counts by network")
    func sessions() async throws {
        let fixture = try await fixture(
            .init(loginsPerMinute: nil, sessionsPerMinute: 1, requestsPerSecond: nil), proxied: true)
        try await fixture.runLive { client async throws in
            func visit(from address: String) async throws -> Int {
                try await client.with(header: "X-Forwarded-For", address).post("chat/sessions").status
            }
            #expect(try await visit(from: "192.0.2.1") == 201)
            #expect(try await visit(from: "192.0.2.1") == 429)
            #expect(try await visit(from: "2001:db8:1:2::1") == 201)
            #expect(try await visit(from: "2001:db8:1:2:ffff::9") == 429)
            #expect(try await visit(from: "2001:db8:1:3::1") == 201)
            // What a client writes in front of the proxy's own entry is not believed.
            #expect(try await visit(from: "203.0.113.9, 192.0.2.1") == 429)
            fixture.clock.advance(seconds: 60)
            #expect(try await visit(from: "192.0.2.1") == 201)
        }
    }

    @Test("Requests are limited per token, and reach no row beyond the limit")
    func requests() async throws {
        let fixture = try await fixture(.init(loginsPerMinute: nil, sessionsPerMinute: nil, requestsPerSecond: 2))
        let one = try await fixture.token(.agent)
        let two = try await fixture.token(.supervisor)
        try await fixture.run { client async throws in
            for _ in 0..<4 { try await client.with(token: one).get("users/me").expect(200) }
            try await client.with(token: one).get("users/me").expect(429, "rate_limited")
            try await client.with(token: two).get("users/me").expect(200)
            fixture.clock.advance(milliseconds: 500)
            try await client.with(token: one).get("users/me").expect(200)
        }
    }

    @Test("A flood of made-up API keys reaches the rows only so often")
    func madeUpKeys() async throws {
        let fixture = try await fixture(
            .init(loginsPerMinute: 1, sessionsPerMinute: nil, requestsPerSecond: nil), proxied: true)
        let admin = try await fixture.token()
        try await fixture.runLive { client async throws in
            let made = try await client.with(token: admin).post(
                "admin/api-keys", ["name": "one", "permissions": ["contacts:read"]]
            ).expect(201)
            let key = try #require(made["key"]?.stringValue)
            func ask(_ key: String, from address: String) async throws -> Reply {
                try await client.with(header: "X-Forwarded-For", address).with(token: key).get("contacts")
            }
            for _ in 0..<10 {
                try await ask(RandomToken(.apiKey).text, from: "192.0.2.1").expect(401, "unauthenticated")
            }
            try await ask(RandomToken(.apiKey).text, from: "192.0.2.1").expect(429, "rate_limited")
            // Not the rows are at fault: nobody asks them.
            fixture.driver.failure.withLock { $0 = .unavailable("gone") }
            try await ask(RandomToken(.apiKey).text, from: "192.0.2.1").expect(429, "rate_limited")
            fixture.driver.failure.withLock { $0 = nil }
            try await ask(key, from: "192.0.2.2").expect(200)
            // What is signed, or no key at all, is told apart without the rows.
            try await client.with(header: "X-Forwarded-For", "192.0.2.1").with(token: admin).get("contacts").expect(200)
            try await ask("ck_nonsense", from: "192.0.2.1").expect(401)
            fixture.clock.advance(seconds: 60)
            try await ask(key, from: "192.0.2.1").expect(200)
        }
    }

    @Test("Registrations, refreshed tokens and sign-ins are limited per address, whatever they say")
    func visits() async throws {
        let fixture = try await fixture(
            .init(loginsPerMinute: 1, sessionsPerMinute: nil, requestsPerSecond: 1), proxied: true)
        try await fixture.runLive { client async throws in
            func attempts(_ path: String, _ count: Int) async throws -> [Int] {
                var statuses: [Int] = []
                for _ in 0..<count {
                    statuses.append(
                        try await client.with(header: "X-Forwarded-For", "192.0.2.1").post(path, ["no": "body"]).status)
                }
                return statuses
            }
            #expect(try await attempts("auth/register", 2) == [422, 429])
            #expect(try await attempts("auth/refresh", 3) == [422, 422, 429])
            #expect(try await attempts("auth/login", 11) == Array(repeating: 422, count: 10) + [429])
            try await client.with(header: "X-Forwarded-For", "192.0.2.2").post("auth/login", ["no": "body"]).expect(422)
        }
    }

    @Test("The table of limits is bounded, and a flood of addresses does not empty a bucket")
    func boundedTable() {
        let clock = ManualClock()
        let limits = RateLimits(rates: .init(sessionsPerMinute: 1), clock: clock, capacity: 100)
        for number in 0..<10_000 { try? limits.count(.visit(.session, address: "\(number)")) }
        #expect(limits.count <= 100)
        clock.advance(seconds: 120)
        #expect(throws: Never.self) { try limits.count(.visit(.session, address: "new")) }
        #expect(limits.count <= 100)
        let off = RateLimits(rates: .init(sessionsPerMinute: 0), clock: clock, capacity: 10)
        for _ in 0..<100 { #expect(throws: Never.self) { try off.count(.visit(.session, address: "a")) } }
    }

    @Test(
        "The client's address is the rightmost that is no trusted proxy's",
        arguments: [
            ("198.51.100.1", "203.0.113.7", "198.51.100.1", false),
            ("10.0.0.1", "", "10.0.0.1", true),
            ("10.0.0.1", "203.0.113.7", "203.0.113.7", true),
            ("10.0.0.1", "1.1.1.1, 203.0.113.7, 10.0.0.2", "203.0.113.7", true),
            ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3", true),
            ("10.0.0.1", "203.0.113.7, nonsense", "10.0.0.1", true),
            ("10.0.0.1", "1.1.1.1, nonsense, 10.0.0.2", "10.0.0.2", true),
            ("10.0.0.1", "203.0.113.7:4711", "203.0.113.7", true),
            ("10.0.0.1", "[2001:db8::1]:443", "2001:db8::1", true),
            ("10.0.0.1", "2001:DB8:0::1", "2001:db8::1", true),
            ("::ffff:10.0.0.1", "::ffff:203.0.113.7", "203.0.113.7", true),
            ("10.0.0.1", ",,,", "10.0.0.1", true),
        ])
    func clientAddress(peer: String, forwarded: String, expected: String, isBehindProxy: Bool) {
        let address = ClientAddress(
            peer: peer, headers: [.xForwardedFor: forwarded], isTrustedProxy: { $0.hasPrefix("10.") })
        #expect(address == ClientAddress(text: expected, isBehindProxy: isBehindProxy))
    }

    @Test("A peer without an address is nobody's proxy")
    func unknownPeer() {
        let address = ClientAddress(peer: nil, headers: [.xForwardedFor: "1.1.1.1"], isTrustedProxy: { _ in true })
        #expect(address.text == "unknown" && !address.isBehindProxy)
    }
}
