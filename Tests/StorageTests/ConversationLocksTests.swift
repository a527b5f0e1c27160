import Domain
import Testing

@testable import Storage

@Suite struct ConversationLocksTests {
    /// Keeps what it is asked to run.
    private final class Notebook: SQLConnection {
        let lockingClause: String
        var statements: [(sql: String, keys: [Int64])] = []

        init(lockingClause: String = "FOR UPDATE") { self.lockingClause = lockingClause }

        var lastInsertedKey: Int64 { 0 }
        var feedPosition: String { "feed_position" }
        func searched(_ column: String) -> String { column }
        func read(by index: String) -> String { "" }
        var readByKey: String { "" }
        var orderedJoin: String { "JOIN" }
        var insertUnlessThere: String { "INSERT INTO" }
        func columns(of table: String) throws -> [String] { [] }
        func nested<Value>(_ work: () throws -> Value) throws -> Value { try work() }
        func run(_ sql: String, _ arguments: [SQLValue]) throws -> Int { 0 }

        func each(_ sql: String, _ arguments: [SQLValue], _ body: (any SQLRow) throws -> Bool) throws {
            let keys = arguments.compactMap { if case .integer(let key) = $0 { key } else { nil } }
            statements.append((sql, keys))
        }

        /// The keys as they are locked, one after the other.
        var locked: [Int64] {
            statements.flatMap(\.keys).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
        }
    }

    private func locks(_ keys: [Int64], _ notebook: Notebook) throws -> ConversationLocks {
        try ConversationLocks(of: keys.map { Identifier($0) }, on: notebook)
    }

    @Test(arguments: [1, 2, 4, 5, 16, 17, 64, 65, 256, 257, 700])
    func conversationsAreLockedInTheOrderOfTheirKeys(count: Int) throws {
        let notebook = Notebook()
        let keys = (1...Int64(count)).map { $0 * 3 }
        // Some of them twice.
        _ = try locks((keys + keys.prefix(5)).shuffled(), notebook)
        #expect(notebook.locked == keys)
        // Few texts of statements, each asking for the order and the lock.
        #expect(notebook.statements.allSatisfy { [1, 4, 16, 64, 256].contains($0.keys.count) })
        #expect(
            notebook.statements.allSatisfy {
                $0.sql.contains("ORDER BY conversation_id") && $0.sql.hasSuffix("FOR UPDATE")
            })
    }

    @Test func whatIsLockedIsNotLockedAgain() throws {
        let notebook = Notebook()
        let locks = try locks([2, 1], notebook)
        try locks.lock(Identifier(1), on: notebook)
        try locks.lock(Identifier(2), on: notebook)
        #expect(notebook.statements.count == 1)
        try locks.lock(Identifier(3), on: notebook)
        try locks.lock(Identifier(3), on: notebook)
        #expect(notebook.statements.count == 2 && notebook.locked == [1, 2, 3])
    }

    @Test func aDatabaseWithOneWriterIsNotAsked() throws {
        let notebook = Notebook(lockingClause: "")
        let locks = try locks([1, 2], notebook)
        try locks.lock(Identifier(3), on: notebook)
        #expect(notebook.statements.isEmpty)
    }

    @Test func nothingIsLockedForNothing() throws {
        let notebook = Notebook()
        _ = try locks([], notebook)
        #expect(notebook.statements.isEmpty)
    }
}
