public import Domain

/// Fills a workspace with conversations as a company's would be after half a year: for measurements, and to try things out.
///
/// Rows go straight into their tables, some thousand conversations at a time, and are what the verbs would have left behind:
/// copies, counters, events and words included. The same seed, size and end make the same rows.
public struct GeneratedInstallation: Sendable {
    public struct Size: Sendable {
        /// Above this, keys of messages would meet.
        public static let maximumConversations = 2_000_000

        public var conversations: Int
        public var agents: Int
        public var teams: Int
        public var inboxes: Int

        public init(conversations: Int, agents: Int = 40, teams: Int = 6, inboxes: Int = 8) {
            self.conversations = min(max(0, conversations), Self.maximumConversations)
            self.agents = max(1, agents)
            self.teams = max(1, teams)
            self.inboxes = max(1, inboxes)
        }
    }

    /// How long before the end the first conversation began, in days.
    static let days: Int64 = 180
    /// Conversations of one transaction.
    static let batch = 2000
    /// Words of one transaction.
    static let wordBatch = 50_000

    private let store: ChatStore
    private let workspace: Workspace
    private let size: Size
    private let seed: UInt64
    private let end: Timestamp

    /// - Parameter end: when the newest conversation began, about.
    public init(in workspace: Workspace, of store: ChatStore, size: Size, seed: UInt64 = 1, end: Timestamp) {
        self.store = store
        self.workspace = workspace
        self.size = size
        self.seed = seed
        self.end = end
    }

    /// - Parameters:
    ///   - passwordHash: of every agent.
    ///   - inboxKey: makes the key and the secret of an inbox.
    ///   - report: told how many conversations there are so far.
    /// - Throws: ``Refusal/conflict(_:)`` for a workspace that has conversations, ``StorageFailure``.
    public func make(
        passwordHash: String, inboxKey: @escaping @Sendable () -> (key: String, secret: [UInt8]),
        report: @Sendable (Int) -> Void
    ) async throws {
        let workspaceId = workspace.id
        let hasConversations = try await store.read {
            try $0.connection.integer(
                "SELECT 1 FROM conversations WHERE workspace_id = ? LIMIT 1", [.identifier(workspaceId)]) != nil
        }
        guard !hasConversations else { throw Refusal.conflict("the workspace has conversations already") }
        // What comes now brings its words: the server has nothing to look through afterwards.
        while try await store.write(run: { try $0.indexOldRows(limit: 500) }) > 0 {}
        let staff = try await makeStaff(passwordHash: passwordHash, inboxKey: inboxKey)
        let start = try await store.read { snapshot in
            (
                event: try snapshot.connection.integer("SELECT max(id) FROM events") ?? 0,
                number: try snapshot.connection.integer(
                    "SELECT next_number FROM workspaces WHERE id = ?", [.identifier(workspaceId)]) ?? 1
            )
        }
        var author = ConversationAuthor(
            workspaceId: workspaceId, staff: staff, count: size.conversations, seed: seed, end: end,
            nextEvent: start.event + 1, firstNumber: start.number)
        while author.made < size.conversations {
            let batch = try author.next(min(Self.batch, size.conversations - author.made))
            try await store.write { try $0.insert(batch) }
            report(author.made)
        }
        let next = start.number + Int64(size.conversations)
        try await store.write {
            _ = try $0.connection.run(
                "UPDATE workspaces SET next_number = ? WHERE id = ?", [.integer(next), .identifier(workspaceId)])
        }
        // At the end and in order: the table grows at its end, instead of everywhere with each batch.
        for kind in [SearchKind.conversation, .contact] {
            let words = author.takeWords(of: kind)
            var rest = words[...]
            while !rest.isEmpty {
                let some = Array(rest.prefix(Self.wordBatch))
                rest = rest.dropFirst(some.count)
                try await store.write { try $0.insert(some, of: kind, in: workspaceId) }
            }
        }
    }

    private func makeStaff(
        passwordHash: String, inboxKey: @escaping @Sendable () -> (key: String, secret: [UInt8])
    ) async throws -> GeneratedStaff {
        let (size, workspace) = (size, workspace)
        return try await store.write { transaction in
            let server = Access.server(of: workspace.id)
            var staff = GeneratedStaff()
            for index in 1...size.agents {
                let user = try transaction.createUser(
                    email: "agent\(index)@example.com", name: GeneratedText.agentName(index),
                    passwordHash: passwordHash, role: .agent, in: workspace.id)
                staff.agents.append(user.id.rawValue)
            }
            for index in 1...size.teams {
                let members = staff.agents.enumerated().filter { $0.offset % size.teams == index - 1 }.map(\.element)
                let team = try transaction.createTeam(
                    name: "Team \(index)", members: members.map { Identifier($0) }, by: server)
                staff.teams.append(team.id.rawValue)
            }
            staff.inboxes = [try transaction.liveInbox(nil, in: workspace.id).id.rawValue]
            for index in 1..<max(1, size.inboxes) where size.inboxes > 1 {
                let (key, secret) = inboxKey()
                let inbox = try transaction.createInbox(
                    InboxPatch(), name: "Inbox \(index + 1)", key: key, secret: secret, by: server)
                staff.inboxes.append(inbox.id.rawValue)
            }
            return staff
        }
    }
}

/// Who works in a generated workspace, and where, by key.
struct GeneratedStaff: Sendable {
    var agents: [Int64] = []
    var teams: [Int64] = []
    var inboxes: [Int64] = []
}
