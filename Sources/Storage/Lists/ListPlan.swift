import Domain

/// How a list of conversations is read: as a few runs of an index, each of which is in the list's order already, merged.
///
/// Every index of `conversation_heads` ends with `listed_at`, behind columns of few values each. A filter on the first of them
/// alone is as many runs as the others have combinations; a filter on more is fewer. So a handful of indexes serve each filter
/// and the usual pairs, and no list is sorted, however long it is.
struct ListPlan {
    /// One run: all of its index's columns before `listed_at` are fixed.
    struct Run {
        var table = Table.heads
        var index: String
        var fixed: ListConditions
    }

    enum Table {
        case heads, labels

        /// The alias whose `listed_at` and `conversation_id` order the run.
        var alias: String {
            switch self {
            case .heads: "h"
            case .labels: "l"
            }
        }
    }

    var runs: [Run]
    /// What the runs do not say, about heads `h`.
    var rest: ListConditions

    /// Runs that are read at most; a reader with more colleagues gets the plain list, filtered.
    static let maximumRuns = 480

    init(_ filter: ConversationFilter, by access: Access) {
        self.init(filter, workspaceId: access.workspaceId, access: access)
    }

    private init(_ filter: ConversationFilter, workspaceId: Identifier<Workspace>, access: Access) {
        let choice = Choice(filter, in: workspaceId)
        let scoped = choice.scopedRuns(of: access)
        var rest = ListConditions()
        var said: Set<Field> = []
        if let contact = access.contact {
            runs = choice.runs(ofContact: contact.contactId.rawValue)
            rest.add("h.last_visible_message_id IS NOT NULL")
        } else if let contactId = filter.contactId {
            runs = choice.runs(ofContact: contactId.rawValue)
            said = [.contact]
            rest.add(access.reachOfList())
        } else if let answerer = filter.assignee?.rawValue ?? filter.teamId?.rawValue {
            runs = choice.runs(ofAnswerer: answerer)
            said = [.status]
            rest.add(access.reachOfList())
        } else if let scoped {
            runs = scoped
            said = [.status]
        } else {
            if filter.label != nil {
                runs = choice.runsOfLabel()
                said = [.label, .status]
            } else if filter.inboxId != nil {
                runs = choice.runsOfInbox()
                said = [.inbox, .owner, .status]
            } else if let owner = filter.ownerKind {
                runs = choice.runs(ofOwners: [owner])
                said = [.owner, .status]
            } else if filter.status != nil || filter.priority != nil {
                runs = choice.runsOfStatus()
                said = [.status, .priority]
            } else {
                runs = [Run(index: "conversation_heads_listed", fixed: choice.workspace())]
            }
            rest.add(access.reachOfList())
        }
        rest.add(filter.conditions(without: said))
        self.rest = rest
    }
}

/// What a list may be filtered by, apart from the text.
enum Field {
    case status, priority, owner, contact, inbox, label
}

/// Makes the runs of each index.
private struct Choice {
    let filter: ConversationFilter
    let workspaceId: Identifier<Workspace>

    init(_ filter: ConversationFilter, in workspaceId: Identifier<Workspace>) {
        self.filter = filter
        self.workspaceId = workspaceId
    }

    private var statuses: [Conversation.Status] { filter.status.map { [$0] } ?? Conversation.Status.allCases }

    func workspace(_ alias: String = "h") -> ListConditions {
        var fixed = ListConditions()
        fixed.add("\(alias).workspace_id = ?", .identifier(workspaceId))
        return fixed
    }

    func runs(ofContact id: Int64) -> [ListPlan.Run] {
        var fixed = workspace()
        fixed.add("h.contact_id = ?", .integer(id))
        return [ListPlan.Run(index: "conversation_heads_by_contact", fixed: fixed)]
    }

    func runs(ofAnswerer id: Int64) -> [ListPlan.Run] {
        statuses.map { status in
            var fixed = workspace()
            fixed.add("h.owner_id = ?", .integer(id))
            fixed.add("h.status = ?", .text(status.rawValue))
            return ListPlan.Run(index: "conversation_heads_by_answerer", fixed: fixed)
        }
    }

    func runs(ofOwners kinds: [Owner.Kind]) -> [ListPlan.Run] {
        kinds.flatMap { kind in
            statuses.map { status in
                var fixed = workspace()
                fixed.add("h.owner_kind = ?", .text(kind.rawValue))
                fixed.add("h.status = ?", .text(status.rawValue))
                return ListPlan.Run(index: "conversation_heads_by_owner", fixed: fixed)
            }
        }
    }

    func runsOfInbox() -> [ListPlan.Run] {
        (filter.ownerKind.map { [$0] } ?? Owner.Kind.allCases).flatMap { kind in
            statuses.map { status in
                var fixed = workspace()
                fixed.add("h.inbox_id = ?", .identifier(filter.inboxId))
                fixed.add("h.owner_kind = ?", .text(kind.rawValue))
                fixed.add("h.status = ?", .text(status.rawValue))
                return ListPlan.Run(index: "conversation_heads_by_inbox", fixed: fixed)
            }
        }
    }

    func runsOfStatus() -> [ListPlan.Run] {
        statuses.flatMap { status in
            (filter.priority.map { [$0] } ?? Conversation.Priority.allCases).map { priority in
                var fixed = workspace()
                fixed.add("h.status = ?", .text(status.rawValue))
                fixed.add("h.priority = ?", .text(priority.rawValue))
                return ListPlan.Run(index: "conversation_heads_by_status", fixed: fixed)
            }
        }
    }

    func runsOfLabel() -> [ListPlan.Run] {
        statuses.map { status in
            var fixed = workspace("l")
            fixed.add("l.label = ?", .optional(filter.label))
            fixed.add("l.status = ?", .text(status.rawValue))
            return ListPlan.Run(table: .labels, index: "conversation_labels_listed", fixed: fixed)
        }
    }

    /// Runs of exactly what a reader of limited scope may see; nil for one who may see all, and for one with too many
    /// colleagues.
    func scopedRuns(of access: Access) -> [ListPlan.Run]? {
        guard let staff = access.staff, let scope = access.scope(of: .conversationsRead) else { return nil }
        switch scope {
        case .all: return nil
        case .own: return runs(ofAnswerer: staff.userId.rawValue)
        case .team:
            let agents = staff.reach.colleagues.union([staff.userId]).map(\.rawValue)
            let answerers = (agents + staff.reach.teams.map(\.rawValue)).sorted()
            guard (answerers.count + 1) * statuses.count <= ListPlan.maximumRuns else { return nil }
            return runs(ofOwners: [.none]) + answerers.flatMap { runs(ofAnswerer: $0) }
        }
    }
}

extension ConversationFilter {
    /// What of the filter `said` does not hold, as conditions on heads `h`.
    func conditions(without said: Set<Field>) -> ListConditions {
        var rest = ListConditions()
        func add(_ field: Field, _ condition: String, _ value: SQLValue?) {
            guard let value, !said.contains(field) else { return }
            rest.add(condition, value)
        }
        add(.status, "h.status = ?", status.map { .text($0.rawValue) })
        add(.priority, "h.priority = ?", priority.map { .text($0.rawValue) })
        add(.owner, "h.owner_kind = ?", ownerKind.map { .text($0.rawValue) })
        if let assignee { rest.add("h.owner_kind = 'agent' AND h.owner_id = ?", .identifier(assignee)) }
        if let teamId { rest.add("h.owner_kind = 'team' AND h.owner_id = ?", .identifier(teamId)) }
        add(.inbox, "h.inbox_id = ?", inboxId.map { .identifier($0) })
        add(.contact, "h.contact_id = ?", contactId.map { .identifier($0) })
        // Counted and not EXISTS, which a server may turn around and begin with all rows of the label.
        add(
            .label,
            "(SELECT count(*) FROM conversation_labels x WHERE x.conversation_id = h.conversation_id AND x.label = ?) = 1",
            label.map { .text($0) })
        if let updatedSince { rest.add("h.updated_at >= ?", .time(updatedSince)) }
        return rest
    }
}

extension Access {
    /// What keeps a list of heads `h` to those that the caller may read: the same as ``Reach/covers(_:of:within:)``.
    func reachOfList() -> ListConditions {
        var reach = ListConditions()
        guard let staff, let scope = scope(of: .conversationsRead), scope != .all else { return reach }
        let agents = scope == .own ? [staff.userId] : staff.reach.colleagues.union([staff.userId]).sorted()
        // Keys are the server's own numbers, so they need no places of their own.
        func list<Entity>(_ ids: [Identifier<Entity>]) -> String {
            ids.map { String($0.rawValue) }.joined(separator: ", ")
        }
        var alternatives = ["(h.owner_kind = 'agent' AND h.owner_id IN (\(list(agents))))"]
        if scope == .team {
            alternatives.append("h.owner_kind = 'none'")
            let teams = staff.reach.teams.sorted()
            if !teams.isEmpty { alternatives.append("(h.owner_kind = 'team' AND h.owner_id IN (\(list(teams))))") }
        }
        reach.add("(\(alternatives.joined(separator: " OR ")))")
        return reach
    }
}
