public import Domain

/// Somebody who registers.
public struct Registration: Sendable {
    public var email: String
    public var name: String
    public var passwordHash: String
    /// Digest of the invitation's token; nil without one.
    public var invitation: [UInt8]?
    public var refreshDigest: [UInt8]
    public var origin: LoginOrigin

    public init(
        email: String, name: String, passwordHash: String, invitation: [UInt8]?, refreshDigest: [UInt8],
        origin: LoginOrigin
    ) {
        self.email = email
        self.name = name
        self.passwordHash = passwordHash
        self.invitation = invitation
        self.refreshDigest = refreshDigest
        self.origin = origin
    }
}

extension Transaction {
    /// Makes an account and signs it in: a customer's, or what the invitation says.
    /// - Throws: ``Refusal/emailTaken``, and then the invitation is still good; ``Refusal/invalid(_:)`` for an invitation
    ///   that is not good any more.
    public func register(_ registration: Registration, in workspaceId: Identifier<Workspace>) throws -> (User, Login) {
        var role = Role.customer
        if let digest = registration.invitation {
            // In the order of every command that administers accounts, so that the role cannot go in between.
            try lockAccounts(of: workspaceId)
            let invitation = try accept(invitation: digest, email: registration.email, in: workspaceId)
            guard let invited = try roles(in: workspaceId).first(where: { $0.name == invitation.role }) else {
                throw Refusal.invalid([Invitation.problem])
            }
            role = invited
        }
        let made = try createUser(
            email: registration.email, name: registration.name, passwordHash: registration.passwordHash, role: role,
            in: workspaceId)
        let (user, login) = try beginLogin(
            of: made.id, refreshDigest: registration.refreshDigest, from: registration.origin)
        let access = Access.of(user, login, from: registration.origin)
        try audit(.userRegistered, .user(user.id), after: .object(["role": .string(role.name)]), by: access)
        return (user, login)
    }
}
