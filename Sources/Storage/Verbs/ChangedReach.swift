public import Domain

extension Transaction {
    /// Tells that who these users work with has changed: whatever knows them asks again, without their being thrown out. To be
    /// called with every change of a team's members, for those who come, go and stay.
    ///
    /// Written with the time, so that nodes that are told of nothing find it.
    public func reachChanged(of users: some Sequence<Identifier<User>>) throws {
        for id in Set(users).sorted() {
            try connection.run("UPDATE users SET access_changed_at = ? WHERE id = ?", [.time(now), .identifier(id)])
            guard let user = try user(id) else { continue }
            committed.changedUsers.append(ChangedAccess(userId: id, version: user.accessVersion))
        }
    }
}
