/// Who may answer in a conversation. Its epoch grows with each change: whatever was begun under an older one is void.
public struct Owner: Sendable, Equatable, Codable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// Nobody yet: the conversation waits in the queue for a human.
        case none
        case ai, agent, team
    }

    public var kind: Kind
    /// Key of the agent or team; nil otherwise.
    public var id: Int64?
    /// Name of the agent or team at the time of reading.
    public var name: String?
    public var epoch: Int64

    public init(kind: Kind, id: Int64? = nil, name: String? = nil, epoch: Int64) {
        self.kind = kind
        self.id = id
        self.name = name
        self.epoch = epoch
    }

    /// The owner of a new conversation.
    public static func first(isAIEnabled: Bool) -> Owner { Owner(kind: isAIEnabled ? .ai : .none, epoch: 1) }

    /// Whether both name the same answerer, whatever the epoch.
    public func isSameAnswerer(as other: Owner) -> Bool { kind == other.kind && id == other.id }

    /// This conversation under a new answerer, one epoch later.
    public func succeeded(by kind: Kind, id: Int64? = nil, name: String? = nil) -> Owner {
        Owner(kind: kind, id: id, name: name, epoch: epoch + 1)
    }
}

/// That somebody else answers from now on. Without names: it decides who may go on reading.
public struct OwnerChange: Sendable, Equatable {
    public var new: Owner
    /// Who answered before; nil where that is not known.
    public var old: Owner?

    public init(from old: Owner?, to new: Owner) {
        self.new = Owner(kind: new.kind, id: new.id, epoch: new.epoch)
        self.old = old.map { Owner(kind: $0.kind, id: $0.id, epoch: $0.epoch) }
    }
}

/// A wish to change who answers.
public enum OwnerSwitch: Sendable, Equatable {
    case ai
    /// To the queue, where any agent may take it.
    case anyHuman
    case agent(Identifier<User>)
    /// To a team, of which any member may take it.
    case team(Identifier<Team>)

    /// Whether a contact may wish this while `owner` answers: to a human always, to the AI only while nobody has it.
    public func isAllowedForContact(of owner: Owner) -> Bool {
        switch self {
        case .anyHuman: true
        case .ai: owner.kind == .none
        case .agent, .team: false
        }
    }

    /// The owner after the switch, or nil when nothing changes.
    ///
    /// Asking for any human while one already answers leaves that one: a customer's second click must not throw the
    /// conversation back into the queue.
    public func applied(to owner: Owner, isContact: Bool) -> Owner? {
        switch self {
        case .ai: owner.kind == .ai ? nil : owner.succeeded(by: .ai)
        case .anyHuman:
            if isContact {
                owner.kind == .ai ? owner.succeeded(by: .none) : nil
            } else {
                owner.kind == .none ? nil : owner.succeeded(by: .none)
            }
        case .agent(let id):
            owner.kind == .agent && owner.id == id.rawValue ? nil : owner.succeeded(by: .agent, id: id.rawValue)
        case .team(let id):
            owner.kind == .team && owner.id == id.rawValue ? nil : owner.succeeded(by: .team, id: id.rawValue)
        }
    }
}
