import Hummingbird

/// The profile of an administrator, as large as the one that Chat API answers (689 bytes).
struct Profile: ResponseEncodable {
    var name: String
    var locale: String
    var lastLoginAt: String
    var createdAt: String
    var id: String
    var status: String
    var role: String
    var email: String
    var permissions: [String]

    enum CodingKeys: String, CodingKey {
        case name, locale, id, status, role, email, permissions
        case lastLoginAt = "last_login_at"
        case createdAt = "created_at"
    }

    static let administrator = Profile(
        name: "Admin", locale: "en", lastLoginAt: "2026-01-01T00:00:00.000Z", createdAt: "2026-01-01T00:00:00.000Z",
        id: "usr_m4gcybrgpwwbxtwxfypjjtc1hw", status: "active", role: "admin", email: "admin@chatapi.com",
        permissions: [
            "ai:read", "ai:use", "ai:write", "api_keys:read", "api_keys:write", "audit:read", "contacts:delete",
            "contacts:read", "contacts:write", "conversations:read", "conversations:write", "events:read",
            "inboxes:read", "inboxes:write", "knowledge:read", "knowledge:write", "messages:manage", "messages:write",
            "notices:write", "roles:read", "roles:write", "sessions:read", "sessions:write", "settings:read",
            "settings:write", "stats:read", "teams:read", "teams:write", "users:read", "users:write",
        ])

    /// As JSON. Written out once more, so that no part of making it is measured.
    static let encoded: String = {
        let value = administrator
        let permissions = value.permissions.map { "\"\($0)\"" }.joined(separator: ",")
        return """
            {"name":"\(value.name)","locale":"\(value.locale)","last_login_at":"\(value.lastLoginAt)",\
            "created_at":"\(value.createdAt)","id":"\(value.id)","status":"\(value.status)","role":"\(value.role)",\
            "email":"\(value.email)","permissions":[\(permissions)]}
            """
    }()
}
