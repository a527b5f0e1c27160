import Domain
import Testing

@testable import Storage

/// A workspace in which things happen by chance, the same each time.
struct ListWorld: Sendable {
    let fixture: StoreFixture
    let colleague: Identifier<User>
    let stranger: Identifier<User>
    let team: Identifier<Team>
    /// Staff of every reach.
    let readers: [Access]
    private let state: State

    static let names = ["Anna Smith", "Zoë Martin", "王芳", "Bob O'Neill", "Müller", "李小龙"]
    static let subjects = ["Broken lamp", "退款问题", "Refund of order 4711", nil, "Lampe kaputt", "注文の返金"]
    static let labels = ["vip", "billing", "überfällig"]
    static let words = [
        "lamp", "refund", "退款", "anna", "王", "mü", "zoe", "4711", "smi an", "broken refund", "问", "nothing",
    ]

    struct Listed {
        var conversation: Conversation
        var words: [Set<String>]
    }

    actor State {
        var conversations: [Identifier<Conversation>] = []
        var generator = SplitMix(seed: 42)

        func pick<Element: Sendable>(_ elements: [Element]) -> Element? { elements.randomElement(using: &generator) }
        func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &generator) }
        func add(_ id: Identifier<Conversation>) { conversations.append(id) }
        func pickConversation() -> Identifier<Conversation>? { conversations.randomElement(using: &generator) }
    }

    /// - Parameter bounds: of searches.
    init(on database: TestDatabase, bounds: SearchBounds = .init()) async throws {
        var settings = StoreSettings()
        settings.searchBounds = bounds
        let fixture = try await StoreFixture(on: database.open(), settings: settings)
        self.fixture = fixture
        let workspaceId = fixture.workspace.id
        func user(_ name: String) async throws -> Identifier<User> {
            try await fixture.store.write {
                try $0.createUser(
                    email: "\(name)@example.com", name: name, passwordHash: "x", role: .agent, in: workspaceId
                ).id
            }
        }
        (colleague, stranger) = (try await user("colleague"), try await user("stranger"))
        team = Identifier(77)
        func reader(_ id: Identifier<User>, _ scope: Permission.Scope, _ reach: Reach) -> Access {
            let grants = Grants([Permission(.conversationsRead, scope), Permission(.contactsRead)])
            let role = Role(id: Identifier(5), name: "some", grants: grants, updatedAt: Timestamp(milliseconds: 0))
            return Access(
                workspaceId: workspaceId,
                principal: .staff(
                    .init(userId: id, name: "Reader", role: role, credential: .login(Identifier(1)), reach: reach)))
        }
        readers = [
            fixture.admin, reader(colleague, .own, .alone),
            reader(colleague, .team, Reach(teams: [team], colleagues: [colleague, stranger])),
            reader(stranger, .team, .alone),
            // With more colleagues than runs of an index are merged.
            reader(
                stranger, .team,
                Reach(teams: [team], colleagues: Set((1000...1200).map { Identifier($0) } + [colleague]))),
        ]
        state = State()
    }

    @discardableResult
    func open() async throws -> Identifier<Conversation> {
        let (name, subject) = (await state.pick(Self.names) ?? "", await state.pick(Self.subjects) ?? nil)
        let (session, access) = try await fixture.visitor(name: name)
        try await update(session.conversationId) { $0.subject = .some(subject) }
        if await state.number(0..<5) > 0 { _ = try await fixture.send("hello", to: session.conversationId, by: access) }
        await state.add(session.conversationId)
        return session.conversationId
    }

    func write(to id: Identifier<Conversation>) async throws {
        _ = try? await fixture.send("more", to: id, by: fixture.admin)
        guard await state.number(0..<2) == 0 else { return }
        let (seq, reader) = (Int64(await state.number(0..<6)), readers[await state.number(0..<2)])
        _ = try? await fixture.store.write { try $0.markRead(id, upTo: seq, by: reader) }
    }

    func update(_ id: Identifier<Conversation>, _ change: @Sendable (inout ConversationPatch) -> Void) async throws {
        var patch = ConversationPatch()
        change(&patch)
        let (entered, admin) = (patch, fixture.admin)
        do {
            _ = try await fixture.store.write(to: id) { try $0.update(id, entered, by: admin) }
        } catch is Refusal {}
    }

    func doSomething() async throws {
        fixture.clock.advance(milliseconds: Int64(await state.number(0..<900)))
        guard let id = await state.pickConversation(), await state.number(0..<4) > 0 else {
            try await open()
            return
        }
        let admin = fixture.admin
        switch await state.number(0..<9) {
        case 0, 1: try await write(to: id)
        case 2:
            let status = await state.pick(Conversation.Status.allCases) ?? .open
            let until = fixture.clock.now().adding(seconds: 1)
            try await update(id) {
                $0.status = status
                if status == .snoozed { $0.snoozedUntil = until }
            }
        case 3:
            let priority = await state.pick(Conversation.Priority.allCases)
            try await update(id) { $0.priority = priority }
        case 4:
            var labels: [String] = []
            for label in Self.labels where await state.number(0..<2) == 0 { labels.append(label) }
            let chosen = labels
            try await update(id) { $0.labels = chosen }
        case 5:
            let target = await state.pick([OwnerSwitch.ai, .anyHuman, .agent(colleague), .agent(stranger)]) ?? .ai
            do {
                _ = try await fixture.store.write {
                    try $0.switchOwner(of: id, to: target, reason: nil, by: admin)
                }
            } catch is Refusal {}
        case 6:
            let subject = await state.pick(Self.subjects) ?? nil
            try await update(id) { $0.subject = .some(subject) }
        case 7: _ = try await fixture.store.write { try $0.wakeSnoozedConversations(limit: 10) }
        default: try await changeAContact(of: id)
        }
    }

    private func changeAContact(of id: Identifier<Conversation>) async throws {
        let admin = fixture.admin
        let contact = try await fixture.store.read { try $0.conversation(id, by: admin).contact.id }
        let name = await state.pick(Self.names)
        let other = await state.pickConversation()
        let way = await state.number(0..<4)
        do {
            try await fixture.store.write { transaction in
                if way == 0, let other {
                    let into = try transaction.conversation(other, by: admin).contact.id
                    _ = try transaction.mergeContact(contact, into: into, by: admin)
                } else if way == 1 {
                    try transaction.deleteContact(contact, by: admin)
                } else {
                    var patch = ContactPatch()
                    patch.name = name
                    patch.phone = .some("+49 170 1234567")
                    _ = try transaction.updateContact(contact, patch, by: admin)
                }
            }
        } catch is Refusal {}
    }

    // MARK: Lists

    func filters() -> [ConversationFilter] {
        var filters = [ConversationFilter()]
        func add(_ change: (inout ConversationFilter) -> Void) {
            var filter = ConversationFilter()
            change(&filter)
            filters.append(filter)
        }
        for status in Conversation.Status.allCases { add { $0.status = status } }
        for priority in Conversation.Priority.allCases { add { $0.priority = priority } }
        for kind in Owner.Kind.allCases { add { $0.ownerKind = kind } }
        for label in Self.labels { add { $0.label = label } }
        for agent in [colleague, stranger] { add { $0.assignee = agent } }
        add { $0.teamId = team }
        add { $0.inboxId = fixture.inbox.id }
        add { $0.inboxId = Identifier(4) }
        add { $0.updatedSince = fixture.clock.now().adding(seconds: -20) }
        for status in [Conversation.Status.open, .resolved] {
            add { ($0.status, $0.ownerKind) = (status, .agent) }
            add { ($0.status, $0.assignee) = (status, colleague) }
            add { ($0.status, $0.inboxId) = (status, fixture.inbox.id) }
            add { ($0.status, $0.priority) = (status, .high) }
            add { ($0.status, $0.label) = (status, "vip") }
        }
        add { ($0.ownerKind, $0.inboxId) = (.ai, fixture.inbox.id) }
        add { ($0.label, $0.priority) = ("vip", .normal) }
        add { ($0.label, $0.assignee, $0.updatedSince) = ("vip", colleague, fixture.clock.now().adding(seconds: -60)) }
        add { ($0.inboxId, $0.label, $0.status) = (fixture.inbox.id, "billing", .open) }
        return filters
    }

    func list(
        _ filter: ConversationFilter, _ order: ListOrder = .latestChangeFirst, by access: Access
    ) async throws -> [Identifier<Conversation>] {
        try await fixture.store.read {
            try $0.conversations(filter, order, after: nil, limit: 1000, by: access).items.map(\.id)
        }
    }

    func pages(
        _ filter: ConversationFilter, _ order: ListOrder, limit: Int
    ) async throws -> [Identifier<Conversation>] {
        var items: [Identifier<Conversation>] = []
        var position: KeysetPosition?
        repeat {
            let (from, admin) = (position, fixture.admin)
            let page = try await fixture.store.read {
                try $0.conversations(filter, order, after: from, limit: limit, by: admin)
            }
            items += page.items.map(\.id)
            position = page.next
        } while position != nil
        return items
    }

    /// All conversations with a message, in the order of lists, with the words of subject and contact.
    func plainReading() async throws -> [Listed] {
        let admin = fixture.admin
        return try await fixture.store.read { snapshot in
            let keys = try snapshot.connection.rows(
                """
                SELECT conversation_id FROM conversation_heads WHERE last_message_id IS NOT NULL \
                ORDER BY listed_at DESC, conversation_id DESC
                """, []
            ) { $0.identifier(0, of: Conversation.self) }
            return try keys.map { key in
                let conversation = try snapshot.conversation(key, by: admin)
                let contact = try snapshot.connection.row(
                    "SELECT \(ContactRow.columns) FROM contacts WHERE id = ?", [.identifier(conversation.contact.id)],
                    ContactRow.decode)
                return Listed(
                    conversation: conversation,
                    words: [
                        SearchText.words(ofSubject: conversation.subject),
                        contact.map { SearchText.words(of: $0) } ?? [],
                    ])
            }
        }
    }

    /// Rows of a list say what each says by itself.
    func checkRows(_ ids: [Identifier<Conversation>], by access: Access) async throws {
        try await fixture.store.read { snapshot in
            let listed = try snapshot.conversations(ConversationFilter(), after: nil, limit: 1000, by: access).items
            #expect(try ids.map { try snapshot.conversation($0, by: access) } == listed)
        }
    }

    /// Compares copies, places and words with what they stand for.
    func checkCopies() async throws {
        try await fixture.store.read { snapshot in
            let wrong = try snapshot.connection.integer(
                """
                SELECT count(*) FROM conversation_heads h JOIN conversations c ON c.id = h.conversation_id \
                WHERE h.status <> c.status OR h.priority <> c.priority OR h.owner_kind <> c.owner_kind \
                OR COALESCE(h.owner_id, 0) <> COALESCE(c.owner_id, 0) OR h.inbox_id <> c.inbox_id \
                OR h.contact_id <> c.contact_id OR (h.listed_at IS NULL) <> (h.last_message_id IS NULL) \
                OR h.listed_at > h.updated_at OR h.listed_at <= h.updated_at - 1000
                """)
            #expect(wrong == 0)
            let labels = try snapshot.connection.integer(
                """
                SELECT count(*) FROM conversation_labels l JOIN conversation_heads h \
                ON h.conversation_id = l.conversation_id \
                WHERE l.status <> h.status OR COALESCE(l.listed_at, 0) <> COALESCE(h.listed_at, 0)
                """)
            #expect(labels == 0)
            struct Entry: Hashable {
                var kind: Int64
                var word: String
                var row: Int64
            }
            let found = Set(
                try snapshot.connection.rows("SELECT kind, word, row_id FROM search_words", []) {
                    Entry(kind: $0.integer(0), word: $0.text(1), row: $0.integer(2))
                })
            var expected: Set<Entry> = []
            for (row, subject) in try snapshot.connection.rows(
                "SELECT id, subject FROM conversations", [], { ($0.integer(0), $0.optionalText(1)) })
            {
                for word in SearchText.words(ofSubject: subject) {
                    expected.insert(Entry(kind: SearchKind.conversation.rawValue, word: word, row: row))
                }
            }
            for contact in try snapshot.connection.rows(
                "SELECT \(ContactRow.columns) FROM contacts", [], ContactRow.decode)
            {
                for word in SearchText.words(of: contact) {
                    expected.insert(Entry(kind: SearchKind.contact.rawValue, word: word, row: contact.id.rawValue))
                }
            }
            #expect(found == expected)
        }
    }
}

/// A small generator with a seed: https://prng.di.unimi.it/splitmix64.c
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
