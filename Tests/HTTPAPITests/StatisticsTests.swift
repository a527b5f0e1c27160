import Domain
import Storage
import Testing

@testable import HTTPAPI

@Suite("Statistics")
struct StatisticsTests {
    /// A customer asks at 2026-01-01T00:00:00Z, an agent takes over after 90 s and resolves after 10 minutes.
    private func story(_ fixture: HTTPFixture, _ client: Client, token: String) async throws -> Visit {
        let visit = try await client.visit()
        try await client.with(token: visit.token).post("\(visit.path)/messages", ["content": "Hello?"]).expect(201)
        fixture.clock.advance(seconds: 90)
        let staff = client.with(token: token)
        try await staff.post("\(visit.path)/messages", ["content": "Here I am"]).expect(201)
        fixture.clock.advance(seconds: 510)
        try await staff.patch(visit.path, ["status": "resolved"]).expect(200)
        try await StatisticsKeeper(fixture.store).catchUp()
        return visit
    }

    @Test("A conversation shows in every figure that it is part of")
    func figures() async throws {
        let fixture = try await HTTPFixture()
        let agent = try await fixture.user("agent@example.com", role: .agent)
        let (token, admin) = (try await fixture.token(of: agent), try await fixture.token(.admin))
        try await fixture.run { client async throws in
            _ = try await story(fixture, client, token: token)
            // A visit without a message is in no figure.
            try await client.visit()
            let staff = client.with(token: admin)
            let path = "admin/stats/overview?from=2026-01-01T00:07:00Z&to=2026-01-01T02:00:00Z&interval=hour"
            let overview = try await staff.get("\(path)&timezone=Asia/Kolkata").expect(200)
            #expect(overview["period"]?["from"] == "2026-01-01T00:00:00.000Z")
            #expect(overview["period"]?["timezone"] == "Asia/Kolkata")
            #expect(overview["as_of"] != .null)
            #expect(overview["conversations"] == ["created": 1, "resolved": 1, "closed": 0, "reopened": 0])
            #expect(
                overview["messages"] == ["contact": 1, "agent": 1, "ai": 0, "system": 0, "notes": 0])
            let first = try #require(overview["first_response"])
            #expect(first["count"] == 1 && first["mean_milliseconds"] == 90_000)
            let median = try #require(first["median_milliseconds"]?.intValue)
            #expect(abs(median - 90_000) <= 4500 && first["p90_milliseconds"]?.intValue == median)
            #expect(overview["resolution"]?["mean_milliseconds"] == 600_000)
            let reply = try #require(overview["first_ai_reply"])
            #expect(reply["count"] == 0 && reply["mean_milliseconds"] == .null)
            let now = try #require(overview["now"])
            #expect(now["conversations"]?["resolved"] == 1 && now["waiting"]?["customers"] == 0)
            let points = try #require(overview["points"]?.arrayValue)
            // Hours of Kolkata begin at half past.
            #expect(points.map { $0["from"]?.stringValue?.prefix(16).suffix(5) } == ["00:00", "00:30", "01:30"])
            #expect(points.map { $0["conversations"]?["created"]?.intValue } == [1, 0, 0])

            let conversations = try await staff.get("admin/stats/conversations?timezone=Asia/Shanghai").expect(200)
            #expect(conversations["handoffs"]?["staff"] == 1 && conversations["handoffs"]?["total"] == 1)
            #expect(conversations["created_by_priority"]?["normal"] == 1)
            #expect(conversations["inboxes"]?.arrayValue?.first?["conversations"]?["created"] == 1)
            let busy = try #require(conversations["busiest_hours"]?.arrayValue)
            // A Thursday, at eight o'clock in Shanghai.
            #expect(
                busy.count == 168
                    && busy.filter { $0["messages"] != 0 } == [
                        ["weekday": 4, "hour": 8, "messages": 1]
                    ])

            let users = try await staff.get("admin/stats/users").expect(200)
            let found = try #require(users["agents"]?.arrayValue?.first)
            #expect(found["name"]?.stringValue == agent.name && found["taken"] == 1 && found["messages"] == 1)
            #expect(found["resolved"] == 1 && found["resolution"]?["count"] == 1)
            #expect(users["agent_count"] == 2)
            #expect(
                users["roles"]?.arrayValue?.map { $0["role"]?.stringValue } == ["admin", "agent", "customer"])

            let assistant = try await staff.get("admin/stats/ai?interval=month").expect(200)
            #expect(assistant["ai"]?["handed_over"] == 1 && assistant["ai"]?["cost_micros"] == .null)
        }
    }

    @Test("Events that are not counted yet show in as_of")
    func reach() async throws {
        let fixture = try await HTTPFixture()
        let admin = try await fixture.token(.admin)
        try await fixture.run { client async throws in
            let staff = client.with(token: admin)
            _ = try await story(fixture, client, token: admin)
            let counted = try await staff.get("admin/stats/overview").expect(200)
            #expect(counted["as_of"]?.stringValue == fixture.clock.now().rfc3339)
            let before = fixture.clock.now()
            fixture.clock.advance(seconds: 100)
            let visit = try await client.visit()
            try await client.with(token: visit.token).post("\(visit.path)/messages", ["content": "?"]).expect(201)
            let late = try await staff.get("admin/stats/overview").expect(200)
            #expect(late["as_of"]?.stringValue == before.rfc3339)
            try await StatisticsKeeper(fixture.store).catchUp()
            let later = try await staff.get("admin/stats/overview").expect(200)
            #expect(later["as_of"]?.stringValue == fixture.clock.now().rfc3339)
            #expect(later["conversations"]?["created"] == 2)
        }
    }

    @Test("The usual stretch is seven days of the workspace's zone")
    func usual() async throws {
        let fixture = try await HTTPFixture()
        let admin = try await fixture.token(.admin)
        fixture.clock.set(to: try #require(Timestamp(rfc3339: "2026-04-01T10:05:00Z")))
        try await fixture.run { client async throws in
            let staff = client.with(token: try await fixture.token(.admin, email: "second@example.com"))
            let plain = try await staff.get("admin/stats/overview").expect(200)
            #expect(plain["period"]?["from"] == "2026-03-26T00:00:00.000Z")
            #expect(plain["period"]?["to"] == "2026-04-01T10:15:00.000Z" && plain["period"]?["timezone"] == "UTC")
            let access = Access.server(of: fixture.workspace.id)
            var patch = WorkspaceSettingsPatch()
            patch.timezone = "Europe/Berlin"
            let berlin = patch
            _ = try await fixture.store.write { try $0.updateSettings(berlin, by: access) }
            let here = try await staff.get("admin/stats/overview").expect(200)
            #expect(here["period"]?["timezone"] == "Europe/Berlin")
            #expect(here["period"]?["from"] == "2026-03-25T23:00:00.000Z")
            // The clocks went forward on the 29th: from then on midnight is an hour earlier.
            let starts = here["points"]?.arrayValue?.compactMap { $0["from"]?.stringValue?.dropFirst(5).prefix(8) }
            #expect(
                starts?.map(String.init) == [
                    "03-25T23", "03-26T23", "03-27T23", "03-28T23", "03-29T22", "03-30T22", "03-31T22",
                ])
        }
        _ = admin
    }

    @Test("What may not be asked")
    func refusals() async throws {
        let fixture = try await HTTPFixture()
        let (admin, agent) = (try await fixture.token(.admin), try await fixture.token(.agent))
        try await fixture.run { client async throws in
            let staff = client.with(token: admin)
            for name in ["overview", "conversations", "users", "ai"] {
                let path = "admin/stats/\(name)"
                try await client.get(path).expect(401, "unauthenticated")
                try await client.with(token: agent).get(path).expect(403, "forbidden")
                for (query, error) in [
                    ("from=yesterday", "from invalid_timestamp"), ("interval=minute", "interval invalid_value"),
                    ("timezone=Mars/Phobos", "timezone invalid_value"), ("timezone=CET", "timezone invalid_value"),
                    ("timezone=%2B02:00", "timezone invalid_value"),
                    ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from invalid_value"),
                    ("from=2000-01-01T00:00:00Z", "from out_of_range"),
                    ("from=2025-01-01T00:00:00Z&interval=hour", "interval out_of_range"),
                    ("from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z", "from out_of_range"),
                ] {
                    #expect(try await staff.get("\(path)?\(query)").expect(422, "validation_failed").errors == [error])
                }
                try await staff.get("\(path)?to=9999-12-31T23:59:59Z&interval=month").expect(200)
                try await staff.get("\(path)?to=0001-01-01T00:00:00Z").expect(422)
            }
        }
    }

    @Test("Nothing of another workspace is in the figures")
    func tenancy() async throws {
        let fixture = try await HTTPFixture()
        let (other, _) = try await fixture.otherWorkspace()
        let admin = try await fixture.token(.admin)
        let stranger = try await fixture.token(.admin, email: "stranger@example.com", in: other)
        try await fixture.run { client async throws in
            _ = try await story(fixture, client, token: admin)
            let staff = client.with(token: stranger)
            let overview = try await staff.get("admin/stats/overview").expect(200)
            #expect(overview["conversations"]?["created"] == 0)
            #expect(overview["now"]?["conversations"]?["resolved"] == 0)
            let conversations = try await staff.get("admin/stats/conversations").expect(200)
            #expect(conversations["inboxes"]?.arrayValue?.count == 1 && conversations["handoffs"]?["total"] == 0)
            let users = try await staff.get("admin/stats/users").expect(200)
            #expect(users["agents"]?.arrayValue?.map { $0["name"] } == ["Name of stranger@example.com"])
            let assistant = try await staff.get("admin/stats/ai").expect(200)
            #expect(assistant["ai"]?["handed_over"] == 0)
        }
    }
}
