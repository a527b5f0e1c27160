import Domain
import Foundation
import Storage
import Wire

/// What a workspace's admins decide for all of it.
struct SettingsRoutes: Sendable {
    let store: ChatStore
    let views: ViewMaker
    /// Names of the providers that there are.
    let providers: [String]

    /// `null` gives a setting its default again.
    struct Edit: Decodable, Sendable, Validated {
        var name: Patch<String>
        var timezone: Patch<String>
        var locale: Patch<String>
        var messageEditSeconds: Patch<Int64>
        /// Only the given members change; `null` gives all of them their defaults again.
        var assistant: Patch<AssistantPolicyEdit>

        func validate(_ check: inout Validation) {
            check.present(name, field: "name")
            check.text(name, field: "name", scalars: FieldRules.name)
            check.text(timezone, field: "timezone", scalars: 1...64)
            check.locale(locale)
            let range = WorkspaceSettings.editSeconds
            check.note(.number(minimum: range.lowerBound, maximum: range.upperBound), of: "message_edit_seconds")
            if let seconds = messageEditSeconds.applied(to: nil) {
                check.number(seconds, field: "message_edit_seconds", in: range)
            }
            AssistantPolicyEdit.validate(assistant.applied(to: nil), &check)
        }
    }

    private static let path = "/api/v1/admin/settings"

    func register(in table: inout EndpointTable) {
        table.group = "Settings"
        table.get(
            Self.path, summary: "The workspace's settings", access: .staff(.settingsRead), response: SettingsView.self
        ) { call in
            let access = call.access
            let (workspace, settings) = try await store.read { try $0.workspaceSettings(by: access) }
            return answer(workspace, settings)
        }
        table.patch(
            Self.path, summary: "Change the workspace's settings", access: .staff(.settingsWrite), request: Edit.self,
            response: SettingsView.self
        ) { body, call in
            let patch = try patch(body)
            let (access, precondition) = (call.access, call.precondition)
            let (workspace, settings) = try await store.write(locking: Workspace.lock(on: access.workspaceId)) {
                try precondition.check(Self.tag(of: $0.workspaceSettings(toChangeBy: access)))
                return try $0.updateSettings(patch, by: access)
            }
            return answer(workspace, settings)
        }
    }

    private func answer(_ workspace: Workspace, _ settings: WorkspaceSettings) -> Answer<SettingsView> {
        Answer(views.settings(workspace, settings), tag: Self.tag(of: (workspace, settings)))
    }

    private static func tag(of state: (workspace: Workspace, settings: WorkspaceSettings)) -> EntityTag {
        EntityTag(
            fields: [
                state.workspace.name, state.settings.timezone, state.settings.locale,
                String(state.settings.messageEditSeconds),
            ] + state.settings.assistant.tagFields)
    }

    private func patch(_ edit: Edit) throws(ValidationProblems) -> WorkspaceSettingsPatch {
        var patch = WorkspaceSettingsPatch()
        patch.name = try edit.name.requiredValue(field: "name")
        patch.timezone = edit.timezone.change
        patch.locale = edit.locale.change
        patch.messageEditSeconds = edit.messageEditSeconds.change
        var check = Validation()
        edit.validate(&check)
        if let timezone = edit.timezone.applied(to: nil), !Self.isTimeZone(timezone) {
            check.reject("timezone", code: "invalid_timezone", message: "must be an IANA name such as Asia/Shanghai")
        }
        let assistant = edit.assistant.applied(to: nil)
        check.known(assistant?.providers.applied(to: nil), of: providers, field: "assistant.providers")
        try check.finish()
        patch.assistant =
            switch edit.assistant {
            case .absent: AssistantPolicyPatch()
            case .cleared: .defaults
            case .set(let edit): edit.patch
            }
        return patch
    }

    /// A name of the IANA database. Foundation also takes abbreviations and offsets, which know no summer time.
    private static func isTimeZone(_ name: String) -> Bool {
        name == "UTC" || (name.contains("/") && TimeZone(identifier: name) != nil)
    }
}

extension AssistantPolicy {
    fileprivate var tagFields: [String?] {
        func list(_ texts: [String]) -> String { texts.joined(separator: "\u{0}") }
        return [
            providers.map(list), dailyTokens.map { String($0) }, dailyCostMicros.map { String($0) },
            hourlyConversationTokens.map { String($0) }, currency, list(handoffTopics.map(\.rawValue)),
            list(handoffPhrases), onAnger.rawValue, onRepetition.rawValue, returnMinutes.map { String($0) },
            synonyms.map(list).joined(separator: "\u{1}"),
        ]
    }
}
