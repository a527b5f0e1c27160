import Storage
import Testing

/// Commands of one batch do not disturb each other.
@Suite(.databases) struct NestedWorkTests {
    private struct Refused: Error {}

    private static func insert(_ name: String, on connection: any SQLConnection) throws {
        try connection.run("INSERT INTO installation (name, value) VALUES (?, ?)", [.text(name), .blob([1])])
    }

    @Test(arguments: TestDatabase.all)
    func whatIsRefusedLeavesNothingAndTheRestStays(on database: TestDatabase) async throws {
        let driver = try await database.open()
        try await driver.migrate()
        try await driver.commit { connection in
            for name in ["a", "b", "c", "d", "e"] {
                // Refused before it wrote, after it wrote once, twice; and a key that is taken.
                do {
                    try connection.nested {
                        if name == "b" { throw Refused() }
                        try Self.insert(name, on: connection)
                        if name == "c" { throw Refused() }
                        if name == "d" {
                            try Self.insert("d2", on: connection)
                            try Self.insert("a", on: connection)
                        }
                    }
                } catch is Refused {
                } catch StorageFailure.constraint {
                }
            }
            try Self.insert("outside", on: connection)
        }
        let names = try await driver.read { connection in
            var names: [String] = []
            try connection.each("SELECT name FROM installation ORDER BY name", []) { row in
                names.append(row.optionalText(0) ?? "")
                return true
            }
            return names
        }
        #expect(names == ["a", "e", "outside"])
    }

    /// A verb may catch a key that is taken and go on in the same command.
    @Test(arguments: TestDatabase.all)
    func aCommandGoesOnAfterAKeyThatIsTaken(on database: TestDatabase) async throws {
        let driver = try await database.open()
        try await driver.migrate()
        try await driver.commit { connection in
            try connection.nested {
                try Self.insert("a", on: connection)
                #expect(throws: StorageFailure.self) { try Self.insert("a", on: connection) }
                try Self.insert("b", on: connection)
            }
        }
        #expect(try await driver.number("SELECT count(*) FROM installation") == 2)
    }

    @Test(arguments: TestDatabase.all)
    func updatesCountTheRowsThatTheyMatchAndNotOnlyThoseThatTheyChange(on database: TestDatabase) async throws {
        let driver = try await database.open()
        try await driver.migrate()
        try await driver.commit { connection in
            try Self.insert("a", on: connection)
            let same = try connection.run("UPDATE installation SET value = ? WHERE name = ?", [.blob([1]), .text("a")])
            #expect(same == 1)
            #expect(try connection.run("DELETE FROM installation WHERE name = ?", [.text("b")]) == 0)
        }
    }

    /// Events are read with a look at other rows in between.
    @Test(arguments: TestDatabase.all)
    func rowsCanBeReadInsideOfALookAtOthers(on database: TestDatabase) async throws {
        let driver = try await database.open()
        try await driver.migrate()
        try await driver.commit { connection in
            for name in ["a", "b", "c"] { try Self.insert(name, on: connection) }
        }
        let query = "SELECT name FROM installation ORDER BY name"
        let pairs = try await driver.read { connection in
            var pairs: [String] = []
            try connection.each(query, []) { outer in
                try connection.each("SELECT name FROM installation ORDER BY name LIMIT 3", []) { inner in
                    pairs.append((outer.optionalText(0) ?? "") + (inner.optionalText(0) ?? ""))
                    return true
                }
                return outer.optionalText(0) != "b"
            }
            return pairs
        }
        #expect(pairs == ["aa", "ab", "ac", "ba", "bb", "bc"])
    }
}
