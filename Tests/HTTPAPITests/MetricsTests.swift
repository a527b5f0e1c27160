import Domain
import HTTPTypes
import HummingbirdTesting
import Logging
import Observability
import Storage
import Synchronization
import Testing

@testable import HTTPAPI

@Suite("The page for Prometheus")
struct MetricsTests {
    static let token = "a-token-of-the-scraper"

    @Test("Without a token in the configuration everybody may read it")
    func open() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            let page = try await client.get("/metrics").expect(200)
            #expect(page[header: "Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(page[header: "Cache-Control"] == "no-store")
            try await client.with(token: "whatever").get("/metrics").expect(200)
        }
    }

    @Test("With one, only who shows it may, and attempts are in the log")
    func guarded() async throws {
        let fixture = try await HTTPFixture(metricsToken: Self.token)
        let admin = try await fixture.token()
        try await fixture.run { client async throws in
            try await client.get("/metrics").expect(401, "unauthenticated")
            for wrong in [Self.token + "x", String(Self.token.dropLast()), Self.token.uppercased(), "x", admin] {
                let refused = try await client.with(token: wrong).get("/metrics").expect(401, "unauthenticated")
                #expect(!refused.text.contains("http_server"))
            }
            try await client.with(.authorization, "Basic \(Self.token)").get("/metrics").expect(401)
            try await client.get("/metrics?token=\(Self.token)").expect(401)
            try await client.with(token: Self.token).send(.head, "/metrics").expect(200)
            try await client.with(token: Self.token).get("/metrics").expect(200)
            // It opens nothing else.
            try await client.with(token: Self.token).get("users/me").expect(401)
        }
        #expect(fixture.logs.records("request").filter { $0["status"] == .stringConvertible(401) }.count == 9)
        #expect(!fixture.logs.text.contains(Self.token))
    }

    @Test("A scrape is no news, a refused one is")
    func quiet() async throws {
        let fixture = try await HTTPFixture(metricsToken: Self.token)
        fixture.logs.level = .info
        try await fixture.run { client async throws in
            try await client.with(token: Self.token).get("/metrics").expect(200)
            try await client.get("/health").expect(200)
            try await client.get("/metrics").expect(401)
        }
        #expect(fixture.logs.records("request").map { $0["route"] } == ["/metrics"])
    }

    @Test("Every request is measured by method, matched route and class of its status")
    func requests() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        let page = try await fixture.run { client async throws in
            let staff = client.with(token: token)
            for name in ["A", "B", "C"] { try await staff.post("contacts", ["name": .string(name)]).expect(201) }
            try await staff.get("contacts/none").expect(404)
            try await staff.get("contacts/another").expect(404)
            try await client.get("users/me").expect(401)
            try await staff.send(.head, "/api/v1/users/me").expect(200)
            let tag = try #require(try await client.get("/").expect(200)[header: "ETag"])
            try await client.with(.ifNoneMatch, tag).get("/").expect(304)
            try await client.get("/assets/index.css").expect(200)
            for path in ["/nothing", "/metrics2", "/api/v1/contacts/a/b?c=d"] { try await client.get(path).expect(404) }
            try await client.delete("contacts").expect(405)
            for method in ["BREW", "PROPFIND"] {
                try await client.send(try #require(.init(method)), "/", bytes: nil).expect(405)
            }
            fixture.driver.failure.withLock { $0 = .unavailable("gone") }
            try await staff.get("contacts").expect(503)
            return try await client.get("/metrics").expect(200).text
        }
        let counts = page.split(separator: "\n").filter { $0.hasPrefix("http_server_request_duration_seconds_count") }
            .map { $0.dropFirst("http_server_request_duration_seconds_count".count) }
        #expect(
            counts == [
                #"{method="DELETE",route="unmatched",status="4xx"} 1"#,
                #"{method="GET",route="/",status="2xx"} 1"#,
                #"{method="GET",route="/",status="3xx"} 1"#,
                #"{method="GET",route="/api/v1/contacts",status="5xx"} 1"#,
                #"{method="GET",route="/api/v1/contacts/{id}",status="4xx"} 2"#,
                #"{method="GET",route="/api/v1/users/me",status="4xx"} 1"#,
                #"{method="GET",route="/assets/**",status="2xx"} 1"#,
                #"{method="GET",route="unmatched",status="4xx"} 3"#,
                #"{method="HEAD",route="/api/v1/users/me",status="2xx"} 1"#,
                #"{method="POST",route="/api/v1/contacts",status="2xx"} 3"#,
                #"{method="other",route="unmatched",status="4xx"} 2"#,
            ])
    }

    @Test("Commits, messages and deliveries are counted where they happen")
    func commits() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        let before = fixture.figures
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            for text in ["one", "two"] {
                try await client.with(token: visit.token).post("\(visit.path)/messages", ["content": .string(text)])
                    .expect(201)
            }
            let staff = client.with(token: token)
            try await staff.post("\(visit.path)/switch", ["to": "human"]).expect(200)
            try await staff.post("\(visit.path)/messages", ["content": "three"]).expect(201)
            // Nothing new, so nothing to count.
            try await staff.post("\(visit.path)/messages", ["content": ""]).expect(422)
        }
        let after = fixture.figures
        func growth(_ name: Substring) -> Double { (after[name] ?? 0) - (before[name] ?? 0) }
        #expect(growth(#"chat_messages_total{sender="contact"}"#) == 2)
        #expect(growth(#"chat_messages_total{sender="agent"}"#) == 1)
        #expect(growth("chat_commit_duration_seconds_count") >= 5)
        #expect(growth("chat_commit_batch_size_sum") == growth("chat_commit_batch_size_count"))
        #expect(growth("chat_delivery_duration_seconds_count") >= 4)
        #expect(after["chat_commit_failures_total"] == 0)

        fixture.driver.failure.withLock { $0 = .unavailable("gone") }
        await #expect(throws: (any Error).self) { try await fixture.store.write { _ in } }
        #expect(fixture.figures["chat_commit_failures_total"] == 1)
        #expect(
            fixture.figures["chat_commit_duration_seconds_count"] == after["chat_commit_duration_seconds_count"])
    }
}

extension HTTPFixture {
    /// Values of the samples, by name and labels.
    fileprivate var figures: [Substring: Double] {
        let text = String(decoding: metrics.exposition(), as: UTF8.self)
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.reduce(into: [:]) { figures, line in
            guard let space = line.lastIndex(of: " ") else { return }
            figures[line[..<space]] = Double(line[line.index(after: space)...])
        }
    }
}
