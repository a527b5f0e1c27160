import Domain
import HTTPTypes
import Testing

@testable import HTTPAPI

@Suite("Contacts")
struct ContactTests {
    @Test("Staff add, read, change and find contacts")
    func contacts() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token(.agent)
        try await fixture.run { client async throws in
            let staff = client.with(token: token)
            let made = try await staff.post(
                "contacts",
                [
                    "name": "Wang Wei", "email": "wang@example.com", "phone": "+86 10", "external_id": "c-1",
                    "attributes": ["plan": ["tier": 2]], "locale": "zh-CN",
                ]
            ).expect(201)
            let path = "contacts/\(made["id"]?.stringValue ?? "")"
            let read = try await staff.get(path).expect(200)
            #expect(read.json == made.json && read[header: "ETag"] == made[header: "ETag"])
            #expect(read["attributes"] == ["plan": ["tier": 2]])
            fixture.clock.advance(seconds: 1)
            let changed = try await staff.with(.ifMatch, read[header: "ETag"] ?? "").patch(
                path, ["name": .null, "phone": "42", "attributes": .null]
            ).expect(200)
            #expect(changed["name"] == .null && changed["phone"] == "42" && changed["email"] == "wang@example.com")
            #expect(changed["attributes"] == [:] && changed["updated_at"] != made["updated_at"])
            try await staff.with(.ifMatch, read[header: "ETag"] ?? "").patch(path, ["name": "X"])
                .expect(412, "precondition_failed")
            try await staff.post("contacts", ["external_id": "c-1"]).expect(409, "conflict")
            let second = try await staff.post("contacts", ["name": "Li", "external_id": "c-2"]).expect(201)
            try await staff.patch("contacts/\(second["id"]?.stringValue ?? "")", ["external_id": "c-1"])
                .expect(409, "conflict")
            #expect(second["attributes"] == [:])
            let renamed = try await staff.patch(path, ["name": "Wang"]).expect(200)
            #expect(renamed["attributes"] == [:] && renamed["phone"] == "42")
            #expect(try await staff.get("contacts").expect(200).items.map { $0["id"] } == [second["id"], made["id"]])
            #expect(try await staff.get("contacts?q=WANG").expect(200).items.map { $0["id"] } == [made["id"]])
            #expect(try await staff.get("contacts?q=c-2").expect(200).items.map { $0["id"] } == [second["id"]])
            #expect(try await staff.get("contacts?q=_").expect(200).items.isEmpty)
            #expect(try await staff.get("contacts?q=").expect(200).items.count == 2)
            try await staff.get("contacts/con_x").expect(404, "not_found")
        }
    }

    @Test("What a contact may not be")
    func badContacts() async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.run { client async throws in
            let staff = client.with(token: token)
            let cases: [(JSONValue, String)] = [
                (["email": "nonsense"], "email invalid_email"), (["name": ""], "name required"),
                (["phone": .string(String(repeating: "1", count: 41))], "phone too_long"),
                (["locale": "_"], "locale invalid_locale"), (["attributes": "x"], "attributes wrong_type"),
                (["attributes": ["x": .string(String(repeating: "x", count: 17_000))]], "attributes too_large"),
                (["external_id": .string(String(repeating: "x", count: 256))], "external_id too_long"),
                (["name": ["a"]], "name wrong_type"),
            ]
            for (body, problem) in cases {
                #expect(try await staff.post("contacts", body).expect(422).errors == [problem])
            }
            try await staff.post("contacts", ["id": "x"]).expect(422, "unknown_field")
            try await staff.post("contacts", []).expect(422, "validation_failed")
            #expect(try await staff.get("contacts").expect(200).items.isEmpty)
        }
    }

    @Test("A visitor is no staff")
    func visitors() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            let contact = client.with(token: visit.token)
            for path in ["contacts", "contacts/\(visit.contactId)", "users/me", "admin/knowledge/articles"] {
                try await contact.get(path).expect(403, "forbidden")
                try await client.get(path).expect(401, "unauthenticated")
            }
            for path in ["auth/ticket", "auth/logout"] { try await contact.post(path).expect(403, "forbidden") }
        }
    }
}
