import Domain
import Testing

@testable import Storage

@Suite(.databases) struct SettingsTests {
    @Test(arguments: TestDatabase.all)
    func onlyWhatDiffersFromTheDefaultsIsKept(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (admin, id) = (fixture.admin, fixture.workspace.id)
        func stored() async throws -> String? {
            try await fixture.store.read {
                try $0.connection.row("SELECT settings FROM workspaces WHERE id = ?", [.identifier(id)]) {
                    $0.optionalText(0)
                } ?? nil
            }
        }
        func update(_ change: (inout WorkspaceSettingsPatch) -> Void) async throws -> WorkspaceSettings {
            var patch = WorkspaceSettingsPatch()
            change(&patch)
            return try await fixture.store.write { [patch] in try $0.updateSettings(patch, by: admin).settings }
        }
        #expect(try await fixture.store.read { try $0.settings(of: id) } == WorkspaceSettings())
        #expect(try await stored() == nil)
        let changed = try await update {
            $0.timezone = .some("Asia/Shanghai")
            $0.messageEditSeconds = .some(60)
            $0.name = "Acme"
        }
        #expect(changed == WorkspaceSettings(timezone: "Asia/Shanghai", messageEditSeconds: 60))
        #expect(try await stored() == #"{"message_edit_seconds":60,"timezone":"Asia/Shanghai"}"#)
        #expect(try await update { $0.messageEditSeconds = .some(nil) }.messageEditSeconds == 900)
        #expect(try await update { $0.timezone = .some("UTC") } == WorkspaceSettings())
        #expect(try await stored() == "{}")
        #expect(try await fixture.store.read { try $0.workspaceSettings(by: admin).workspace.name } == "Acme")
        #expect(try await fixture.audited() == [.settingsUpdated, .settingsUpdated, .settingsUpdated])
    }

    @Test(arguments: TestDatabase.all)
    func changesAtOnceAreAllKept(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (admin, id) = (fixture.admin, fixture.workspace.id)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<3 {
                group.addTask {
                    var patch = WorkspaceSettingsPatch()
                    if index == 0 { patch.timezone = .some("Asia/Tokyo") }
                    if index == 1 { patch.locale = .some("ja") }
                    if index == 2 { patch.messageEditSeconds = .some(1) }
                    _ = try await fixture.store.write { [patch] in try $0.updateSettings(patch, by: admin) }
                }
            }
            try await group.waitForAll()
        }
        let settings = try await fixture.store.read { try $0.settings(of: id) }
        #expect(settings == WorkspaceSettings(timezone: "Asia/Tokyo", locale: "ja", messageEditSeconds: 1))
    }

    @Test(arguments: TestDatabase.all)
    func whatANewerBuildWroteIsKept(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (admin, id) = (fixture.admin, fixture.workspace.id)
        _ = try await fixture.store.write {
            try $0.connection.run(
                "UPDATE workspaces SET settings = ? WHERE id = ?", [.text(#"{"colour":"blue"}"#), .identifier(id)])
        }
        var patch = WorkspaceSettingsPatch()
        patch.locale = .some("fr")
        _ = try await fixture.store.write { [patch] in try $0.updateSettings(patch, by: admin) }
        let stored = try await fixture.store.read {
            try $0.connection.row("SELECT settings FROM workspaces WHERE id = ?", [.identifier(id)]) { $0.text(0) }
        }
        #expect(stored == #"{"colour":"blue","locale":"fr"}"#)
    }
}
