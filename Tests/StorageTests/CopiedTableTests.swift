import Domain
import Testing

@testable import Storage
@testable import StorageMySQL

@Suite(.databases) struct CopiedTableTests {
    @Test func noTableOfTheSchemaIsForgottenAndParentsComeFirst() async throws {
        let driver = try await TestDatabase.sqlite.open()
        try await driver.migrate()
        let (tables, references, keys) = try await driver.read { connection in
            (
                try connection.rows(
                    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'", []
                ) { $0.text(0) },
                try connection.rows(
                    """
                    SELECT t.name, f."table" FROM sqlite_master t, pragma_foreign_key_list(t.name) f \
                    WHERE t.type = 'table'
                    """, []
                ) { [$0.text(0), $0.text(1)] },
                try connection.rows(
                    """
                    SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c \
                    WHERE t.type = 'table' AND c.pk > 0 ORDER BY t.name, c.pk
                    """, []
                ) { [$0.text(0), $0.text(1)] }
            )
        }
        let names = CopiedTable.all.map(\.name)
        #expect(Set(tables).subtracting(names) == ["leases", "nodes"] && names.count == Set(names).count)
        #expect(!references.isEmpty)
        for reference in references {
            let places = reference.map { names.firstIndex(of: $0) }
            let (child, parent) = (try #require(places[0]), try #require(places[1]))
            #expect(parent < child, "\(reference)")
        }
        for table in CopiedTable.all {
            #expect(keys.filter { $0[0] == table.name }.map { $0[1] } == table.key)
        }
    }

    /// Each page goes on right behind the last one, for keys of one, two and three columns.
    @Test(arguments: TestDatabase.all)
    func pagesGiveEachRowOnceAndInOrder(on database: TestDatabase) async throws {
        let driver = try await database.open()
        let fixture = try await StoreFixture(on: driver)
        var conversations: [Int64] = []
        for _ in 0..<4 { conversations.append(try await fixture.visitor().0.conversationId.rawValue) }
        let labels = ["a", "B", "b", "é", "😀", "退"]
        try await driver.commit { [conversations] connection in
            for number in conversations {
                for label in labels {
                    try connection.run(
                        "INSERT INTO conversation_labels (conversation_id, label, workspace_id) VALUES (?, ?, 1)",
                        [.integer(number), .text(label)])
                }
                for kind in ["agent", "contact"] {
                    for reader in [-1, 5, 70] {
                        try connection.run(
                            """
                            INSERT INTO read_positions (conversation_id, reader_kind, reader_id, workspace_id, seq) \
                            VALUES (?, ?, ?, 1, 1)
                            """, [.integer(number), .text(kind), .integer(Int64(reader))])
                    }
                }
            }
        }
        for (name, columns) in [("conversation_labels", 2), ("read_positions", 3)] {
            let table = try #require(CopiedTable.all.first { $0.name == name })
            let layout = try TableLayout(table, columns: try await driver.read { try $0.columns(of: name) })
            for limit in 1...7 {
                let side = CopySide(driver: driver, limits: CopyLimits(rows: limit)) { .source($0) }
                var rows: [[UInt8]] = []
                var last: [SQLValue]?
                while true {
                    let page = try await side.page(layout, after: last)
                    guard let end = page.last else { break }
                    rows += page.map { RowSum.encode(layout.key(of: $0)) }
                    last = layout.key(of: end)
                }
                #expect(rows.count == 24 && Set(rows).count == 24 && layout.table.key.count == columns)
            }
        }
    }

    @Test(arguments: TestDatabase.all)
    func aPageEndsWhereItsBytesAreTooMany(on database: TestDatabase) async throws {
        let driver = try await database.open()
        try await driver.migrate()
        try await driver.commit { connection in
            for name in ["a", "b", "c", "d"] {
                try connection.run(
                    "INSERT INTO installation (name, value) VALUES (?, ?)",
                    [.text(name), .blob([UInt8](repeating: 0, count: 1000))])
            }
        }
        let table = try #require(CopiedTable.all.first)
        let layout = try TableLayout(table, columns: try await driver.read { try $0.columns(of: table.name) })
        let side = CopySide(driver: driver, limits: CopyLimits(bytes: 1500)) { .source($0) }
        #expect(try await side.page(layout, after: nil).count == 2)
    }

    @Test(arguments: TestDatabase.all)
    func valuesComeBackWhateverTheirType(on database: TestDatabase) async throws {
        let driver = try await database.open()
        let conversation = try await StoreFixture(on: driver).visitor().0.conversationId.rawValue
        let columns = try await driver.read { try $0.columns(of: "messages") }
        #expect(columns.count == 16 && columns.first == "id" && columns.last == "attachments")
        #expect(try await driver.read { try $0.columns(of: "no_such_table") }.isEmpty)
        try await driver.commit { connection in
            try connection.run(
                """
                INSERT INTO messages (id, workspace_id, conversation_id, seq, sender_kind, send_digest, kind, content, \
                status, created_at) VALUES (?, -1, ?, ?, 'contact', ?, 'text', ?, 'sent', 0)
                """,
                [.integer(.max), .integer(conversation), .integer(.min), .blob([0, 255]), .text(" 退款 😀 ")])
        }
        let read = try await driver.read { connection in
            try connection.rows(
                "SELECT id, seq, send_digest, content, reply_to, sources, workspace_id FROM messages", []
            ) { row in (0..<7).map(row.value) }
        }
        let expected: [SQLValue] = [
            .integer(.max), .integer(.min), .blob([0, 255]), .text(" 退款 😀 "), .null, .null, .integer(-1),
        ]
        #expect(read.map(RowSum.encode) == [RowSum.encode(expected)])
    }

    /// A text is all of its bytes, and what is not UTF-8 is not made into a text.
    @Test func oddTextsOfAFileAreReadWhole() async throws {
        let driver = try await TestDatabase.sqlite.open()
        let bytes: [[UInt8]] = [[0x61, 0, 0x62], [0], [], [0x61, 0xff], [0xed, 0xa0, 0x80]]
        let read = try await driver.read { connection in
            try bytes.map { try connection.row("SELECT CAST(? AS TEXT)", [.blob($0)]) { $0.value(0) } }
        }
        #expect(read == [.text("a\0b"), .text("\0"), .text(""), .blob([0x61, 0xff]), .blob([0xed, 0xa0, 0x80])])
    }

    @Test func aSumTellsRowsApart() {
        let rows: [[SQLValue]] = [
            [.text("a"), .text("b")], [.text("ab"), .text("")], [.text(""), .text("ab")], [.null, .text("ab")],
            [.integer(0), .text("ab")], [.text("ab"), .null], [.text("ab")], [.integer(1), .text("ab")], [.integer(-1)],
        ]
        #expect(Set(rows.map(RowSum.encode)).count == rows.count)
        #expect(RowSum.encode([.text("é")]) == RowSum.encode([.blob([0xc3, 0xa9])]))
        func sum(_ rows: [[SQLValue]]) -> String {
            var sum = RowSum()
            for row in rows { sum.add(RowSum.encode(row)) }
            return sum.text
        }
        #expect(sum(rows) != sum(rows.reversed()) && sum([]) != sum([[]].map { $0 + [.null] }))
        // What others would compute: `printf '\0' | sha256sum`.
        #expect(sum([[.null]]) == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")
    }
}
