public import Domain

/// A client's name for a request, by which repetitions of it are recognised: one name per workspace, caller and route.
public struct IdempotencyKey: Sendable, Hashable {
    public let workspaceId: Identifier<Workspace>
    /// Whose request it is. A contact stays the same over its sessions and a user over sign-ins; each API key is one of
    /// its own, because different programs may make up the same names.
    let principal: String
    /// Method and pattern, such as `POST /api/v1/contacts`.
    let route: String
    /// What the client chose.
    let name: String

    public init(_ name: String, of route: String, by access: Access) {
        self.name = name
        self.route = route
        workspaceId = access.workspaceId
        principal =
            switch access.principal {
            case .contact(let contact): "contact \(contact.contactId.rawValue)"
            case .server: "server"
            case .staff(let staff):
                switch staff.credential {
                case .login: "user \(staff.userId.rawValue)"
                case .apiKey(let id): "key \(id.rawValue)"
                }
            }
    }

    /// The four columns that name it.
    static let condition = "workspace_id = ? AND principal = ? AND route = ? AND name = ?"

    var values: [SQLValue] {
        [.identifier(workspaceId), .text(principal), .text(route), .text(name)]
    }
}

/// What is kept of a request that carried a key.
public struct IdempotencyRecord: Sendable, Equatable {
    /// What the first request was answered.
    public struct Answer: Sendable, Equatable {
        public var status: Int
        /// By name.
        public var headers: [String: String]
        /// Nil when the answer is not kept, because it holds a secret that is shown once, or was a stream.
        public var body: [UInt8]?

        public init(status: Int, headers: [String: String], body: [UInt8]?) {
            self.status = status
            self.headers = headers
            self.body = body
        }
    }

    /// Of method, path, query and body.
    public var requestDigest: [UInt8]
    public var claimedAt: Timestamp
    /// Nil while it is being made, or when the process died in between.
    public var answer: Answer?

    /// How long a key is remembered. Contract: 24 hours.
    public static var lifetimeSeconds: Int64 { 86_400 }
}

/// The key of a command has been used before: nothing was done.
public struct RepeatedRequest: Error, Sendable, Equatable {
    public var record: IdempotencyRecord
}
