public import Domain

/// A workspace's settings.
public struct SettingsView: Codable, Sendable, Equatable {
    /// What people type at sign-in. It cannot be changed.
    public var slug: String
    public var name: String
    /// IANA name of the time zone of statistics.
    public var timezone: String
    /// Language of sessions that ask for none; null for the visitor's own.
    @Nullable public var locale: String?
    /// Seconds in which people may edit and delete their own messages.
    public var messageEditSeconds: Int64
}

extension ViewMaker {
    public func settings(_ workspace: Workspace, _ settings: WorkspaceSettings) -> SettingsView {
        SettingsView(
            slug: workspace.slug, name: workspace.name, timezone: settings.timezone, locale: settings.locale,
            messageEditSeconds: settings.messageEditSeconds)
    }
}
