import Domain
import Testing

@testable import Storage

@Suite struct SearchTextTests {
    @Test(arguments: [
        ("Broken Lamp", ["broken", "lamp"]), ("Zoë ＡＢＣ Straße", ["zoe", "abc", "straße"]),
        ("O'Brien, snake_case", ["o", "brien", "snake", "case"]), ("退款问题", ["退款", "款问", "问题", "题"]),
        ("iPhone手机壳", ["iphone", "手机", "机壳", "壳"]), ("カメラが", ["カメ", "メラ", "ラが", "が"]),
        ("안녕하세요 고객", ["안녕하세요", "고객"]), ("mail bob@x.com!", ["mail", "bob@x.com", "bob", "x", "com"]),
        ("100% 😀 ok", ["100", "😀", "ok"]), ("— … !", []), ("", []),
    ])
    func textsFallIntoWords(text: String, words: [String]) {
        #expect(SearchText.words(of: text) == words)
    }

    @Test func everyWordFitsItsColumn() {
        let long = String(repeating: "😀", count: 300) + " " + String(repeating: "x", count: 300)
        #expect(SearchText.words(of: long).allSatisfy { $0.utf8.count <= 255 })
        #expect(
            SearchText.words(
                ofSubject: String((0..<9000).compactMap { Unicode.Scalar(0x4E00 + $0).map(Character.init) })
            ).count <= 500)
    }

    @Test(arguments: [
        ("lam bro", "Broken Lamp", true), ("LAMP", "Broken Lamp", true), ("amp", "Broken Lamp", false),
        ("zoe", "Zoë", true), ("退款", "要退款了", true), ("款", "要退款了", true), ("了", "要退款了", true),
        ("退了", "要退款了", false), ("bob@x", "mail bob@x.com", true), ("x.com", "mail bob@x.com", true), ("!!", "a", false),
    ])
    func queriesFindBeginningsOfWords(query: String, text: String, isFound: Bool) {
        #expect(SearchQuery(query).matches(Set(SearchText.words(of: text))) == isFound)
    }

    @Test(arguments: ["+49 170 1234567", "491701", "0170 1234567", "1234567", "170-1234567", "(0170) 123 45 67"])
    func telephoneNumbersAreFoundHoweverTheyAreWritten(query: String) {
        #expect(SearchQuery(query).matches(SearchText.words(of: [nil], phone: "+49 (170) 1234-567")))
        #expect(!SearchQuery(query + "9").matches(SearchText.words(of: [nil], phone: "+49 (170) 1234-567")))
    }
}

@Suite(.databases) struct SearchTests {
    /// With bounds so narrow that each way of searching is gone.
    static let bounds = [
        SearchBounds(), SearchBounds(rare: 1, entries: 1000, walked: 1000, chunk: 5),
        SearchBounds(rare: 1, entries: 4, walked: 1000, chunk: 5),
        SearchBounds(rare: 0, entries: 0, walked: 7, chunk: 3),
    ]

    @Test(arguments: TestDatabase.all, [0, 1, 2, 3])
    func searchesFindWhatAPlainReadingDoes(on database: TestDatabase, bounds: Int) async throws {
        let world = try await ListWorld(on: database, bounds: Self.bounds[bounds])
        for _ in 0..<120 { try await world.doSomething() }
        let all = try await world.plainReading()
        for word in ListWorld.words {
            let query = SearchQuery(word)
            for status in [nil, Conversation.Status.open] {
                var filter = ConversationFilter()
                (filter.text, filter.status) = (word, status)
                let expected = all.filter {
                    filter.matches($0.conversation) && ($0.words.contains { query.matches($0) })
                }
                for order in [ListOrder.latestChangeFirst, .earliestChangeFirst] {
                    let ids = expected.map(\.conversation.id)
                    #expect(
                        try await world.pages(filter, order, limit: 4)
                            == (order == .latestChangeFirst ? ids : ids.reversed()), "\(word)")
                }
            }
            try await checkContacts(word, world)
        }
    }

    private func checkContacts(_ word: String, _ world: ListWorld) async throws {
        let admin = world.fixture.admin
        for order in [ContactOrder.newestFirst, .oldestFirst, .latestChangeFirst, .earliestChangeFirst] {
            func pages(_ filter: ContactFilter) async throws -> [Contact] {
                var items: [Contact] = []
                var position: KeysetPosition?
                repeat {
                    let from = position
                    let page = try await world.fixture.store.read {
                        try $0.contacts(filter, order, after: from, limit: 3, by: admin)
                    }
                    items += page.items
                    position = page.next
                } while position != nil
                return items
            }
            var filter = ContactFilter()
            let all = try await pages(filter)
            #expect(Set(all.map(\.id)).count == all.count)
            filter.text = word
            let query = SearchQuery(word)
            #expect(try await pages(filter) == all.filter { query.matches(SearchText.words(of: $0)) }, "\(word)")
        }
    }

    @Test(arguments: TestDatabase.all)
    func rowsFromBeforeTheWordsAreIndexedInSteps(on database: TestDatabase) async throws {
        let world = try await ListWorld(on: database)
        for _ in 0..<80 { try await world.doSomething() }
        _ = try await world.fixture.store.write { try $0.connection.run("DELETE FROM search_words", []) }
        _ = try await world.fixture.store.write {
            try $0.connection.run("DELETE FROM installation WHERE name = ?", [.text("search_index")])
        }
        #expect(try await world.fixture.store.read { try $0.hasUnindexedRows() })
        while try await world.fixture.store.write(run: { try $0.indexOldRows(limit: 7) }) > 0 {}
        #expect(try await !world.fixture.store.read { try $0.hasUnindexedRows() })
        try await world.checkCopies()
    }
}
