import Domain
import HTTPTypes
import Storage
import Testing
import Wire

@testable import HTTPAPI

@Suite("Administration")
struct AdministrationTests {
    /// A signed-in admin's client, and the fixture.
    private func administer(_ test: @Sendable (Client, HTTPFixture) async throws -> Void) async throws {
        let fixture = try await HTTPFixture()
        let token = try await fixture.token()
        try await fixture.run { client async throws in try await test(client.with(token: token), fixture) }
    }

    private func id(_ reply: Reply) -> String { reply["id"]?.stringValue ?? "" }

    @Test("Users are added, listed, changed and deleted")
    func users() async throws {
        try await administer { admin, fixture in
            let made = try await admin.post(
                "admin/users",
                [
                    "email": "lin@example.com", "name": "Lin", "password": .string(HTTPFixture.password),
                    "role": "agent", "locale": "zh-CN",
                ]
            ).expect(201)
            #expect(made["role"] == "agent" && made["status"] == "active" && made["locale"] == "zh-CN")
            #expect(made["permissions"]?.arrayValue?.contains("messages:write") == true)
            let path = "admin/users/\(id(made))"
            let read = try await admin.get(path).expect(200)
            #expect(read.json == made.json && read[header: "ETag"] == made[header: "ETag"])
            for query in ["role=agent", "q=LIN@", "q=lin", "status=active&role=agent"] {
                let list = try await admin.get("admin/users?\(query)").expect(200)
                #expect(list.items.map { $0["id"] } == [made["id"]], "\(query)")
            }
            #expect(try await admin.get("admin/users?status=suspended").expect(200).items.isEmpty)
            #expect(try await admin.get("admin/users").expect(200).items.count == 2)
            try await admin.get("admin/users?status=gone").expect(422, "validation_failed")
            try await admin.get("admin/users?team_id=x").expect(422, "validation_failed")

            let tag = read[header: "ETag"] ?? ""
            let changed = try await admin.with(.ifMatch, tag).patch(path, ["name": "Lin Wei", "locale": .null]).expect(
                200)
            #expect(changed["name"] == "Lin Wei" && changed["locale"] == .null)
            try await admin.with(.ifMatch, tag).patch(path, ["name": "L"]).expect(412, "precondition_failed")
            try await admin.with(.ifMatch, tag).delete(path).expect(412, "precondition_failed")
            try await admin.patch(path, ["email": "ADMIN@example.com"]).expect(409, "email_taken")

            // The agent signs in, is suspended, and is out.
            let login = try await admin.with(token: nil).post(
                "auth/login", ["email": "lin@example.com", "password": .string(HTTPFixture.password)]
            ).expect(200)
            let agent = admin.with(token: login["access_token"]?.stringValue)
            try await agent.get("users/me").expect(200)
            try await admin.patch(path, ["status": "suspended"]).expect(200)
            try await agent.get("users/me").expect(401, "token_revoked")
            try await admin.with(token: nil).post(
                "auth/refresh", ["refresh_token": login["refresh_token"] ?? .null]
            ).expect(401, "token_revoked")
            try await admin.delete(path).expect(204)
            try await admin.get(path).expect(404, "not_found")
            try await admin.delete(path).expect(404, "not_found")
        }
    }

    @Test("What a user may not be")
    func badUsers() async throws {
        try await administer { admin, _ in
            let good: [String: JSONValue] = [
                "email": "lin@example.com", "name": "Lin", "password": .string(HTTPFixture.password), "role": "agent",
            ]
            let cases: [(String, JSONValue, String)] = [
                ("email", "nonsense", "email invalid_email"), ("name", "", "name required"),
                ("role", "boss", "role unknown_role"), ("password", "short", "password too_short"),
                ("password", "lin@example.com", "password too_guessable"), ("locale", "_", "locale invalid_locale"),
            ]
            for (field, value, problem) in cases {
                let body = JSONValue.object(good.merging([field: value]) { $1 })
                #expect(try await admin.post("admin/users", body).expect(422).errors == [problem])
            }
            for field in [
                "id", "workspace", "workspace_id", "permissions", "access_version", "password_hash", "status",
            ] {
                let body = JSONValue.object(good.merging([field: "x"]) { $1 })
                try await admin.post("admin/users", body).expect(422, "unknown_field")
            }
            let made = try await admin.post("admin/users", .object(good)).expect(201)
            for field in ["id", "workspace", "workspace_id", "permissions", "password", "created_at"] {
                try await admin.patch("admin/users/\(id(made))", .object([field: "x"])).expect(422, "unknown_field")
            }
            for field in ["name", "email", "role", "status"] {
                #expect(
                    try await admin.patch("admin/users/\(id(made))", .object([field: .null])).expect(422).errors
                        == ["\(field) required"])
            }
            try await admin.patch("admin/users/\(id(made))", ["status": "deleted"]).expect(422, "validation_failed")
            try await admin.get("admin/users/usr_x").expect(404, "not_found")
            #expect(try await admin.get("admin/users").expect(200).items.count == 2)
        }
    }

    @Test("Admins set passwords and end sign-ins")
    func passwordsAndSessions() async throws {
        try await administer { admin, fixture in
            let user = try await fixture.user("lin@example.com", role: .agent)
            let path = "admin/users/\(fixture.views.identifiers.text(user.id))"
            let (first, second) = (try await fixture.token(of: user), try await fixture.token(of: user))
            let sessions = try await admin.get(path + "/sessions").expect(200)
            #expect(sessions.items.count == 2 && sessions.items.allSatisfy { $0["current"] == false })
            let newest = sessions.items.first?["id"]?.stringValue ?? ""
            try await admin.delete(path + "/sessions/\(newest)").expect(204)
            try await admin.delete(path + "/sessions/\(newest)").expect(404, "not_found")
            try await admin.with(token: second).get("users/me").expect(401, "token_revoked")
            try await admin.with(token: first).get("users/me").expect(200)
            try await admin.delete(path + "/sessions").expect(204)
            try await admin.with(token: first).get("users/me").expect(401, "token_revoked")
            #expect(try await admin.get(path + "/sessions").expect(200).items.isEmpty)

            let third = try await fixture.token(of: user)
            let new = JSONValue.string("another long passphrase")
            #expect(
                try await admin.post(path + "/password", ["password": "short"]).expect(422).errors
                    == ["password too_short"])
            try await admin.post(path + "/password", ["password": new]).expect(204)
            try await admin.with(token: third).get("users/me").expect(401, "token_revoked")
            let anybody = admin.with(token: nil)
            try await anybody.post(
                "auth/login", ["email": "lin@example.com", "password": .string(HTTPFixture.password)]
            ).expect(401, "invalid_credentials")
            try await anybody.post("auth/login", ["email": "lin@example.com", "password": new]).expect(200)
            let log = try await admin.get("admin/audit-log?action=password.changed").expect(200)
            #expect(log.items.count == 1 && !log.text.contains("passphrase"))
        }
    }

    @Test("Nobody administers themselves away, nor beyond their own rights")
    func escalation() async throws {
        try await administer { admin, fixture in
            let me = "admin/users/\(id(try await admin.get("users/me")))"
            for body: JSONValue in [["role": "agent"], ["status": "suspended"]] {
                try await admin.patch(me, body).expect(409, "conflict")
            }
            try await admin.delete(me).expect(409, "conflict")
            try await admin.post(me + "/password", ["password": "another long passphrase"]).expect(409, "conflict")
            try await admin.patch(me, ["name": "Me"]).expect(200)

            try await admin.post(
                "admin/roles",
                ["name": "HR", "permissions": ["users:read", "users:write", "roles:read", "roles:write"]]
            ).expect(201)
            try await admin.post(
                "admin/users",
                ["email": "hr@example.com", "name": "HR", "password": .string(HTTPFixture.password), "role": "HR"]
            ).expect(201)
            let login = try await admin.with(token: nil).post(
                "auth/login", ["email": "hr@example.com", "password": .string(HTTPFixture.password)]
            ).expect(200)
            let hr = admin.with(token: login["access_token"]?.stringValue)
            try await hr.get(me).expect(200)
            try await hr.patch(me, ["name": "You"]).expect(403, "forbidden")
            try await hr.delete(me).expect(403, "forbidden")
            try await hr.post(me + "/password", ["password": "another long passphrase"]).expect(403, "forbidden")
            try await hr.delete(me + "/sessions").expect(403, "forbidden")
            for permissions: JSONValue in [["audit:read"], ["users:read", "settings:write"]] {
                try await hr.post("admin/roles", ["name": "More", "permissions": permissions]).expect(403, "forbidden")
            }
            for role in ["admin", "agent", "supervisor"] {
                try await hr.post(
                    "admin/users",
                    [
                        "email": "x@example.com", "name": "X", "password": .string(HTTPFixture.password),
                        "role": .string(role),
                    ]
                ).expect(403, "forbidden")
            }
            try await hr.get("admin/teams").expect(403, "forbidden")
            try await hr.get("admin/audit-log").expect(403, "forbidden")
        }
    }

    @Test("Roles are put together from permissions")
    func roles() async throws {
        try await administer { admin, fixture in
            let builtIn = try await admin.get("admin/roles").expect(200).items
            #expect(builtIn.map { $0["name"] } == ["admin", "supervisor", "agent", "customer"])
            #expect(
                builtIn.allSatisfy { $0["id"] == $0["name"] && $0["built_in"] == true && $0["updated_at"] == .null })
            #expect(builtIn[0]["users"] == 1)
            let agent = try await admin.get("admin/roles/agent").expect(200)
            #expect(agent.json == builtIn[2])
            try await admin.patch("admin/roles/agent", ["permissions": []]).expect(409, "conflict")
            try await admin.delete("admin/roles/agent").expect(409, "conflict")

            let made = try await admin.post(
                "admin/roles",
                [
                    "name": "Lead",
                    "permissions": ["conversations:read:team", "contacts:read", "conversations:read:own"],
                ]
            ).expect(201)
            #expect(made["permissions"] == ["contacts:read", "conversations:read:team"])
            #expect(made["built_in"] == false && made["users"] == 0)
            let path = "admin/roles/\(id(made))"
            #expect(try await admin.get(path).expect(200).json == made.json)
            #expect(
                try await admin.post(
                    "admin/roles",
                    ["name": "X", "permissions": ["contacts:read", "contacts:read:own", "x:y", "contacts", ""]]
                ).expect(422).errors
                    == (1...4).map { "permissions[\($0)] unknown_permission" })
            try await admin.post("admin/roles", ["name": "lead", "permissions": []]).expect(409, "conflict")
            try await admin.post("admin/roles", ["name": "Agent", "permissions": []]).expect(409, "conflict")
            let many = JSONValue.array(Array(repeating: "contacts:read", count: 201))
            #expect(
                try await admin.post("admin/roles", ["name": "X", "permissions": many]).expect(422).errors
                    == ["permissions too_many"])

            let role = try #require(
                try await fixture.store.read { try $0.role(named: "Lead", in: fixture.workspace.id) })
            let user = try await fixture.user("lin@example.com", role: role)
            let lead = admin.with(token: try await fixture.token(of: user))
            try await lead.get("contacts").expect(200)
            try await admin.delete(path).expect(409, "conflict")
            let tag = made[header: "ETag"] ?? ""
            let changed = try await admin.with(.ifMatch, tag).patch(path, ["permissions": ["audit:read"]]).expect(200)
            #expect(changed["users"] == 1 && changed["permissions"] == ["audit:read"] && changed["name"] == "Lead")
            try await admin.with(.ifMatch, tag).patch(path, ["name": "X"]).expect(412, "precondition_failed")
            try await lead.get("contacts").expect(401, "token_revoked")
            let fresh = admin.with(
                token: try await fixture.token(
                    of: try #require(try await fixture.store.read { try $0.user(user.id) })))
            try await fresh.get("contacts").expect(403, "forbidden")
            try await fresh.get("admin/audit-log").expect(200)
            try await admin.patch("admin/users/\(fixture.views.identifiers.text(user.id))", ["role": "agent"])
                .expect(200)
            try await admin.delete(path).expect(204)
            try await admin.get(path).expect(404, "not_found")
            try await admin.get("admin/roles/boss").expect(404, "not_found")

            let permissions = try await admin.get("admin/permissions").expect(200)
            #expect(permissions.items.count == Permission.Action.allCases.count)
            #expect(
                permissions.items.filter { $0["scoped"] == true }.map { $0["permission"] } == [
                    "conversations:read", "conversations:write", "messages:write", "messages:manage",
                ])
            #expect(permissions["scopes"]?.arrayValue?.map { $0["scope"] } == ["own", "team", "all"])
        }
    }

    @Test("Teams have members")
    func teams() async throws {
        try await administer { admin, fixture in
            let bo = fixture.views.identifiers.text(try await fixture.user("bo@example.com", role: .agent).id)
            let ann = fixture.views.identifiers.text(try await fixture.user("ann@example.com", role: .agent).id)
            let kim = fixture.views.identifiers.text(try await fixture.user("kim@example.com", role: .customer).id)
            let made = try await admin.post("admin/teams", ["name": "Night", "members": [.string(ann)]]).expect(201)
            #expect(made["members"] == [.string(ann)])
            let path = "admin/teams/\(id(made))"
            #expect(try await admin.get(path).expect(200).json == made.json)
            let both = try await admin.send(.put, path + "/members/\(bo)").expect(200)
            #expect(both["members"] == [.string(bo), .string(ann)])
            #expect(try await admin.get("admin/users?team_id=\(id(made))").expect(200).items.count == 2)
            try await admin.send(.put, path + "/members/\(kim)").expect(404, "not_found")
            try await admin.send(.put, path + "/members/usr_x").expect(404, "not_found")
            try await admin.delete(path + "/members/\(ann)").expect(204)
            try await admin.delete(path + "/members/\(ann)").expect(404, "not_found")
            #expect(
                try await admin.patch(path, ["members": [.string(bo), .string(kim), "x", .string(id(made))]])
                    .expect(422).errors == ["members[2] not_found", "members[3] not_found"])
            #expect(
                try await admin.patch(path, ["members": [.string(bo), .string(kim)]]).expect(422).errors
                    == ["members[1] not_found"])
            let tag = try await admin.get(path).expect(200)[header: "ETag"] ?? ""
            let changed = try await admin.with(.ifMatch, tag).patch(path, ["name": "Day", "members": .null]).expect(200)
            #expect(changed["name"] == "Day" && changed["members"] == [])
            try await admin.with(.ifMatch, tag).delete(path).expect(412, "precondition_failed")
            try await admin.with(.ifMatch, tag).send(.put, path + "/members/\(bo)").expect(412, "precondition_failed")
            try await admin.post("admin/teams", ["name": "Day"]).expect(409, "conflict")
            let many = JSONValue.array(Array(repeating: .string(bo), count: 201))
            #expect(
                try await admin.post("admin/teams", ["name": "X", "members": many]).expect(422).errors
                    == ["members too_many"])
            #expect(try await admin.get("admin/teams").expect(200).items.count == 1)
            try await admin.delete(path).expect(204)
            try await admin.delete(path).expect(404, "not_found")
        }
    }

    @Test("The audit log says who did what, and hides keys of rows")
    func auditLog() async throws {
        try await administer { admin, fixture in
            let me = try await admin.get("users/me").expect(200)
            let team = try await admin.post("admin/teams", ["name": "Night"]).expect(201)
            fixture.clock.advance(seconds: 5)
            try await admin.patch("admin/teams/\(id(team))", ["name": "Day"]).expect(200)
            let log = try await admin.get("admin/audit-log?target_id=\(id(team))").expect(200).items
            #expect(log.map { $0["action"] } == ["team.updated", "team.created"])
            #expect(log[0]["before"] == ["name": "Night"] && log[0]["after"] == ["name": "Day"])
            #expect(log[0]["target"] == ["kind": "team", "id": .string(id(team))])
            #expect(log[0]["actor"]?["id"] == me["id"] && log[0]["actor"]?["kind"] == "agent")
            for query in [
                "action=team.updated", "actor_id=\(id(me))&action=team.updated", "target_kind=team&limit=1",
                "since=\(fixture.clock.now().rfc3339)",
            ] {
                let found = try await admin.get("admin/audit-log?\(query)").expect(200)
                #expect(found.items.map { $0["id"] } == [log[0]["id"]], "\(query)")
            }
            for query in ["action=x", "actor_id=x", "target_id=x", "target_kind=x", "since=x", "limit=0", "cursor=x"] {
                try await admin.get("admin/audit-log?\(query)").expect(422, "validation_failed")
            }
            for method: HTTPRequest.Method in [.post, .patch, .delete, .put] {
                try await admin.send(method, "admin/audit-log").expect(405, "method_not_allowed")
            }
        }
    }

    @Test("Staff without the permission see nothing of it, nor do visitors")
    func withoutPermission() async throws {
        let fixture = try await HTTPFixture()
        let agent = try await fixture.token(.agent)
        let customer = try await fixture.token(.customer)
        try await fixture.run { client async throws in
            let visit = try await client.visit()
            for path in ["users", "roles", "permissions", "audit-log"] {
                try await client.with(token: agent).get("admin/\(path)").expect(403, "forbidden")
            }
            try await client.with(token: agent).get("admin/teams").expect(200)
            try await client.with(token: agent).post("admin/teams", ["name": "X"]).expect(403, "forbidden")
            for path in ["users", "roles", "permissions", "teams", "audit-log"] {
                try await client.get("admin/\(path)").expect(401, "unauthenticated")
                for token in [customer, visit.token] {
                    try await client.with(token: token).get("admin/\(path)").expect(403, "forbidden")
                }
            }
        }
    }

    @Test("What belongs to another workspace is not there")
    func otherWorkspaces() async throws {
        try await administer { admin, fixture in
            let (other, _) = try await fixture.otherWorkspace()
            let stranger = admin.with(token: try await fixture.token(email: "boss@example.com", in: other))
            let user = fixture.views.identifiers.text(try await fixture.user("bo@example.com", role: .agent).id)
            let role = id(try await admin.post("admin/roles", ["name": "R", "permissions": []]).expect(201))
            let team = id(try await admin.post("admin/teams", ["name": "T", "members": [.string(user)]]).expect(201))
            for path in ["users/\(user)", "roles/\(role)", "teams/\(team)"] {
                try await stranger.get("admin/\(path)").expect(404, "not_found")
                try await stranger.patch("admin/\(path)", ["name": "X"]).expect(404, "not_found")
                try await stranger.delete("admin/\(path)").expect(404, "not_found")
            }
            try await stranger.post("admin/users/\(user)/password", ["password": "another long passphrase"])
                .expect(404, "not_found")
            try await stranger.get("admin/users/\(user)/sessions").expect(404, "not_found")
            try await stranger.delete("admin/users/\(user)/sessions").expect(404, "not_found")
            try await stranger.send(.put, "admin/teams/\(team)/members/\(user)").expect(404, "not_found")
            #expect(
                try await stranger.post("admin/teams", ["name": "T", "members": [.string(user)]]).expect(422).errors
                    == ["members[0] not_found"])
            #expect(try await stranger.get("admin/users?team_id=\(team)").expect(200).items.isEmpty)
            for list in ["users?role=agent", "teams", "audit-log?target_kind=team"] {
                #expect(try await stranger.get("admin/\(list)").expect(200).items.isEmpty)
            }
            #expect(try await stranger.get("admin/roles").expect(200).items.count == 4)
        }
    }
}
