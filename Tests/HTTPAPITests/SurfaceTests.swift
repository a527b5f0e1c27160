import Domain
import Foundation
import HTTPTypes
import HummingbirdTesting
import Logging
import Storage
import Synchronization
import Testing

@testable import HTTPAPI

@Suite("What every request meets")
struct SurfaceTests {
    @Test("An unknown path is a problem, whatever it looks like")
    func unknownPaths() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            for path in ["/nothing", "/api/v1", "/api/v2/users/me", "/assets/none.js", "/assets/../index.html", "/%00"]
            {
                try await client.get(path).expect(404, "not_found")
            }
            try await client.get("/assets/index.html").expect(404, "not_found")
        }
    }

    @Test("A wrong method is told which are right")
    func methods() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            let reply = try await client.delete("contacts").expect(405, "method_not_allowed")
            #expect(reply[header: "Allow"] == "GET, HEAD, POST")
            let odd = try await client.send(.init("BREW") ?? .put, "contacts/x", bytes: nil).expect(405)
            #expect(odd[header: "Allow"] == "GET, HEAD, PATCH, DELETE")
            #expect(try await client.post("/health").expect(405)[header: "Allow"] == "GET, HEAD")
            #expect(try await client.post("/assets/x").expect(405)[header: "Allow"] == "GET, HEAD")
            #expect(try await client.send(.options, "users/me").expect(405)[header: "Allow"] == "GET, HEAD, PATCH")
        }
    }

    @Test("HEAD answers as GET does, without a body")
    func head() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.runLive { client async throws in
            for path in ["/", "/health", "/api/v1/users/me"] {
                let get = try await client.with(token: token).get(path).expect(200)
                let head = try await client.with(token: token).send(.head, path)
                #expect(head.status == 200 && head.body.isEmpty)
                #expect(head[header: "Content-Type"] == get[header: "Content-Type"])
            }
            let missing = try await client.send(.head, "/nothing")
            #expect(missing.status == 404 && missing.body.isEmpty)
            // The connection is still in order.
            try await client.get("/health").expect(200)
        }
    }

    @Test("A body that is not JSON is refused for what it is")
    func bodies() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.run { client async throws in
            let staff = client.with(token: token)
            let json = staff.with(.contentType, "application/json; charset=utf-8")
            for bytes in ["{", "", "{} {}", "{'a':1}", "{\"a\":1,\"a\":2}", "nul", "[1,]", "\u{FEFF}{}"] {
                try await json.send(.post, "contacts", bytes: Array(bytes.utf8)).expect(400, "malformed_json")
            }
            let deep = String(repeating: "[", count: 10_000)
            try await json.send(.post, "contacts", bytes: Array(deep.utf8)).expect(400, "malformed_json")
            for bytes in ["[]", "null", "\"text\"", "1"] {
                try await json.send(.post, "contacts", bytes: Array(bytes.utf8)).expect(422, "validation_failed")
            }
            for type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
                try await staff.with(.contentType, type).send(.post, "contacts", bytes: Array("{}".utf8))
                    .expect(415, "unsupported_media_type")
            }
            try await staff.send(.post, "contacts", bytes: Array("{}".utf8)).expect(415, "unsupported_media_type")
            try await json.with(.contentEncoding, "gzip").send(.post, "contacts", bytes: [0x1F, 0x8B])
                .expect(415, "unsupported_media_type")
            try await staff.with(.contentType, "Application/JSON").send(.post, "contacts", bytes: Array("{}".utf8))
                .expect(201)
        }
    }

    @Test("A body beyond 1 MiB is refused, and the next request is served", arguments: [false, true])
    func largeBodies(isLive: Bool) async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        let test: @Sendable (Client) async throws -> Void = { client async throws in
            let json = client.with(token: token).with(.contentType, "application/json")
            let large = Array("{\"name\":\"\(String(repeating: "x", count: 1 << 20))\"}".utf8)
            try await json.send(.post, "contacts", bytes: large).expect(413, "too_large")
            try await json.send(.post, "auth/login", bytes: large).expect(413, "too_large")
            let within = Array("{\"name\":\"\(String(repeating: "x", count: 1 << 19))\"}".utf8)
            try await json.send(.post, "contacts", bytes: within).expect(422, "validation_failed")
            try await json.get("contacts").expect(200)
        }
        if isLive { try await fixture.runLive(test) } else { try await fixture.run(test) }
    }

    @Test("A chunked body beyond 1 MiB is refused while it comes")
    func chunkedBodies() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.runLive { client async throws in
            let port = try #require(client.http.port)
            let answer = try await RawConnection.exchange(port: port) { connection in
                try await connection.write(
                    "POST /api/v1/contacts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n"
                        + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
                let chunk = "10000\r\n\(String(repeating: "x", count: 0x10000))\r\n"
                for _ in 0..<20 { try await connection.write(chunk) }
                try await connection.write("0\r\n\r\n")
            }
            #expect(answer.hasPrefix("HTTP/1.1 413 "), "\(answer.prefix(200))")
            #expect(answer.contains("\"code\":\"too_large\""))
        }
    }

    @Test("A sane request id is kept, another is replaced, and it is in the log")
    func requestIds() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            let kept = try await client.with(header: "X-Request-ID", "my-own_id.1").get("users/me").expect(401)
            #expect(kept[header: "X-Request-ID"] == "my-own_id.1" && kept["request_id"] == "my-own_id.1")
            for bad in ["", "a b", "naïve", "<script>", String(repeating: "x", count: 129)] {
                let made = try await client.with(header: "X-Request-ID", bad).get("/health").expect(200)
                #expect(made[header: "X-Request-ID"]?.count == 32, "\(bad)")
            }
            let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
            try await client.with(header: "traceparent", trace).get("users/me").expect(401)
            for bad in ["00-\(String(repeating: "0", count: 32))-b7ad6b7169203331-01", "junk", trace + "x"] {
                try await client.with(header: "traceparent", bad).get("users/me").expect(401)
            }
        }
        let lines = fixture.logs.records("request")
        #expect(lines.contains { $0["request_id"] == "my-own_id.1" && $0["status"] == .stringConvertible(401) })
        let traced = lines.filter { $0["trace_id"] != nil }
        #expect(traced.count == 1 && traced[0]["trace_id"] == "0af7651916cd43dd8448eb211c80319c")
    }

    @Test("Each request is one log line, with the route and without secrets")
    func logging() async throws {
        let fixture = try await HTTPFixture()
        let user = try await fixture.user()
        let (visit, login) = try await fixture.run { client async throws in
            let visit = try await client.visit(["contact": ["name": "Zaphod Quux", "email": "zaphod@example.com"]])
            let contact = client.with(token: visit.token)
            try await contact.post("\(visit.path)/messages", ["content": "my-private-words"]).expect(201)
            try await contact.get("\(visit.path)/messages?after=1&ticket=tk_private").expect(200)
            try await client.get("/ws/none?ticket=tk_private").expect(404)
            let login = try await client.post(
                "auth/login", ["email": .string(user.email), "password": .string(HTTPFixture.password)]
            ).expect(200)
            try await client.post("auth/login", ["email": .string(user.email), "password": "wrong-secret"]).expect(401)
            return (visit, login)
        }
        let lines = fixture.logs.records("request")
        #expect(lines.count == 6)
        let sent = try #require(lines.first { $0["route"] == "/api/v1/chat/conversations/{id}/messages" })
        #expect(sent["method"] == "POST" && sent["principal"] == "contact" && sent["duration_ms"] != nil)
        #expect(lines.contains { $0["route"] == "unmatched" && $0["status"] == .stringConvertible(404) })
        for secret in [
            "my-private-words", "Zaphod", "zaphod@", "tk_private", visit.token, HTTPFixture.password, "wrong-secret",
            login["access_token"]?.stringValue ?? "", login["refresh_token"]?.stringValue ?? "",
            visit.socket.split(separator: "=").last.map(String.init) ?? "",
        ] {
            #expect(!secret.isEmpty && !fixture.logs.text.contains(secret), "\(secret.prefix(12))… is in the log")
        }
    }

    @Test("The API is not kept by caches and says nothing to frames")
    func securityHeaders() async throws {
        var settings = HTTPFixture.settings()
        let plain = try await HTTPFixture(settings: settings)
        try await plain.run { client async throws in
            let api = try await client.get("users/me").expect(401)
            #expect(api[header: "Cache-Control"] == "no-store")
            #expect(api[header: "Strict-Transport-Security"] == nil && api[header: "Content-Security-Policy"] == nil)
        }
        settings.publicURL = "https://chat.example"
        let secure = try await HTTPFixture(settings: settings)
        try await secure.run { client async throws in
            #expect(try await client.get("/").expect(200)[header: "Strict-Transport-Security"] == "max-age=31536000")
        }
    }

    @Test("Pages come with their policy, their files with their type, and are not sent twice")
    func pages() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            for path in ["/", "/console"] {
                let page = try await client.get(path).expect(200)
                #expect(page[header: "Content-Type"] == "text/html; charset=utf-8")
                let policy = try #require(page[header: "Content-Security-Policy"])
                #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"))
                #expect(!policy.contains("unsafe"))
                #expect(page[header: "Referrer-Policy"] == "no-referrer" && page[header: "X-Frame-Options"] == "DENY")
                #expect(page[header: "Permissions-Policy"]?.contains("camera=()") == true)
                #expect(!page.text.contains("<script>") && !page.text.contains(" style=\""), "the policy forbids it")
                let tag = try #require(page[header: "ETag"])
                let again = try await client.with(.ifNoneMatch, "\"other\", W/\(tag)").get(path)
                #expect(again.status == 304 && again.body.isEmpty && again[header: "ETag"] == tag)
            }
            let widget = try await client.with(.origin, "https://shop.example").get("/widget.js").expect(200)
            #expect(widget[header: "Content-Type"] == "text/javascript; charset=utf-8" && widget.body.count < 36 << 10)
            #expect(widget[header: "Access-Control-Allow-Origin"] == "*")
            #expect(widget[header: "Cross-Origin-Resource-Policy"] == "cross-origin")
            #expect(widget[header: "Cache-Control"] == "no-cache")
            #expect(
                try await client.get("/assets/index.css").expect(200)[header: "Content-Type"]
                    == "text/css; charset=utf-8")
            #expect(try await client.get("/assets/icon.svg").expect(200)[header: "Content-Type"] == "image/svg+xml")
        }
    }

    @Test("Only the configured origins' pages may read answers")
    func listedOrigins() async throws {
        var settings = HTTPFixture.settings()
        settings.corsOrigins = .listed(["https://shop.example"])
        let fixture = try await HTTPFixture(settings: settings)
        try await fixture.run { client async throws in
            let shop = client.with(.origin, "https://shop.example")
            let preflight = try await shop.with(.accessControlRequestMethod, "PATCH")
                .with(.accessControlRequestHeaders, "authorization, content-type").send(.options, "users/me")
            #expect(preflight.status == 204)
            #expect(preflight[header: "Access-Control-Allow-Origin"] == "https://shop.example")
            #expect(preflight[header: "Access-Control-Allow-Methods"]?.contains("PATCH") == true)
            #expect(preflight[header: "Access-Control-Allow-Headers"]?.contains("Authorization") == true)
            #expect(preflight[header: "Access-Control-Allow-Credentials"] == nil)
            // Errors, too, must be readable: the widget acts on their codes.
            let refused = try await shop.get("users/me").expect(401)
            #expect(refused[header: "Access-Control-Allow-Origin"] == "https://shop.example")
            for exposed in ["X-Request-ID", "Retry-After", "ETag"] {
                #expect(refused[header: "Access-Control-Expose-Headers"]?.contains(exposed) == true)
            }
            #expect(refused[header: "Vary"] == "Origin")
            let evil = client.with(.origin, "https://evil.example")
            #expect(try await evil.get("/health").expect(200)[header: "Access-Control-Allow-Origin"] == nil)
            let denied = try await evil.with(.accessControlRequestMethod, "POST").send(.options, "chat/sessions")
            #expect(denied[header: "Access-Control-Allow-Origin"] == nil)
            #expect(denied[header: "Access-Control-Allow-Methods"] == nil)
            #expect(try await client.get("/health").expect(200)[header: "Vary"] == "Origin")
        }
    }

    @Test("With all origins allowed, any page may")
    func anyOrigin() async throws {
        var settings = HTTPFixture.settings()
        settings.corsOrigins = .any
        let fixture = try await HTTPFixture(settings: settings)
        try await fixture.run { client async throws in
            let page = client.with(.origin, "https://anywhere.example")
            #expect(try await page.post("chat/sessions").expect(201)[header: "Access-Control-Allow-Origin"] == "*")
            #expect(try await page.get("/health").expect(200)[header: "Vary"] == nil)
        }
    }

    @Test("Health says how the parts are, and readiness ends with a drain")
    func health() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            fixture.clock.advance(seconds: 90)
            let health = try await client.get("/health").expect(200)
            #expect(health["status"] == "healthy" && health["version"] == "1.2.3" && health["node_id"] == "node-1")
            #expect(health["components"]?["database"]?["status"] == "healthy")
            #expect(health["components"]?["database"]?["kind"] == "sqlite")
            #expect(health["components"]?["database"]?["latency_ms"]?.doubleValue != nil)
            #expect(health["components"]?["redis"] == ["status": "disabled"])
            #expect(health["components"]?["ai"] == ["status": "healthy", "first_token_ms": 5])
            fixture.assistantIsDegraded.withLock { $0 = true }
            #expect(try await client.get("/health").expect(200)["status"] == "degraded")
            fixture.driver.failure.withLock { $0 = .unavailable("gone") }
            let sick = try await client.get("/health")
            #expect(sick.status == 503 && sick["status"] == "unhealthy" && !sick.text.contains("gone"))
            #expect(sick["components"]?["database"]?["latency_ms"] == .null)
            try await client.get("/health/live").expect(200)
            try await client.get("/health/ready").expect(200)
            fixture.readiness.drain()
            try await client.get("/health/ready").expect(503)
            try await client.get("/health/live").expect(200)
        }
    }

    @Test("Every route is described as it is served")
    func table() async throws {
        let fixture = try await HTTPFixture()
        let endpoints = fixture.interface.endpoints
        let routes = endpoints.map { "\($0.method) \($0.path)" }
        #expect(Set(routes).count == routes.count)
        for endpoint in endpoints {
            #expect(!endpoint.summary.isEmpty && !endpoint.group.isEmpty)
            #expect(endpoint.request == nil || endpoint.possibleProblems.contains(.malformedJSON))
        }
        // Nobody gets in without a token where one is needed.
        try await fixture.run { client async throws in
            for endpoint in endpoints where endpoint.admission != .anyone {
                let path = endpoint.path.replacing("{id}", with: "x")
                try await client.send(endpoint.method, path, endpoint.request == nil ? nil : [:])
                    .expect(401, "unauthenticated")
            }
        }
    }
}
