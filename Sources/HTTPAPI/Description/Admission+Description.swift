import Domain
import Wire

/// How callers show who they are.
enum SecurityScheme: String, CaseIterable {
    case userToken = "user_token"
    case sessionToken = "session_token"
    case apiKey = "api_key"

    var json: JSONValue {
        var members: [String: JSONValue] = ["type": "http", "scheme": "bearer"]
        switch self {
        case .userToken:
            members["bearerFormat"] = "JWT"
            members["description"] = "The access token of a user, from `POST /api/v1/auth/login`."
        case .sessionToken:
            members["bearerFormat"] = "JWT"
            members["description"] = "The session token of a contact, from `POST /api/v1/chat/sessions`."
        case .apiKey: members["description"] = "An API key (`ck_…`), which may do what its permissions say."
        }
        return .object(members)
    }
}

extension Admission {
    /// Credentials of which one is needed; none for everybody.
    var schemes: [SecurityScheme] {
        switch self {
        case .anyone: []
        case .user: [.userToken]
        case .staff: [.userToken, .apiKey]
        case .contact: [.sessionToken]
        case .contactOr: [.userToken, .apiKey, .sessionToken]
        }
    }

    /// The permission that a member of staff needs.
    var permission: Permission.Action? {
        switch self {
        case .staff(let action): action
        case .contactOr(let action): action
        case .anyone, .user, .contact: nil
        }
    }

    /// Who may call, for people.
    var sentence: String {
        switch self {
        case .anyone: "For everybody."
        case .user: "For users, staff or not."
        case .staff(nil): "For staff."
        case .staff(let action?): "For staff with the permission `\(action.rawValue)`."
        case .contact: "For a contact with its session token."
        case .contactOr(let action):
            "For a contact, of what is its own, and for staff with the permission `\(action.rawValue)`."
        }
    }
}

extension Endpoint {
    /// Who may call, for people.
    var audience: String {
        guard !notes.alsoNeeds.isEmpty else { return admission.sentence }
        let others = notes.alsoNeeds.map { "`\($0.rawValue)`" }.joined(separator: " and ")
        return "\(admission.sentence) Staff need \(others) as well."
    }
}
