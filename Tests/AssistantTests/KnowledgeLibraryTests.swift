import Domain
import Foundation
import Logging
import RetrievalFigures
import Storage
import StorageSQLite
import Testing

@testable import Assistant

@Suite struct KnowledgeLibraryTests {
    /// A workspace on a database of its own.
    private final class Shop {
        let store: ChatStore
        let library: KnowledgeLibrary
        let workspaceId: Identifier<Workspace>
        private let folder: URL

        init() async throws {
            folder = FileManager.default.temporaryDirectory.appending(path: "chat-api-\(UUID().uuidString)")
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let driver = try SQLiteDriver(
                path: folder.appending(path: "chat.db").path(percentEncoded: false), logger: logger)
            try await driver.migrate()
            let clock = SystemClock()
            store = ChatStore(
                driver: driver, settings: StoreSettings(), clock: clock, identifiers: IdentifierGenerator(clock: clock),
                observer: CommitFeed(), logger: logger)
            library = KnowledgeLibrary(store: store)
            workspaceId = try await store.write {
                try $0.createWorkspace(slug: "default", name: "Default", inboxKey: "k", inboxSecret: [1]).0.id
            }
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        var access: Access { Access.server(of: workspaceId) }

        func publish(_ title: String, as status: Article.Status = .published) async throws -> Identifier<Article> {
            let access = access
            return try await store.write {
                try $0.createArticle(
                    title: title, content: "About \(title).", locale: "en", questions: [], status: status, by: access
                ).id
            }
        }

        func change(_ id: Identifier<Article>, _ change: @escaping @Sendable (inout ArticlePatch) -> Void) async throws
        {
            let access = access
            try await store.write {
                var patch = ArticlePatch()
                change(&patch)
                _ = try $0.updateArticle(id, patch, by: access)
            }
        }

        /// More than an answer waits for when something has changed.
        func fill() async throws {
            let access = access
            try await store.write { transaction in
                for number in 0...KnowledgeLibrary.promptChunks {
                    _ = try transaction.createArticle(
                        title: "Part \(number)", content: "Text \(number).", locale: "en", questions: [],
                        status: .published, by: access)
                }
            }
        }

        func finds(_ word: String) async throws -> Bool {
            let answer = try await library.index(of: workspaceId).search(word, limit: 3)
            return answer.passages.contains { $0.title == word }
        }
    }

    @Test func `a small knowledge base has every change at once`() async throws {
        let shop = try await Shop()
        #expect(try await shop.library.index(of: shop.workspaceId) == .empty)
        let zebra = try await shop.publish("Zebra")
        let draft = try await shop.publish("Giraffe", as: .draft)
        #expect(try await shop.finds("Zebra"))
        #expect(try await !shop.finds("Giraffe"))
        try await shop.change(draft) { $0.status = .published }
        try await shop.change(zebra) { $0.title = "Ostrich" }
        #expect(try await shop.finds("Giraffe"))
        #expect(try await shop.finds("Ostrich"))
        #expect(try await !shop.finds("Zebra"))
        try await shop.change(zebra) { $0.status = .draft }
        #expect(try await !shop.finds("Ostrich"))
        let access = shop.access
        try await shop.store.write { try $0.deleteArticle(draft, by: access) }
        #expect(try await shop.library.index(of: shop.workspaceId) == .empty)
    }

    @Test func `an answer from a large knowledge base waits for no newer index`() async throws {
        let shop = try await Shop()
        try await shop.fill()
        let old = try await shop.library.index(of: shop.workspaceId)
        #expect(old.chunkCount > KnowledgeLibrary.promptChunks)
        let zebra = try await shop.publish("Zebra")
        // What is there is given at once; the next look has the change.
        #expect(try await shop.library.index(of: shop.workspaceId) == old)
        try await shop.library.refresh()
        #expect(try await shop.finds("Zebra"))
        // Asked by nobody meanwhile, it is found as well.
        let access = shop.access
        try await shop.store.write { try $0.deleteArticle(zebra, by: access) }
        try await shop.library.refresh()
        #expect(try await !shop.finds("Zebra"))
        #expect(try await shop.library.index(of: shop.workspaceId) == old)
    }

    @Test func `is prepared before anybody asks`() async throws {
        let shop = try await Shop()
        _ = try await shop.publish("Zebra")
        try await shop.library.prepare()
        try await shop.library.prepare()
        #expect(try await shop.finds("Zebra"))
        try await shop.library.refresh()
    }

    /// Changes of all kinds while it is asked from several sides: what is there at the end is what the database holds.
    @Test(arguments: 0..<4)
    func `ends with what the database holds`(_ seed: Int) async throws {
        let shop = try await Shop()
        var random = SeededGenerator(UInt64(seed))
        var ids: [Identifier<Article>] = []
        for number in 0..<60 {
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1, 2: ids.append(try await shop.publish("Word\(number)"))
            case 3:
                guard let id = ids.randomElement(using: &random) else { continue }
                let status = Bool.random(using: &random) ? Article.Status.draft : .published
                try await shop.change(id) { $0.status = status }
            case 4:
                guard let id = ids.randomElement(using: &random) else { continue }
                try await shop.change(id) { $0.content = "Changed \(number)." }
            default:
                guard let place = ids.indices.randomElement(using: &random) else { continue }
                let (id, access) = (ids.remove(at: place), shop.access)
                try await shop.store.write { try $0.deleteArticle(id, by: access) }
            }
            let (library, workspaceId) = (shop.library, shop.workspaceId)
            async let first = library.index(of: workspaceId)
            async let second = library.index(of: workspaceId)
            async let refreshed: Void = library.refresh()
            _ = try await (first, second, refreshed)
        }
        let fresh = try await KnowledgeLibrary(store: shop.store).index(of: shop.workspaceId)
        #expect(try await shop.library.index(of: shop.workspaceId) == fresh)
    }
}
