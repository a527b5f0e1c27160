/// What a workspace's admins decide for all of it. Rows hold only what differs from the defaults here.
public struct WorkspaceSettings: Sendable, Equatable {
    /// How long ``messageEditSeconds`` may be: a week. Whoever may manage messages is not bound by it.
    public static let editSeconds: ClosedRange<Int64> = 0...604_800

    /// IANA name of the time zone by whose days and hours statistics are counted when a request names none.
    public var timezone: String
    /// BCP 47 tag of the language of sessions that ask for none; nil leaves it to the visitor's words.
    public var locale: String?
    /// Seconds after sending in which people may edit and delete their own messages.
    public var messageEditSeconds: Int64
    public var assistant: AssistantPolicy

    public init(
        timezone: String = "UTC", locale: String? = nil, messageEditSeconds: Int64 = 900,
        assistant: AssistantPolicy = AssistantPolicy()
    ) {
        self.timezone = timezone
        self.locale = locale
        self.messageEditSeconds = messageEditSeconds
        self.assistant = assistant
    }
}

/// A change of a workspace's settings. Nil leaves a field, `.some(nil)` gives it its default again.
public struct WorkspaceSettingsPatch: Sendable, Equatable {
    public var name: String?
    public var timezone: String??
    public var locale: String??
    public var messageEditSeconds: Int64??
    public var assistant = AssistantPolicyPatch()

    public init() {}
}
