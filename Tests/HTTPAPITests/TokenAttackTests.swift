import Domain
import Foundation
import HTTPTypes
import Identity
import Storage
import Testing
import Wire

@testable import HTTPAPI

@Suite("Forged, stolen and dead tokens")
struct TokenAttackTests {
    @Test("A token that this server did not make opens nothing")
    func forged() async throws {
        let fixture = try await HTTPFixture()
        let user = try await fixture.user()
        let genuine = try await fixture.token(of: user)
        let parts = genuine.split(separator: ".").map(String.init)
        let claims = try #require(Data(base64Encoded: padded(parts[1])))
        let payload = try JSONValue(parsing: claims)
        let stranger = try await TokenAuthority(
            secret: Array("somebody-elses-secret-of-32-bytes-or-more".utf8), clock: fixture.clock)
        let otherKey = try await stranger.accessToken(
            userId: fixture.views.identifiers.text(user.id),
            workspaceId: fixture.views.identifiers.text(fixture.workspace.id), role: "admin", accessVersion: 1,
            familyId: "lgn_x")
        var raised = payload.objectValue ?? [:]
        raised["role"] = "admin"
        raised["exp"] = 99_999_999_999
        let forged = [
            "", "x", "a.b.c", "Bearer", otherKey,
            SessionTests.signed(payload, [], algorithm: "none"),
            SessionTests.signed(payload, HTTPFixture.tokenSecret, algorithm: "HS512"),
            SessionTests.signed(payload, HTTPFixture.inboxSecret),
            "\(parts[0]).\(encoded(.object(raised))).\(parts[2])",
            "\(parts[0]).\(parts[1]).", "\(parts[0]).\(parts[1])", genuine + "A", genuine.uppercased(),
            String(repeating: "x", count: 100_000), "ck_" + String(repeating: "a", count: 43),
        ]
        try await fixture.run { client async throws in
            try await client.with(token: genuine).get("users/me").expect(200)
            for token in forged {
                try await client.with(token: token).get("users/me").expect(401, "unauthenticated")
            }
            for header in ["Basic YWRtaW46eA==", genuine, "Bearer", "bearer  "] {
                try await client.with(.authorization, header).get("users/me").expect(401, "unauthenticated")
            }
            try await client.with(.authorization, "bearer \(genuine)").get("users/me").expect(200)
        }
    }

    @Test("A token ends after an hour, and at once with its sign-in, its user or its rights")
    func deadTokens() async throws {
        let fixture = try await HTTPFixture()
        let user = try await fixture.user()
        let key = SQLValue.integer(user.id.rawValue)
        let token = try await fixture.token(of: user)
        try await fixture.run { client async throws in
            let staff = client.with(token: token)
            try await staff.get("users/me").expect(200)
            try await fixture.execute("UPDATE users SET access_version = 2 WHERE id = ?", [key])
            try await staff.get("users/me").expect(401, "token_revoked")
            try await fixture.execute("UPDATE users SET access_version = 1, status = 'suspended' WHERE id = ?", [key])
            try await staff.get("users/me").expect(401, "token_revoked")
            try await staff.post("auth/logout").expect(401, "token_revoked")
            try await fixture.execute("UPDATE users SET status = 'active' WHERE id = ?", [key])
            try await staff.get("users/me").expect(200)
            fixture.clock.advance(seconds: 3599)
            try await staff.get("users/me").expect(200)
            fixture.clock.advance(seconds: 1)
            try await staff.get("users/me").expect(401, "token_expired")
        }
    }

    @Test("A genuine signature over rows that are not there opens nothing")
    func impossibleClaims() async throws {
        let fixture = try await HTTPFixture()
        let (other, _) = try await fixture.otherWorkspace()
        let user = try await fixture.user()
        let stranger = try await fixture.user("x@other.example", in: other)
        let identifiers = fixture.views.identifiers
        let (_, login) = try await fixture.store.write {
            try $0.beginLogin(of: user.id, refreshDigest: RandomToken(.refresh).digest.bytes)
        }
        let (user1, user2) = (identifiers.text(user.id), identifiers.text(stranger.id))
        let (space1, space2) = (identifiers.text(fixture.workspace.id), identifiers.text(other.id))
        let family = identifiers.text(login.id)
        let missing = identifiers.text(Identifier<User>(12345))
        let tokens = [
            (user2, space2, family), (user1, space2, family), (user2, space1, family), (missing, space1, family),
            (user1, space1, identifiers.text(Identifier<Login>(1))), ("", space1, family), (space1, user1, family),
        ]
        try await fixture.run { client async throws in
            for (user, workspace, family) in tokens {
                let token = try await fixture.tokens.accessToken(
                    userId: user, workspaceId: workspace, role: "admin", accessVersion: 1, familyId: family)
                try await client.with(token: token).get("users/me").expect(401, "unauthenticated")
            }
            let visit = try await client.visit()
            for (session, workspace) in [(visit.id, space2), ("ses_x", space1), (user1, space1)] {
                let token = try await fixture.tokens.sessionToken(sessionId: session, workspaceId: workspace)
                try await client.with(token: token).get("chat/sessions/\(visit.id)").expect(401, "unauthenticated")
                try await client.with(token: token).post("chat/sessions").expect(401, "unauthenticated")
            }
        }
    }

    @Test("The role in a token is not believed, the row is")
    func role() async throws {
        let fixture = try await HTTPFixture()
        let user = try await fixture.user("agent@example.com", role: .agent)
        let (_, login) = try await fixture.store.write {
            try $0.beginLogin(of: user.id, refreshDigest: RandomToken(.refresh).digest.bytes)
        }
        let identifiers = fixture.views.identifiers
        let token = try await fixture.tokens.accessToken(
            userId: identifiers.text(user.id), workspaceId: identifiers.text(user.workspaceId), role: "admin",
            accessVersion: 1, familyId: identifiers.text(login.id))
        _ = try await fixture.run { client async throws in
            let staff = client.with(token: token)
            try await staff.post("admin/knowledge/articles", ["title": "T", "content": "C", "locale": "en"])
                .expect(403, "forbidden")
        }
    }

    @Test("A refresh token is no access token, nor the other way round")
    func mixedUp() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.user()
        try await fixture.run { client async throws in
            let login = try await client.post(
                "auth/login", ["email": "admin@example.com", "password": .string(HTTPFixture.password)]
            ).expect(200)
            try await client.with(token: login["refresh_token"]?.stringValue).get("users/me")
                .expect(401, "unauthenticated")
            try await client.post("auth/refresh", ["refresh_token": login["access_token"] ?? .null])
                .expect(401, "unauthenticated")
            let visit = try await client.visit()
            try await client.post("auth/refresh", ["refresh_token": .string(visit.token)]).expect(
                401, "unauthenticated")
        }
    }

    private func padded(_ text: String) -> String {
        let standard = text.replacing("-", with: "+").replacing("_", with: "/")
        return standard + String(repeating: "=", count: (4 - standard.count % 4) % 4)
    }

    private func encoded(_ value: JSONValue) -> String {
        Data(value.serializedBytes()).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
    }
}
