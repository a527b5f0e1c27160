import Domain
import Storage
import Wire

// What a member of staff may do can change while the socket is open.
extension ChatConnection {
    /// The rights are other ones now: they are read again, and the socket goes on under them.
    func rightsChanged() {
        guard let access, let staff = access.staff, !isClosing else { return }
        guard !isReadingRights else {
            haveRightsChanged = true
            return
        }
        isReadingRights = true
        lookUp { snapshot in
            try snapshot.standing(of: staff, in: access.workspaceId)
        } then: { connection, result in
            connection.isReadingRights = false
            // Not knowing what the client may do, it may do nothing: it comes back when the database does.
            guard case .success(let standing) = result else { return connection.close(.internalError) }
            guard connection.goesOn(with: standing) else { return connection.close(.revoked) }
            guard connection.haveRightsChanged else { return }
            connection.haveRightsChanged = false
            connection.rightsChanged()
        }
    }

    /// Takes over what the client may do as of now.
    /// - Returns: false when it must go.
    func goesOn(with standing: Standing) -> Bool {
        guard var access, let known = access.staff, case .good(let staff, _) = standing, staff.role.isStaff else {
            return false
        }
        // A token is for one version of the rights.
        guard known.loginId == nil || known.accessVersion >= staff.accessVersion else { return false }
        access.principal = .staff(staff)
        adopt(access)
        return true
    }

    /// The user as the client sees itself: with what the client may do, which by an API key is less than the user may.
    func view(of user: User) -> UserView {
        var view = hub.encoder.views.user(user)
        if let staff = access?.staff { view.permissions = staff.grants.permissions.map(\.text) }
        return view
    }

    /// Passes on what an administrator has to say, if it is for this client.
    func take(_ notice: Notice, frame: TextFrame) {
        guard let access, access.workspaceId == notice.workspaceId, notice.isFor(access.viewer, speaking: locale)
        else { return }
        send(frame)
    }
}
