import Domain
import Storage
import Testing

@testable import StorageMySQL

/// An installation on SQLite that has been used: rows in every table, with texts that databases like to bend.
struct CopiedInstallation {
    static let texts = [
        "😀👩‍👩‍👧‍👦🏳️‍🌈", "𠮷野家で𩸽", String(repeating: "好", count: 16_000), "'; DROP TABLE messages; --", "a\\", "  spaces  ",
        "e\u{301} é", "\u{feff}x\u{200b}\u{10ffff}", "{\"a\":[1]}", "${jndi}\r\n*3\r\n\u{1}", "x",
    ]

    let fixture: StoreFixture
    let driver: any DatabaseDriver
    let visitor: Access
    let conversation: Identifier<Conversation>
    /// A message of the visitor's that was acknowledged, under this client id.
    let sent: SentMessage
    static let clientMessageId = "retried"

    static func make() async throws -> CopiedInstallation {
        let driver = try await TestDatabase.sqlite.open()
        let fixture = try await StoreFixture(on: driver)
        let store = fixture.store
        try await store.write {
            _ = try $0.keep(Array(0..<16), as: .identifierKey)
            _ = try $0.keep([0, 255, 1, 0, 2, 3, 4, 0], as: .logEpoch)
        }
        try await Self.signIns(fixture)
        let articles = try await Self.articles(fixture)
        let (session, visitor) = try await fixture.visitor(name: "O'Brien \\ \"; -- 😀 ")
        let conversation = session.conversationId
        let sent = try await fixture.send("你好", clientId: clientMessageId, to: conversation, by: visitor)
        try await Self.replies(fixture, to: conversation, by: visitor, articles: articles)
        _ = try await fixture.send("a note", kind: .note, to: conversation, by: fixture.admin)
        for text in texts {
            _ = try await fixture.send(text, to: conversation, by: visitor)
            _ = try await fixture.send(text, clientId: "\(text.prefix(30)) ", to: conversation, by: fixture.admin)
        }
        try await Self.labels(fixture, of: conversation)
        _ = try await store.write { try $0.markRead(conversation, upTo: 3, by: visitor) }
        _ = try await store.write { try $0.markRead(conversation, upTo: 5, by: fixture.admin) }
        for number in 0..<12 {
            let (session, visitor) = try await fixture.visitor(
                name: number.isMultiple(of: 2) ? nil : "Visitor \(number)")
            _ = try await fixture.send("question \(number)", to: session.conversationId, by: visitor)
            if number.isMultiple(of: 3) { try await store.write { try $0.closeSession(session.id, by: visitor) } }
        }
        try await Self.administration(driver, of: fixture.workspace.id)
        try await StatisticsKeeper(store).catchUp()
        return CopiedInstallation(
            fixture: fixture, driver: driver, visitor: visitor, conversation: conversation, sent: sent)
    }

    private static func signIns(_ fixture: StoreFixture) async throws {
        let userId = try #require(fixture.admin.staff?.userId)
        for number in 0..<4 {
            let digest = StoreFixture.bytes()
            let (_, login) = try await fixture.store.write {
                try $0.beginLogin(of: userId, refreshDigest: digest)
            }
            let next = StoreFixture.bytes()
            _ = try await fixture.store.write { try $0.rotateRefreshToken(digest, to: next) }
            if number == 3 { try await fixture.store.write { try $0.revokeLogin(login.id) } }
        }
    }

    /// Rows of administration, by themselves: what they refer to does not matter to a copy.
    private static func administration(
        _ driver: any DatabaseDriver, of workspaceId: Identifier<Workspace>
    ) async throws {
        let workspace = SQLValue.integer(workspaceId.rawValue)
        let bytes: [UInt8] = [0, 255, 1, 39, 92, 0]
        for (number, text) in texts.enumerated() {
            let (id, name) = (SQLValue.integer(Int64(number) + 1), SQLValue.text(String(text.prefix(60))))
            let digest = SQLValue.blob(bytes + [UInt8(number)])
            let rows: [(table: String, columns: String, values: [SQLValue])] = [
                (
                    "roles", "id, workspace_id, name, permissions, created_at, updated_at",
                    [id, workspace, name, .text("[\"contacts:read\"]"), .integer(1), .integer(2)]
                ),
                (
                    "teams", "id, workspace_id, name, created_at, updated_at",
                    [id, workspace, name, .integer(1), .integer(2)]
                ),
                ("team_members", "team_id, user_id, workspace_id", [.integer(1), id, workspace]),
                (
                    "api_keys", "id, workspace_id, user_id, name, digest, permissions, created_at, last_used_at",
                    [id, workspace, .integer(8), name, digest, .text("[]"), .integer(1), .integer(5)]
                ),
                (
                    "invitations", "id, workspace_id, email, role, digest, created_at, expires_at",
                    [id, workspace, name, name, digest, .integer(1), .integer(2)]
                ),
                (
                    "login_failures", "account, address, failures, window_began_at",
                    [digest, name, .integer(3), .integer(1)]
                ),
                (
                    "attachments",
                    "id, workspace_id, uploader_kind, uploader_id, name, media_type, size, digest, created_at",
                    [
                        id, workspace, .text("contact"), .integer(9), name, .text("text/plain"), .integer(1 << 40),
                        digest, .integer(1),
                    ]
                ),
                (
                    "idempotency_keys",
                    "workspace_id, principal, route, name, request_digest, claimed_at, status, headers, body",
                    [
                        workspace, .text("user 1"), .text("POST /x"), name, digest, .integer(1), .integer(201),
                        .text("{}"), .blob(bytes),
                    ]
                ),
                (
                    "reply_receipts",
                    "message_id, workspace_id, conversation_id, provider, input_tokens, output_tokens, content, created_at",
                    [id, workspace, .integer(9), name, .integer(3), .integer(4), .text("{}"), .integer(1)]
                ),
            ]
            for row in rows + assistant(id, workspace, name) {
                let places = row.values.map { _ in "?" }.joined(separator: ", ")
                let sql = "INSERT INTO \(row.table) (\(row.columns)) VALUES (\(places))"
                try await withCheckedThrowingContinuation { (written: CheckedContinuation<Void, any Error>) in
                    driver.write({ try $0.run(sql, row.values) }, completion: { written.resume(with: $0) })
                }
            }
        }
    }

    /// What the assistant uses, costs and remembers.
    private static func assistant(
        _ id: SQLValue, _ workspace: SQLValue, _ name: SQLValue
    ) -> [(table: String, columns: String, values: [SQLValue])] {
        [
            (
                "ai_spending",
                "workspace_id, conversation_id, starts_at, calls, tokens, cost_micros, reserved_tokens, reserved_micros",
                [workspace, id, .integer(0), .integer(1), .integer(1 << 40), .integer(7), .integer(8), .integer(9)]
            ),
            (
                "ai_reservations",
                """
                message_id, workspace_id, conversation_id, day_starts_at, hour_starts_at, tokens, cost_micros, reserved_at
                """,
                [id, workspace, id, .integer(0), .integer(3_600_000), .integer(8), .integer(9), .integer(1)]
            ),
            (
                "ai_prices",
                """
                id, workspace_id, provider, model, effective_from, input_micros, cached_input_micros, output_micros, \
                created_at
                """,
                [
                    id, workspace, .text("openai"), name, .integer(-1), .integer(1 << 46), .integer(0), .integer(3),
                    .integer(1),
                ]
            ),
            (
                "token_calibrations", "provider, model, factor_thousandths, samples, updated_at",
                [.text("openai"), name, .integer(1100), .integer(4), .integer(1)]
            ),
            (
                "conversation_summaries", "conversation_id, workspace_id, up_to_seq, version, content, updated_at",
                [id, workspace, .integer(5), .integer(2), name, .integer(1)]
            ),
            (
                "handoffs",
                """
                conversation_id, owner_epoch, workspace_id, reason, category, urgency, language, summary, tried, \
                created_at
                """,
                [
                    id, .integer(2), workspace, .text("budget"), name, .text("high"), .text("zh"), name, .text("[]"),
                    .integer(1),
                ]
            ),
        ]
    }

    private static func articles(_ fixture: StoreFixture) async throws -> [Article] {
        var articles: [Article] = []
        for text in texts {
            articles.append(
                try await fixture.store.write {
                    try $0.createArticle(
                        title: String(text.prefix(100)), content: text, locale: "zh-CN", questions: [text, "?"],
                        status: .published, by: fixture.admin)
                })
        }
        return articles
    }

    /// One that was completed with long sources, one that was cut short, one that is shown, one that waits behind it.
    private static func replies(
        _ fixture: StoreFixture, to conversation: Identifier<Conversation>, by visitor: Access, articles: [Article]
    ) async throws {
        let sources = articles.enumerated().map { number, article in
            Message.Source(
                number: number + 1, articleId: article.id, title: article.title,
                excerpt: String(article.content.prefix(500)), score: 1 / Double(number + 3))
        }
        let first = try #require(fixture.commits.replyJobs.last)
        _ = try await fixture.store.write { try $0.showReply(first, text: "An") }
        _ = try await fixture.store.write {
            try $0.completeReply(first, text: "Answer 🙂", sources: sources, finish: .stop, isAnswered: true)
        }
        for (question, finish) in [("second", Event.FinishReason.partial), ("third", .stop)] {
            _ = try await fixture.send(question, to: conversation, by: visitor)
            let job = try #require(fixture.commits.replyJobs.last)
            _ = try await fixture.store.write { try $0.showReply(job, text: "begun") }
            _ = try await fixture.store.write {
                try $0.completeReply(job, text: "cut", sources: [], finish: finish, isAnswered: false)
            }
        }
        let (session, other) = try await fixture.visitor()
        _ = try await fixture.send("open question", to: session.conversationId, by: other)
        let shown = try #require(fixture.commits.replyJobs.last)
        _ = try await fixture.store.write { try $0.showReply(shown, text: "half an ans") }
        _ = try await fixture.send("and another", to: session.conversationId, by: other)
    }

    private static func labels(_ fixture: StoreFixture, of conversation: Identifier<Conversation>) async throws {
        var patch = ConversationPatch()
        patch.labels = ["vip", "VIP", "vip ", "é", "退款", "😀", "a-label"]
        patch.subject = "Subject  "
        patch.priority = .urgent
        let labelling = patch
        _ = try await fixture.store.write { try $0.update(conversation, labelling, by: fixture.admin) }
        let (session, visitor) = try await fixture.visitor()
        _ = try await fixture.send("later", to: session.conversationId, by: visitor)
        var snoozing = ConversationPatch()
        snoozing.status = .snoozed
        snoozing.snoozedUntil = fixture.clock.now().adding(seconds: 1000)
        snoozing.labels = ["vip"]
        let snoozed = snoozing
        _ = try await fixture.store.write { try $0.update(session.conversationId, snoozed, by: fixture.admin) }
    }
}

extension DatabaseDriver {
    /// Every row of a table as text, in the order of the text; read without what the copy reads with.
    func dump(_ table: String, _ columns: [String]) async throws -> [String] {
        try await read { connection in
            var rows: [String] = []
            try connection.each("SELECT \(columns.joined(separator: ", ")) FROM \(table)", []) { row in
                rows.append(
                    columns.indices.map { column in
                        // Not every database tells a text from bytes.
                        let bytes = row.optionalBlob(column) ?? row.optionalText(column).map { Array($0.utf8) }
                        return row.optionalInteger(column).map(String.init)
                            ?? bytes.map { "\($0.count):\(String(decoding: $0, as: UTF8.self)):\($0.hashValue)" }
                            ?? "NULL"
                    }.joined(separator: "|"))
                return true
            }
            return rows.sorted()
        }
    }
}
