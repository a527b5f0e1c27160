import Domain
import Storage
import Testing

/// Texts come back as they went in, are compared byte by byte, and are found alike on every kind of database.
@Suite(.databases) struct TextTests {
    private static let hard = [
        "😀👩‍👩‍👧‍👦🏳️‍🌈", "𠮷野家で𩸽", String(repeating: "好", count: 16_000), "'; DROP TABLE messages; --", "\\' OR 1=1 #", "a\\",
        "\"`%_!\u{1}\u{7f}", "e\u{301} é", "\u{feff}x\u{200b}", "  spaces  ", "\u{10ffff}",
        "${jndi}\r\n*3\r\n$3\r\nSET", "{\"a\":[1]}", "NULL", "0x41", "日本語\u{2028}text",
    ]

    @Test(arguments: TestDatabase.all)
    func messagesComeBackAsTheyWentIn(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor(name: "O'Brien \\ \"; -- 😀")
        for text in Self.hard { _ = try await fixture.send(text, to: session.conversationId, by: visitor) }
        let events = try await fixture.events(of: session.conversationId)
        #expect(events.compactMap { $0.message?.content } == Self.hard)
        #expect(events.last?.actor.name == "O'Brien \\ \"; -- 😀")
    }

    /// Texts have no NUL bytes (the contract refuses them); what is bytes may have any.
    @Test(arguments: TestDatabase.all)
    func bytesComeBackAsTheyWentIn(on database: TestDatabase) async throws {
        let driver = try await database.open()
        try await driver.migrate()
        let values: [[UInt8]] = [[], [0], [0, 1, 0], Array(0...255), [UInt8](repeating: 0, count: 60_000)]
        for (index, value) in values.enumerated() {
            try await driver.commit { connection in
                try connection.run(
                    "INSERT INTO installation (name, value) VALUES (?, ?)", [.text("\(index)"), .blob(value)])
            }
        }
        let read = try await driver.read { connection in
            var read: [[UInt8]?] = []
            try connection.each("SELECT value FROM installation ORDER BY name", []) { row in
                read.append(row.optionalBlob(0))
                return true
            }
            return read
        }
        #expect(read == values)
    }

    @Test(arguments: TestDatabase.all)
    func everyFieldOfAContactComesBackAsItWentIn(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        for (index, text) in Self.hard.enumerated() where text.utf8.count < 100 {
            var patch = ContactPatch()
            patch.name = text
            patch.email = "\(text)@example.com"
            patch.phone = text
            patch.externalId = "\(index) \(text)"
            patch.attributes = .object([text: .string(text)])
            patch.locale = "zh-CN"
            let entered = patch
            let made = try await fixture.store.write { try $0.createContact(entered, by: fixture.admin) }
            let read = try await fixture.store.read { try $0.contact(made.id, by: fixture.admin) }
            #expect(read == made)
        }
    }

    /// 'a' and 'A', 'a' and 'a ', 'é' in one and in two scalars: four pairs that collations take for one.
    @Test(arguments: TestDatabase.all)
    func clientIdsAreComparedByteByByte(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let ids = ["a", "A", "a ", " a", "é", "e\u{301}", "e", "ß", "ss", "😀", "😁", "a\u{200b}"]
        for id in ids {
            let sent = try await fixture.send("x", clientId: id, to: session.conversationId, by: visitor)
            #expect(!sent.isDuplicate && sent.message.clientMessageId.map { Array($0.utf8) } == Array(id.utf8))
        }
        for id in ids {
            let sent = try await fixture.send("x", clientId: id, to: session.conversationId, by: visitor)
            #expect(sent.isDuplicate && sent.message.clientMessageId.map { Array($0.utf8) } == Array(id.utf8))
        }
    }

    @Test(arguments: TestDatabase.all)
    func externalIdsLabelsAndSlugsAreComparedByteByByte(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let workspaceId = fixture.workspace.id
        for id in ["x", "X", "x ", "é", "e"] {
            var patch = ContactPatch()
            patch.externalId = id
            let entered = patch
            _ = try await fixture.store.write { try $0.createContact(entered, by: fixture.admin) }
            await #expect(throws: Refusal.self) {
                try await fixture.store.write { try $0.createContact(entered, by: fixture.admin) }
            }
        }
        let (session, visitor) = try await fixture.visitor()
        _ = try await fixture.send("x", to: session.conversationId, by: visitor)
        var patch = ConversationPatch()
        patch.labels = ["vip", "VIP", "vip ", "é", "e"]
        let labelling = patch
        let labelled = try await fixture.store.write {
            try $0.update(session.conversationId, labelling, by: fixture.admin)
        }
        #expect(labelled.labels == ["VIP", "e", "vip", "vip ", "é"])
        for slug in ["default ", "Default"] {
            _ = try await fixture.store.write {
                try $0.createWorkspace(slug: slug, name: "x", inboxKey: "key of \(slug)", inboxSecret: [])
            }
        }
        #expect(try await fixture.store.read { try $0.workspace(slug: "default") }?.id == workspaceId)
        #expect(try await fixture.store.read { try $0.workspace(slug: "DEFAULT") } == nil)
    }

    @Test(arguments: TestDatabase.all)
    func anEmailIsOneUserHoweverItIsWritten(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let workspaceId = fixture.workspace.id
        await #expect(throws: Refusal.emailTaken) {
            try await fixture.store.write {
                try $0.createUser(
                    email: "ADMIN@Example.com", name: "x", passwordHash: "x", role: .agent, in: workspaceId)
            }
        }
        // Another person, whom an accent-folding collation would take for the admin.
        _ = try await fixture.store.write {
            try $0.createUser(email: "ádmin@example.com", name: "x", passwordHash: "x", role: .agent, in: workspaceId)
        }
    }

    @Test(arguments: TestDatabase.all)
    func aSearchFindsTheSameOnEveryDatabase(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let names = [
            "Anna Smith", "ANNABEL", "100% cotton", "snake_case", "wow!", "张伟", "李小龙", "😀 Joy", "😁 Bob", "a\\b",
        ]
        for (index, name) in names.enumerated() {
            var patch = ContactPatch()
            patch.name = name
            patch.externalId = "Key-\(index)-XyZ"
            patch.email = "Person\(index)@Example.com"
            let entered = patch
            _ = try await fixture.store.write { try $0.createContact(entered, by: fixture.admin) }
        }
        func found(_ text: String) async throws -> [String] {
            try await fixture.store.read {
                var filter = ContactFilter()
                filter.text = text
                return try $0.contacts(filter, after: nil, limit: 50, by: fixture.admin).items.compactMap(\.name)
            }.reversed()
        }
        #expect(try await found("anna") == ["Anna Smith", "ANNABEL"])
        #expect(try await found("SMITH") == ["Anna Smith"])
        #expect(try await found("100%") == ["100% cotton"])
        #expect(try await found("00%c").isEmpty)
        #expect(try await found("snake_c") == ["snake_case"])
        #expect(try await found("wow!") == ["wow!"])
        #expect(try await found("小龙") == ["李小龙"])
        #expect(try await found("张") == ["张伟"])
        #expect(try await found("😀") == ["😀 Joy"])
        #expect(try await found("a\\b") == ["a\\b"])
        #expect(try await found("KEY-3-xyz") == ["snake_case"])
        #expect(try await found("person7@example") == ["😀 Joy"])
        #expect(try await found("' OR '1'='1").isEmpty)
        #expect(try await found("%").isEmpty)
        #expect(try await found("_").isEmpty)
    }

    @Test(arguments: TestDatabase.all)
    func conversationsAreFoundBySubjectContactAndNumber(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        var numbers: [Int64] = []
        for (name, subject) in [("Zoë", "Broken Lamp"), ("王芳", "退款 😀"), ("Bob", "50% off_now")] {
            var patch = ContactPatch()
            patch.name = name
            let entered = patch
            numbers.append(
                try await fixture.store.write { transaction in
                    let contact = try transaction.createContact(entered, by: fixture.admin)
                    return try transaction.openConversation(
                        with: contact.id, inboxId: nil, subject: subject, priority: .normal,
                        message: MessageDraft(content: "x"), by: fixture.admin
                    ).number
                })
        }
        func found(_ text: String) async throws -> [Int64] {
            var filter = ConversationFilter()
            filter.text = text
            let asked = filter
            return try await fixture.store.read {
                try $0.conversations(asked, after: nil, limit: 50, by: fixture.admin).items.map(\.number)
            }
        }
        #expect(try await found("broken lamp") == [numbers[0]])
        #expect(try await found("LAMP") == [numbers[0]])
        #expect(try await found("退款") == [numbers[1]])
        #expect(try await found("王") == [numbers[1]])
        #expect(try await found("50%") == [numbers[2]])
        #expect(try await found("off_n") == [numbers[2]])
        #expect(try await found("%f").isEmpty)
        #expect(try await found("\(numbers[1])") == [numbers[1]])
    }
}
