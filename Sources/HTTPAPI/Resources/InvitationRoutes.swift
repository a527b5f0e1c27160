import Domain
import HTTPTypes
import Identity
import Storage
import Wire

/// Invitations to register.
struct InvitationRoutes: Sendable {
    let store: ChatStore
    let views: ViewMaker

    struct New: Codable, Sendable, Validated {
        /// Whom it is for; without one, for anybody who has the token.
        var email: String?
        /// Name of the role that it gives; `customer` when not given.
        var role: String?

        func validate(_ check: inout Validation) {
            check.email(email, field: "email")
            check.text(role, field: "role", scalars: 1...100)
        }
    }

    private static let path = "/api/v1/admin/invitations"

    func register(in table: inout EndpointTable) {
        table.group = "Users"
        table.get(
            Self.path, summary: "Invitations, newest first", access: .staff(.usersRead), query: Paging.parameters,
            response: ListView<InvitationView>.self
        ) { call in
            let access = call.access
            var query = call.query
            let page = query.page(of: "invitations", Invitation.self)
            try query.finish()
            let slice = try await store.read {
                try $0.invitations(after: page.position, limit: page.limit, by: access)
            }
            return Answer(
                ListView(slice, of: "invitations", Invitation.self, views.identifiers, views.invitation))
        }
        table.post(
            Self.path, summary: "Invite somebody; the token is shown only now", access: .staff(.usersWrite),
            request: New.self, response: NewInvitationView.self, status: .created,
            problems: [.emailTaken, .conflict], idempotency: .answerShownOnce
        ) { body, call in
            var check = Validation()
            body.validate(&check)
            try check.finish()
            let (access, token) = (call.access, RandomToken(.invitation))
            let digest = token.digest.bytes
            let invitation = try await store.write {
                try $0.invite(body.email, as: body.role ?? Role.customer.name, digest: digest, by: access)
            }
            return Answer(views.invitation(invitation, token: token.text))
        }
        table.delete(
            Self.path + "/{id}", summary: "Take an invitation back", access: .staff(.usersWrite)
        ) { call in
            let (id, access) = (try call.id(Invitation.self), call.access)
            try await store.write { try $0.deleteInvitation(id, by: access) }
            return .done
        }
    }
}
