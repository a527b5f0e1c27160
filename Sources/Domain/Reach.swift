/// Who somebody works with: from it follows which conversations a scoped permission reaches.
///
/// - `own`: those that the user answers.
/// - `team`: these, those of the user's teams, those that colleagues in these teams answer, and those that wait in the
///   common queue for anybody.
/// - `all`: every one, those of the assistant included.
public struct Reach: Sendable, Equatable {
    public var teams: Set<Identifier<Team>>
    /// Members of these teams, the user included or not.
    public var colleagues: Set<Identifier<User>>

    public static let alone = Reach(teams: [], colleagues: [])

    public init(teams: Set<Identifier<Team>>, colleagues: Set<Identifier<User>>) {
        self.teams = teams
        self.colleagues = colleagues
    }

    /// Whether a conversation of `owner` lies within `scope` for `user`.
    public func covers(_ owner: Owner, of user: Identifier<User>, within scope: Permission.Scope) -> Bool {
        switch scope {
        case .all: return true
        case .own: return owner.kind == .agent && owner.id == user.rawValue
        case .team:
            switch owner.kind {
            case .none: return true
            case .ai: return false
            case .agent:
                return owner.id == user.rawValue
                    || owner.id.map { colleagues.contains(Identifier($0)) } ?? false
            case .team: return owner.id.map { teams.contains(Identifier($0)) } ?? false
            }
        }
    }
}
