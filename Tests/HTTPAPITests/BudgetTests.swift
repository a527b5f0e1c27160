import Domain
import HTTPTypes
import Testing
import Wire

@testable import HTTPAPI

@Suite("Budgets, prices and the assistant's settings")
struct BudgetTests {
    @Test("A workspace decides of its assistant; only what is given changes, and null gives the default again")
    func policy() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.run { client async throws in
            let admin = client.with(token: token)
            let before = try await admin.get("admin/settings").expect(200)
            #expect(
                before["assistant"] == [
                    "providers": .null, "daily_tokens": .null, "daily_cost_micros": .null,
                    "hourly_conversation_tokens": .null, "currency": "USD",
                    "handoff_topics": ["legal", "safety", "payment_dispute", "data_deletion"],
                    "handoff_phrases": [], "on_anger": "offer", "on_repetition": "offer", "return_minutes": .null,
                    "synonyms": [],
                ])
            let tag = try #require(before[header: "ETag"])
            let changed = try await admin.with(.ifMatch, tag).patch(
                "admin/settings",
                [
                    "assistant": [
                        "providers": ["model", "builtin"], "daily_tokens": 5000, "daily_cost_micros": 7,
                        "hourly_conversation_tokens": 9, "currency": "CNY", "handoff_topics": ["legal"],
                        "handoff_phrases": ["my lawyer"], "on_anger": "hand_over", "on_repetition": "ignore",
                        "return_minutes": 30, "synonyms": [["退款", "退钱"]],
                    ]
                ]
            ).expect(200)
            #expect(changed[header: "ETag"] != tag && changed["assistant"]?["synonyms"] == [["退款", "退钱"]])
            let next = try await admin.patch("admin/settings", ["assistant": ["daily_tokens": .null]]).expect(200)
            #expect(next["assistant"]?["daily_tokens"] == .null && next["assistant"]?["currency"] == "CNY")
            #expect(next["assistant"]?["providers"] == ["model", "builtin"])
            try await admin.with(.ifMatch, tag).patch("admin/settings", ["assistant": [:]]).expect(412)
            let last = try await admin.patch("admin/settings", ["assistant": .null]).expect(200)
            #expect(last["assistant"] == before["assistant"])
            let lines = try await admin.get("admin/audit-log?action=settings.updated").expect(200).items
            #expect(lines.count == 3)
            #expect(lines.last?["after"]?["assistant.daily_tokens"] == 5000)
            #expect(lines.last?["before"]?["assistant.on_anger"] == "offer")
        }
    }

    @Test(
        "What cannot be is refused",
        arguments: [
            (["providers": ["model", "nobody"]], "assistant.providers[1] unknown_provider"),
            (["providers": []], "assistant.providers required"),
            (["providers": ["model", "model"]], "assistant.providers[1] duplicate"),
            (["daily_tokens": 0], "assistant.daily_tokens out_of_range"),
            (["daily_cost_micros": -1], "assistant.daily_cost_micros out_of_range"),
            (["currency": "usd"], "assistant.currency invalid_currency"),
            (["currency": "US$"], "assistant.currency invalid_currency"),
            (["handoff_phrases": [""]], "assistant.handoff_phrases[0] required"),
            (["return_minutes": 0], "assistant.return_minutes out_of_range"),
            (["synonyms": [["alone"]]], "assistant.synonyms[0] out_of_range"),
            (["synonyms": [["refund", ""]]], "assistant.synonyms[0][1] required"),
        ] as [(JSONValue, String)])
    func refused(_ change: JSONValue, _ problem: String) async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.run { client async throws in
            let admin = client.with(token: token)
            #expect(try await admin.patch("admin/settings", ["assistant": change]).expect(422).errors == [problem])
            try await admin.patch("admin/settings", ["assistant": ["budget": 1]]).expect(422, "unknown_field")
        }
    }

    @Test("An inbox may have an order of its own, and a team to hand over to")
    func inbox() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.run { client async throws in
            let admin = client.with(token: token)
            let team = try await admin.post("admin/teams", ["name": "Billing"]).expect(201)["id"] ?? .null
            let made = try await admin.post(
                "admin/inboxes", ["name": "Shop", "ai_providers": ["model"], "handoff_team_id": team]
            ).expect(201)
            #expect(made["ai_providers"] == ["model"] && made["handoff_team_id"] == team)
            let path = "admin/inboxes/\(made["id"]?.stringValue ?? "")"
            let seen = try await admin.get(path).expect(200)
            #expect(seen["ai_providers"] == ["model"] && seen["handoff_team_id"] == team)
            let changed = try await admin.with(.ifMatch, seen[header: "ETag"] ?? "").patch(
                path, ["ai_providers": .null]
            ).expect(200)
            #expect(changed["ai_providers"] == .null && changed["handoff_team_id"] == team)
            #expect(changed[header: "ETag"] != seen[header: "ETag"])
            #expect(
                try await admin.patch(path, ["ai_providers": ["nobody"]]).expect(422).errors == [
                    "ai_providers[0] unknown_provider"
                ])
            for wrong in ["tem_x", fixture.views.identifiers.text(Identifier<Team>(7))] {
                #expect(
                    try await admin.patch(path, ["handoff_team_id": .string(wrong)]).expect(422).errors == [
                        "handoff_team_id not_found"
                    ])
            }
            try await admin.delete("admin/teams/\(team.stringValue ?? "")").expect(204)
            #expect(try await admin.get(path).expect(200)["handoff_team_id"] == .null, "a team that is gone")
        }
    }

    @Test("Prices have a beginning, and are seen and changed by those who may")
    func prices() async throws {
        let fixture = try await HTTPFixture()
        let (token, supervisor) = (try await fixture.token(), try await fixture.token(.supervisor))
        try await fixture.run { client async throws in
            let admin = client.with(token: token)
            let price: JSONValue = [
                "provider": "model", "model": "gpt-*", "input_micros": 400_000, "output_micros": 1_600_000,
                "effective_from": "2026-01-01T00:00:00.000Z",
            ]
            let made = try await admin.post("admin/ai/prices", price).expect(201)
            #expect(made["cached_input_micros"] == 400_000 && made["id"]?.stringValue?.hasPrefix("prc_") == true)
            try await admin.post("admin/ai/prices", price).expect(409, "conflict")
            let listed = try await client.with(token: supervisor).get("admin/ai/prices").expect(200)
            #expect(listed.items == [made.json])
            try await client.with(token: supervisor).post("admin/ai/prices", price).expect(403)
            for (change, problem) in [
                (["provider": "nobody"], "provider unknown_provider"),
                (["provider": "builtin"], "provider invalid_value"), (["model": "g*t"], "model invalid_value"),
                (["input_micros": -1], "input_micros out_of_range"),
            ] as [([String: JSONValue], String)] {
                let wrong = JSONValue.object((price.objectValue ?? [:]).merging(change) { $1 })
                #expect(try await admin.post("admin/ai/prices", wrong).expect(422).errors == [problem])
            }
            let path = "admin/ai/prices/\(made["id"]?.stringValue ?? "")"
            try await admin.delete(path).expect(204)
            try await admin.delete(path).expect(404)
            #expect(try await admin.get("admin/ai/prices").expect(200).items.isEmpty)
        }
    }

    @Test("What staff's help uses is counted, and refused when it is used up, until the next day")
    func help() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.run { client async throws in
            let admin = client.with(token: token)
            try await admin.patch("admin/settings", ["assistant": ["providers": ["model"]]]).expect(200)
            try await admin.post(
                "admin/ai/prices",
                [
                    "provider": "model", "model": "gpt-1", "input_micros": 1_000_000, "output_micros": 10_000_000,
                    "effective_from": "2020-01-01T00:00:00Z",
                ]
            ).expect(201)
            let visit = try await client.visit()
            try await client.with(token: visit.token).post("\(visit.path)/messages", ["content": "Hello"]).expect(201)
            // Nothing is limited yet, and counts all the same.
            try await admin.post("\(visit.path)/suggestion").expect(200)
            try await admin.post("\(visit.path)/summary").expect(200)
            let listed = try await admin.get("admin/ai/providers").expect(200)
            #expect(listed["order"] == ["model"])
            #expect(listed.items.map { $0["position"] ?? .null } == [1, .null])
            let day = listed["budgets"]?["day"]
            #expect(day?["calls"] == 2)
            #expect(day?["tokens"] == ["limit": .null, "used": 240, "reserved": 0, "left": .null])
            #expect(day?["cost_micros"]?["used"] == 600)

            try await admin.patch(
                "admin/settings", ["assistant": ["daily_tokens": 240, "daily_cost_micros": 1_000_000]]
            ).expect(200)
            for path in ["suggestion", "summary"] {
                let refused = try await admin.post("\(visit.path)/\(path)").expect(429, "rate_limited")
                let seconds = refused[header: "Retry-After"].flatMap { Int($0) } ?? 0
                #expect((1...86_400).contains(seconds))
            }
            try await admin.with(.accept, "text/event-stream").post("\(visit.path)/suggestion")
                .expect(429, "rate_limited")
            let used = try await admin.get("admin/ai/providers").expect(200)["budgets"]?["day"]
            #expect(used?["calls"] == 2 && used?["tokens"]?["left"] == 0 && used?["tokens"]?["reserved"] == 0)
            #expect(used?["cost_micros"]?["left"] == 999_400)
            // What the articles answer costs nothing.
            try await admin.patch("admin/settings", ["assistant": ["providers": ["builtin"]]]).expect(200)
            try await admin.post("\(visit.path)/suggestion").expect(200)
            try await admin.patch(
                "admin/settings", ["assistant": ["providers": ["model"], "daily_tokens": 5000]]
            ).expect(200)
            fixture.clock.advance(seconds: 86_400)
            let later = client.with(token: try await fixture.token(email: "tomorrow@example.com"))
            try await later.post("\(visit.path)/summary").expect(200)
            let tomorrow = try await later.get("admin/ai/providers").expect(200)["budgets"]?["day"]
            #expect(tomorrow?["tokens"] == ["limit": 5000, "used": 120, "reserved": 0, "left": 4880])
        }
    }
}
