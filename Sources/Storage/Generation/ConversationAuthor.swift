import Domain

/// Makes up conversations, the oldest first.
struct ConversationAuthor {
    private let workspaceId: Identifier<Workspace>
    private let staff: GeneratedStaff
    private let count: Int
    private let end: Timestamp
    private let firstNumber: Int64
    private var generator: SeededGenerator
    private(set) var made = 0
    private var contacts: [Int64] = []
    private var nextEvent: Int64
    private var words: [SearchKind: [(word: String, row: Int64)]] = [:]
    /// Stored forms of events, which repeat.
    private var payloads: [String: String] = [:]
    private var batch = GeneratedBatch()

    /// Contacts that write again are among the last so many.
    private static let returning = 20_000
    /// Share of the newest conversations that are not over yet.
    private static let livelyShare = 0.07

    init(
        workspaceId: Identifier<Workspace>, staff: GeneratedStaff, count: Int, seed: UInt64, end: Timestamp,
        nextEvent: Int64, firstNumber: Int64
    ) {
        self.workspaceId = workspaceId
        self.staff = staff
        self.count = count
        self.end = end
        self.nextEvent = nextEvent
        self.firstNumber = firstNumber
        generator = SeededGenerator(seed: seed)
    }

    /// The next conversations.
    mutating func next(_ count: Int) throws -> GeneratedBatch {
        batch = GeneratedBatch()
        batch.firstEvent = nextEvent
        for _ in 0..<count { try write() }
        batch.lastEvent = nextEvent - 1
        return batch
    }

    /// Words of all rows so far, in the order of their table.
    mutating func takeWords(of kind: SearchKind) -> [(word: String, row: Int64)] {
        var found = words.removeValue(forKey: kind) ?? []
        found.sort { $0.word == $1.word ? $0.row < $1.row : $0.word < $1.word }
        return found
    }

    // MARK: One conversation

    private struct Draft {
        var id: Int64
        var at: Timestamp
        var seq: Int64 = 0
        var messages = 0
        var lastMessage: Int64?
        var owner: Owner
    }

    private mutating func write() throws {
        let place = Double(made) / Double(max(1, count))
        let span = Double(GeneratedInstallation.days * 86_400_000)
        let created = Timestamp(milliseconds: end.milliseconds - Int64(span * (1 - place)))
        let isLively = place > 1 - Self.livelyShare
        let contact = writeContact(at: created)
        let inbox = generator.pick(staff.inboxes) ?? 0
        let priority = choose([(Conversation.Priority.normal, 0.8), (.low, 0.1), (.high, 0.08), (.urgent, 0.02)])
        let subject = makeSubject()
        let final = choose(
            isLively
                ? [(Owner.Kind.ai, 0.35), (.agent, 0.4), (.none, 0.15), (.team, 0.1)]
                : [(.ai, 0.55), (.agent, 0.4), (.none, 0.03), (.team, 0.02)])
        let status = choose(
            isLively
                ? [
                    (Conversation.Status.open, 0.55), (.pending, 0.2), (.snoozed, 0.1), (.resolved, 0.1),
                    (.closed, 0.05),
                ]
                : [(.resolved, 0.4), (.closed, 0.58), (.open, 0.01), (.pending, 0.005), (.snoozed, 0.005)])
        var draft = Draft(
            id: key(at: created, 0), at: created, owner: Owner(kind: .ai, epoch: 1))

        try append(.conversationCreated, contactActor(contact), initial(priority, draft.owner), to: &draft)
        say(by: contactActor(contact), in: &draft)
        try answer(&draft)
        if final != .ai { try hand(to: final, &draft) }
        while generator.happens(0.45), draft.messages < 20 {
            say(by: contactActor(contact), in: &draft)
            try answer(&draft)
        }
        let labels = try label(&draft)
        var snoozedUntil: Timestamp?
        if status != .open {
            var changes = ConversationChanges()
            changes.status = status
            if status == .snoozed {
                // Far off: a sweep at the next start would open all of them.
                snoozedUntil = end.adding(seconds: 400 * 86_400)
                changes.snoozedUntil = .init(snoozedUntil)
            }
            try append(
                .conversationUpdated, answerer(draft.owner), stored(changes, "status \(status.rawValue)"), to: &draft)
        }
        writeRows(draft, contact, inbox, priority, subject, status, labels, snoozedUntil, created)
        made += 1
    }

    private mutating func writeRows(
        _ draft: Draft, _ contact: Int64, _ inbox: Int64, _ priority: Conversation.Priority, _ subject: String?,
        _ status: Conversation.Status, _ labels: [String], _ snoozedUntil: Timestamp?, _ created: Timestamp
    ) {
        let (id, workspace) = (SQLValue.integer(draft.id), SQLValue.identifier(workspaceId))
        let owner = draft.owner
        batch.conversations.add(
            id, workspace, .integer(inbox), .integer(contact), .integer(firstNumber + Int64(made)), .optional(subject),
            .text(status.rawValue), .text(priority.rawValue), .text(owner.kind.rawValue), .optional(owner.id),
            .integer(owner.epoch), .time(snoozedUntil), .time(created))
        batch.heads.add(
            id, workspace, .integer(draft.seq), .optional(draft.lastMessage), .optional(draft.lastMessage),
            .time(draft.at), .text(status.rawValue), .text(priority.rawValue), .text(owner.kind.rawValue),
            .optional(owner.id), .integer(inbox), .integer(contact), .time(draft.at))
        for label in labels { batch.labels.add(id, .text(label), workspace, .text(status.rawValue), .time(draft.at)) }
        batch.sessions.add(
            .integer(key(at: created, 4000)), workspace, .integer(inbox), .integer(contact), id,
            .text(ChatSession.Status.closed.rawValue), .text("{}"), .time(created), .time(draft.at),
            .time(draft.at.adding(seconds: 86_400)), .time(draft.at))
        if owner.kind == .agent, let agent = owner.id {
            batch.readPositions.add(
                id, .text(Actor.Kind.agent.rawValue), .integer(agent), workspace, .integer(draft.seq))
        }
        for word in SearchText.words(ofSubject: subject) { words[.conversation, default: []].append((word, draft.id)) }
    }

    /// A contact, new or known.
    private mutating func writeContact(at created: Timestamp) -> Int64 {
        if !contacts.isEmpty, generator.happens(0.5) {
            let recent = min(contacts.count, Self.returning)
            return contacts[contacts.count - 1 - generator.skewed(recent)]
        }
        let id = key(at: created, 4001)
        contacts.append(id)
        let (first, family) = (
            GeneratedText.firstName(generator.skewed(2000)), GeneratedText.familyName(generator.skewed(20_000))
        )
        let number = contacts.count
        let contact = Contact(
            id: Identifier(id), workspaceId: workspaceId, name: "\(first) \(family)",
            email: generator.happens(0.8) ? "\(first).\(family).\(number)@example\(generator.skewed(30)).com" : nil,
            phone: generator.happens(0.3)
                ? "+49 17\(generator.next() % 10) \(1_000_000 + generator.next() % 9_000_000)" : nil,
            externalId: generator.happens(0.5) ? "customer-\(number)" : nil, createdAt: created, updatedAt: created)
        batch.contacts.add(
            .integer(id), .identifier(workspaceId), .optional(contact.name), .optional(contact.email),
            .optional(contact.email.map(User.emailKey)), .optional(contact.phone), .optional(contact.externalId),
            .text("{}"), .text("en"), .time(created), .time(created))
        for word in SearchText.words(of: contact) { words[.contact, default: []].append((word, id)) }
        return id
    }

    private mutating func makeSubject() -> String? {
        guard generator.happens(0.8), let text = generator.pick(GeneratedText.subjects) else { return nil }
        // A number of an order, which few share: what somebody looks for.
        return generator.happens(0.5) ? "\(text) \(100_000 + generator.next() % UInt64(max(1, count)))" : text
    }

    // MARK: Course

    /// An answer by whoever answers now; nobody does in the queue.
    private mutating func answer(_ draft: inout Draft) throws {
        switch draft.owner.kind {
        case .none, .team: break
        case .agent: say(by: answerer(draft.owner), in: &draft)
        case .ai:
            say(by: .assistant, in: &draft)
            let hasSources = generator.happens(0.8)
            let payload = try cached("completed \(hasSources)") {
                var payload = EventPayload()
                payload.finishReason = .stop
                payload.isAnswered = hasSources
                payload.hasSources = false
                return payload
            }
            try append(.messageCompleted, .assistant, payload, message: draft.lastMessage, to: &draft)
        }
    }

    private mutating func hand(to kind: Owner.Kind, _ draft: inout Draft) throws {
        let id: Int64? =
            switch kind {
            case .agent: generator.pick(staff.agents)
            case .team: generator.pick(staff.teams)
            case .none, .ai: nil
            }
        draft.owner = draft.owner.succeeded(by: kind, id: id)
        var changes = ConversationChanges()
        changes.owner = draft.owner
        let actor = kind == .agent ? answerer(draft.owner) : .assistant
        try append(.conversationUpdated, actor, stored(changes, "owner \(kind) \(id ?? 0)"), to: &draft)
        if kind == .agent { say(by: actor, in: &draft) }
    }

    private mutating func label(_ draft: inout Draft) throws -> [String] {
        var labels: Set<String> = []
        while labels.count < 3, generator.happens(0.4) {
            if let label = generator.pick(GeneratedText.labels) { labels.insert(label) }
        }
        guard !labels.isEmpty else { return [] }
        let sorted = labels.sorted()
        var changes = ConversationChanges()
        changes.labels = sorted
        let payload = try stored(changes, "labels \(sorted)")
        try append(.conversationUpdated, answerer(draft.owner), payload, to: &draft)
        return sorted
    }

    private mutating func say(by actor: Actor, in draft: inout Draft) {
        pass(&draft)
        draft.messages += 1
        let id = key(at: draft.at, Int64(draft.messages))
        draft.lastMessage = id
        let text = generator.pick(GeneratedText.sentences) ?? ""
        let status = actor.kind == .ai ? Message.Status.complete : .sent
        batch.messages.add(
            .integer(id), .identifier(workspaceId), .integer(draft.id), .integer(draft.seq + 1),
            .text(actor.kind.rawValue), .optional(actor.id), .text(Message.Kind.text.rawValue), .text(text),
            .text(status.rawValue), .time(draft.at))
        write(.messageCreated, actor, nil, message: id, to: &draft)
    }

    private mutating func append(
        _ kind: Event.Kind, _ actor: Actor, _ payload: String?, message: Int64? = nil, to draft: inout Draft
    ) throws {
        pass(&draft)
        write(kind, actor, payload, message: message, to: &draft)
    }

    private mutating func write(
        _ kind: Event.Kind, _ actor: Actor, _ payload: String?, message: Int64?, to draft: inout Draft
    ) {
        draft.seq += 1
        batch.events.add(
            .integer(nextEvent), .identifier(workspaceId), .integer(draft.id), .integer(draft.seq),
            .text(kind.rawValue), .text(actor.kind.rawValue), .optional(actor.id), .optional(message),
            .optional(payload), .time(draft.at))
        nextEvent += 1
    }

    /// Lets some time go by, up to five minutes.
    private mutating func pass(_ draft: inout Draft) {
        guard draft.seq > 0 else { return }
        let later = draft.at.milliseconds + 1000 + Int64(generator.skewed(300_000))
        draft.at = Timestamp(milliseconds: max(draft.at.milliseconds, min(later, end.milliseconds)))
    }

    // MARK: Values

    private func contactActor(_ id: Int64) -> Actor { Actor(kind: .contact, id: id, name: nil) }

    private func answerer(_ owner: Owner) -> Actor {
        owner.kind == .agent ? Actor(kind: .agent, id: owner.id, name: nil) : .assistant
    }

    private mutating func choose<Value>(_ choices: [(Value, Double)]) -> Value {
        var rest = generator.fraction()
        for (value, share) in choices {
            rest -= share
            if rest < 0 { return value }
        }
        return choices[0].0
    }

    /// A key of the time at which it would have been made. Conversations whose keys could meet lie hours apart.
    private func key(at time: Timestamp, _ counter: Int64) -> Int64 {
        IdentifierGenerator.first(at: time, of: Message.self).rawValue | Int64(made % 1024) << 12 | counter
    }

    private mutating func initial(_ priority: Conversation.Priority, _ owner: Owner) throws -> String {
        var changes = ConversationChanges()
        (changes.status, changes.priority, changes.owner) = (.open, priority, owner)
        return try stored(changes, "created \(priority.rawValue)")
    }

    private mutating func stored(_ changes: ConversationChanges, _ name: String) throws -> String {
        try cached(name) {
            var payload = EventPayload()
            payload.changes = changes
            return payload
        }
    }

    private mutating func cached(_ name: String, _ make: () -> EventPayload) throws -> String {
        if let known = payloads[name] { return known }
        let text = try make().stored()
        payloads[name] = text
        return text
    }
}
