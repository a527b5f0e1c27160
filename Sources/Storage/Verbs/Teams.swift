public import Domain

extension RowReader {
    /// Who a user works with. Read only for those whose role is limited to their teams.
    public func reach(of user: User) throws -> Reach {
        guard user.role.permissions.contains(where: { $0.scope == .team }) else { return .alone }
        let teams = try connection.rows(
            "SELECT team_id FROM team_members WHERE user_id = ?", [.identifier(user.id)]
        ) { $0.identifier(0, of: Team.self) }
        let colleagues = try connection.rows(
            """
            SELECT DISTINCT other.user_id FROM team_members mine \
            JOIN team_members other ON other.team_id = mine.team_id WHERE mine.user_id = ?
            """, [.identifier(user.id)]
        ) { $0.identifier(0, of: User.self) }
        return Reach(teams: Set(teams), colleagues: Set(colleagues))
    }
}
