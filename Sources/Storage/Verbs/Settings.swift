public import Domain

extension RowReader {
    /// What the workspace's admins have decided, or the defaults.
    public func settings(of workspaceId: Identifier<Workspace>) throws -> WorkspaceSettings {
        StoredSettings.settings(try storedSettings(of: workspaceId))
    }

    /// A workspace with its settings, for those who may see them.
    /// - Throws: ``Refusal/forbidden``, ``Refusal/notFound``.
    public func workspaceSettings(by access: Access) throws -> (workspace: Workspace, settings: WorkspaceSettings) {
        try access.require(.settingsRead)
        guard let workspace = try workspace(access.workspaceId) else { throw Refusal.notFound }
        return (workspace, try settings(of: workspace.id))
    }

    func workspace(_ id: Identifier<Workspace>) throws -> Workspace? {
        try connection.row(
            "SELECT \(WorkspaceRow.columns) FROM workspaces WHERE id = ?", [.identifier(id)], WorkspaceRow.decode)
    }

    fileprivate func storedSettings(of workspaceId: Identifier<Workspace>) throws -> JSONValue {
        let text = try connection.row("SELECT settings FROM workspaces WHERE id = ?", [.identifier(workspaceId)]) {
            $0.optionalText(0)
        }
        guard let text = text ?? nil else { return .object([:]) }
        return try StoredJSON.value(text)
    }
}

extension Transaction {
    /// The same before a change of them.
    /// - Throws: ``Refusal/forbidden``, ``Refusal/notFound``.
    public func workspaceSettings(
        toChangeBy access: Access
    ) throws -> (workspace: Workspace, settings: WorkspaceSettings) {
        try access.require(.settingsWrite)
        guard let workspace = try workspace(access.workspaceId) else { throw Refusal.notFound }
        return (workspace, try settings(of: workspace.id))
    }

    /// Keeps other processes from changing a workspace's settings between their reading and their writing.
    public func lockSettings(of workspaceId: Identifier<Workspace>) throws {
        try lockRow(workspaceId.rawValue, of: "workspaces")
    }

    /// Changes a workspace's name and settings. They hold from the commit on, on every node.
    /// - Throws: ``Refusal/forbidden``, ``Refusal/notFound``.
    public func updateSettings(
        _ patch: WorkspaceSettingsPatch, by access: Access
    ) throws -> (workspace: Workspace, settings: WorkspaceSettings) {
        try access.require(.settingsWrite)
        try lockSettings(of: access.workspaceId)
        guard var workspace = try workspace(access.workspaceId) else { throw Refusal.notFound }
        let stored = try storedSettings(of: workspace.id)
        let changed = StoredSettings.applying(patch, to: stored)
        let (before, after) = (StoredSettings.settings(stored), StoredSettings.settings(changed))
        var changes = Changes()
        changes.note("timezone", .string(before.timezone), .string(after.timezone))
        changes.note("locale", JSONValue(before.locale), JSONValue(after.locale))
        changes.note("message_edit_seconds", .int(before.messageEditSeconds), .int(after.messageEditSeconds))
        let policy = StoredPolicy.audited(before.assistant)
        for ((field, old), (_, new)) in zip(policy, StoredPolicy.audited(after.assistant)) {
            changes.note("assistant.\(field)", old, new)
        }
        if let name = patch.name {
            changes.note("name", .string(workspace.name), .string(name))
            workspace.name = name
        }
        guard !changes.isEmpty || changed != stored else { return (workspace, after) }
        try connection.run(
            "UPDATE workspaces SET name = ?, settings = ? WHERE id = ?",
            [.text(workspace.name), .text(try StoredJSON.encode(changed)), .identifier(workspace.id)])
        if !changes.isEmpty {
            try audit(
                .settingsUpdated, .workspace(workspace.id), before: changes.before, after: changes.after, by: access)
        }
        return (workspace, after)
    }
}

/// Settings as they stand in a row: an object of what differs from the defaults. What a newer build wrote is kept.
enum StoredSettings {
    private enum Key {
        static let timezone = "timezone"
        static let locale = "locale"
        static let messageEditSeconds = "message_edit_seconds"
        static let assistant = "assistant"
    }

    /// Of a row whose column holds `text`.
    static func settings(_ text: String?) throws -> WorkspaceSettings {
        settings(try text.map { try StoredJSON.value($0) } ?? .object([:]))
    }

    static func settings(_ stored: JSONValue) -> WorkspaceSettings {
        var settings = WorkspaceSettings()
        if let timezone = stored[Key.timezone]?.stringValue { settings.timezone = timezone }
        if let locale = stored[Key.locale]?.stringValue { settings.locale = locale }
        if let seconds = stored[Key.messageEditSeconds]?.intValue { settings.messageEditSeconds = seconds }
        if let assistant = stored[Key.assistant] { settings.assistant = StoredPolicy.policy(assistant) }
        return settings
    }

    static func applying(_ patch: WorkspaceSettingsPatch, to stored: JSONValue) -> JSONValue {
        var members = stored.objectValue ?? [:]
        func set(_ key: String, _ change: JSONValue??, unless usual: JSONValue) {
            guard let change else { return }
            members[key] = change == usual ? Optional<JSONValue>.none : change
        }
        let usual = WorkspaceSettings()
        set(Key.timezone, patch.timezone.map { $0.map(JSONValue.string) }, unless: .string(usual.timezone))
        set(Key.locale, patch.locale.map { $0.map(JSONValue.string) }, unless: JSONValue(usual.locale))
        set(
            Key.messageEditSeconds, patch.messageEditSeconds.map { $0.map(JSONValue.int) },
            unless: .int(usual.messageEditSeconds))
        let assistant = StoredPolicy.applying(patch.assistant, to: members[Key.assistant] ?? .object([:]))
        members[Key.assistant] = assistant == .object([:]) ? Optional<JSONValue>.none : assistant
        return .object(members)
    }
}
