public import Domain

/// `invitation`
public struct InvitationView: Codable, Sendable, Equatable {
    public var id: String
    /// Whom it is for; null for anybody who has it.
    @Nullable public var email: String?
    /// Name of the role that it gives.
    public var role: String
    public var createdAt: Timestamp
    public var expiresAt: Timestamp
    @Nullable public var usedAt: Timestamp?
}

/// An invitation as it is made, with what opens it.
public struct NewInvitationView: Codable, Sendable, Equatable {
    public var id: String
    @Nullable public var email: String?
    public var role: String
    public var createdAt: Timestamp
    public var expiresAt: Timestamp
    @Nullable public var usedAt: Timestamp?
    /// Shown only now.
    public var token: String
}

extension ViewMaker {
    public func invitation(_ invitation: Invitation) -> InvitationView {
        InvitationView(
            id: identifiers.text(invitation.id), email: invitation.email, role: invitation.role,
            createdAt: invitation.createdAt, expiresAt: invitation.expiresAt, usedAt: invitation.usedAt)
    }

    public func invitation(_ invitation: Invitation, token: String) -> NewInvitationView {
        NewInvitationView(
            id: identifiers.text(invitation.id), email: invitation.email, role: invitation.role,
            createdAt: invitation.createdAt, expiresAt: invitation.expiresAt, usedAt: invitation.usedAt, token: token)
    }
}
