/// What an administrator has to say to those who are connected now, such as that the service goes down for an hour. Kept in the
/// audit log alone.
public struct Notice: Sendable, Equatable {
    public enum Audience: String, Sendable, Codable, CaseIterable {
        case staff, contacts, all
    }

    /// Longest code, in Unicode scalars.
    public static let maximumCodeScalars = 64
    /// Longest text, in Unicode scalars.
    public static let maximumTextScalars = 2_000

    /// Of its line in the audit log.
    public var id: Identifier<AuditEntry>
    public var workspaceId: Identifier<Workspace>
    /// What programs switch on.
    public var code: String
    public var text: String
    public var audience: Audience
    /// Told only to those who use this language, or of whom none is known; nil for everybody.
    public var locale: String?

    public init(
        id: Identifier<AuditEntry>, workspaceId: Identifier<Workspace>, code: String, text: String,
        audience: Audience, locale: String?
    ) {
        self.id = id
        self.workspaceId = workspaceId
        self.code = code
        self.text = text
        self.audience = audience
        self.locale = locale
    }

    /// Whether it is for `viewer`, who uses the language `other`.
    public func isFor(_ viewer: Viewer, speaking other: String?) -> Bool {
        switch (audience, viewer) {
        case (.staff, .contact), (.contacts, .staff): return false
        case (.all, _), (.staff, .staff), (.contacts, .contact): break
        }
        guard let locale, let other else { return true }
        return Self.language(locale) == Self.language(other)
    }

    /// The first part of a BCP 47 tag: `zh` of `zh-CN`.
    private static func language(_ tag: String) -> String {
        tag.prefix { $0 != "-" && $0 != "_" }.lowercased()
    }
}
