import Domain
import Foundation
import Storage
import Testing

@Suite(.databases) struct AuditLogTests {
    @Test(arguments: TestDatabase.all)
    func linesAreFoundByWhoWhatAndWhen(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let second = try await fixture.member("second", .admin)
        let start = fixture.clock.now()
        let team = try await fixture.store.write { try $0.createTeam(name: "T", members: [], by: second) }
        fixture.clock.advance(seconds: 10)
        let middle = fixture.clock.now()
        let role = try await fixture.role("R", "contacts:read")
        try await fixture.store.write { try $0.deleteTeam(team.id, by: fixture.admin) }
        func actions(_ edit: @Sendable (inout AuditFilter) -> Void) async throws -> [AuditEntry.Action] {
            var filter = AuditFilter()
            edit(&filter)
            return try await fixture.auditLog(filter).map(\.action)
        }
        #expect(try await actions { _ in } == [.teamDeleted, .roleCreated, .teamCreated])
        #expect(try await actions { $0.action = .roleCreated } == [.roleCreated])
        #expect(try await actions { $0.actor = second.userId } == [.teamCreated])
        #expect(try await actions { $0.target = .team(team.id) } == [.teamDeleted, .teamCreated])
        #expect(try await actions { $0.targetKind = .role } == [.roleCreated])
        #expect(try await actions { $0.target = .role(role.id ?? Identifier(0)) } == [.roleCreated])
        #expect(try await actions { $0.since = middle } == [.teamDeleted, .roleCreated])
        #expect(
            try await actions {
                $0.since = start
                $0.until = middle
            } == [.teamCreated])
        let lines = try await fixture.auditLog()
        #expect(lines.last?.address == "192.0.2.1" && lines.last?.actor.name == "second")
        let page = try await fixture.store.read {
            try $0.auditLog(AuditFilter(), after: nil, limit: 2, by: fixture.admin)
        }
        let rest = try await fixture.store.read {
            try $0.auditLog(AuditFilter(), after: page.next, limit: 2, by: fixture.admin)
        }
        #expect(page.items + rest.items == lines && rest.next == nil)
        let agent = try await fixture.member("bo")
        await #expect(throws: Refusal.forbidden) {
            try await fixture.store.read { try $0.auditLog(AuditFilter(), after: nil, limit: 2, by: agent) }
        }
    }

    @Test(arguments: TestDatabase.all)
    func whatIsRefusedIsNotWrittenDown(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        _ = try await fixture.role("R", [])
        _ = try? await fixture.role("R", [])
        _ = try? await fixture.change(fixture.admin.userId, by: fixture.admin) { $0.role = "agent" }
        #expect(try await fixture.auditLog().count == 1)
    }

    @Test(arguments: TestDatabase.all)
    func changesOfKnowledgeAreWrittenDownWithoutTheText(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (store, admin) = (fixture.store, fixture.admin)
        let article = try await store.write {
            try $0.createArticle(
                title: "Hours", content: "Nine to five", locale: "en", questions: [], status: .draft, by: admin)
        }
        var patch = ArticlePatch()
        patch.content = "Nine to six!"
        patch.status = .published
        let wanted = patch
        _ = try await store.write { try $0.updateArticle(article.id, wanted, by: admin) }
        try await store.write { try $0.deleteArticle(article.id, by: admin) }
        let log = try await fixture.auditLog()
        #expect(log.map(\.action) == [.articleDeleted, .articleUpdated, .articleCreated])
        #expect(log[1].before == ["status": "draft", "version": 1])
        #expect(log[1].after == ["status": "published", "version": 2])
        #expect(log[0].before["title"] == "Hours" && log[0].before["content_characters"] == 12)
        #expect(log.allSatisfy { !"\($0.before)\($0.after)".contains("Nine") })
    }

    /// Neither a secret nor its hash comes into the log.
    @Test(arguments: TestDatabase.all)
    func secretsAreNotWrittenDown(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (store, admin) = (fixture.store, fixture.admin)
        let user = try await store.write {
            try $0.addUser(
                UserDraft(email: "x@example.com", name: "X", passwordHash: "s3cret-1", role: "agent"), by: admin)
        }
        try await store.write { try $0.resetPassword(of: user.id, hash: "s3cret-2", by: admin) }
        try await store.write { try $0.deleteUser(user.id, by: admin) }
        #expect(try await fixture.auditLog().allSatisfy { !"\($0.before)\($0.after)".contains("s3cret") })
    }

    /// The log is only ever added to: no statement of the program changes or deletes a line. Moving to another database
    /// copies it as any table.
    @Test func noStatementChangesALine() throws {
        let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Sources")
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        var (looked, added) = (0, 0)
        for case let file as URL in files where ["swift", "sql"].contains(file.pathExtension) {
            let text = try String(contentsOf: file, encoding: .utf8)
            looked += 1
            let words = text.split { !$0.isLetter && $0 != "_" }
            for (index, word) in words.enumerated() where word == "audit_log" {
                let before = words[max(0, index - 2)..<index].map { $0.uppercased() }
                #expect(
                    !before.contains("UPDATE") && !before.contains("DELETE") && !before.contains("REPLACE")
                        && !before.contains("TRUNCATE"), "\(file.lastPathComponent)")
                if before == ["INSERT", "INTO"] { added += 1 }
            }
        }
        #expect(looked > 100 && added == 1)
    }
}
