import Assistant
import Dispatch
import Domain
import HTTPTypes
import Identity
import Storage
import Wire

/// Articles out of files that are uploaded.
struct KnowledgeImportRoutes: Sendable {
    /// Articles of a request.
    static let maximumArticles = 5000
    /// Articles of a transaction: others wait for it.
    private static let batch = 100
    /// What files are known by that no collection is named for.
    private static let defaultCollection = "upload"

    let store: ChatStore
    private let digests: RequestDigests
    /// Reads one file after the other: a large one takes a second or two, which the threads that answer requests do not
    /// have.
    private let readers = DispatchQueue(label: "knowledge-import")
    /// Each holds its files in memory.
    private let slots = UploadSlots(maximum: 4, perCaller: 2)

    init(store: ChatStore, digests: RequestDigests) {
        self.store = store
        self.digests = digests
    }

    static let status = QueryParameter<Article.Status>.choice(
        "status", "what to make of the articles; what their files say, else drafts, when not given")
    static let collection = QueryParameter.text(
        "collection", maximum: 100,
        "name that the files are found again by, such as their folder's; \"upload\" when not given")

    func register(in table: inout EndpointTable) {
        table.group = "Knowledge"
        table.post(
            "/api/v1/admin/knowledge/import", summary: "Import articles from Markdown, HTML and CSV files",
            access: .staff(.knowledgeWrite), query: [Self.status.description, Self.collection.description],
            response: ImportView.self, problems: [.conflict], idempotency: .answerKeptByContent
        ) { call in
            try await slots.run(for: call.access) { try await importFiles(call) }
        }
        table.consumes(
            .init(
                name: KnowledgeReception.field,
                summary: "A file, with its name. Several are several parts of this name.",
                isFile: true))
        table.alsoNeeds(.knowledgeRead)
    }

    private func importFiles(_ call: Call) async throws -> Answer<ImportView> {
        let access = call.access
        try access.require(.knowledgeRead)
        var query = call.query
        let status = query[Self.status]
        let collection = query[Self.collection] ?? Self.defaultCollection
        try query.finish()
        let form = try FormBody(call.incoming.request, maximumBytes: KnowledgeReception.maximumBytes)
        var reception = KnowledgeReception(boundary: form.boundary)
        try await form.read { try reception.take($0) }
        try reception.finish()
        IdempotencyClaim.current?.cover(
            digests.digest(of: reception.files.flatMap { [Array($0.name.utf8), $0.bytes] }))

        var readings: [ImportedFile.Reading] = []
        var count = 0
        for (name, bytes) in reception.files {
            let reading = await read(ImportedFile(path: "\(collection)/\(name)", bytes: bytes))
            count += reading.articles.count
            guard count <= Self.maximumArticles else {
                throw Problem(.tooLarge, detail: "the files have more than \(Self.maximumArticles) articles together")
            }
            readings.append(reading)
        }
        var view = ImportView(files: [])
        for reading in readings { view.files.append(try await imported(reading, as: status, by: access)) }
        return Answer(view)
    }

    private func read(_ file: ImportedFile) async -> ImportedFile.Reading {
        await withCheckedContinuation { continuation in
            readers.async { continuation.resume(returning: file.read()) }
        }
    }

    private func imported(
        _ reading: ImportedFile.Reading, as status: Article.Status?, by access: Access
    ) async throws -> ImportView.File {
        var articles: [ImportView.Imported] = []
        var rest = reading.articles[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(Self.batch))
            rest = rest.dropFirst(Self.batch)
            let outcomes = try await store.write { transaction in
                try batch.map { try transaction.importArticle($0, as: status, by: access) }
            }
            articles += zip(batch, outcomes).map {
                ImportView.Imported(source: $0.source, title: $0.title, outcome: $1)
            }
        }
        return ImportView.File(
            name: reading.path, articles: articles,
            problems: reading.problems.map { ImportView.Fault(line: $0.line, message: $0.message) })
    }
}

/// What became of uploaded files.
struct ImportView: Codable, Sendable {
    struct File: Codable, Sendable {
        /// The collection and the file's name.
        var name: String
        var articles: [Imported]
        /// With one of these nothing of the file was imported.
        var problems: [Fault]
    }

    struct Imported: Codable, Sendable {
        /// What it is found again by.
        var source: String
        var title: String
        var outcome: ImportedArticle.Outcome
    }

    struct Fault: Codable, Sendable {
        @Nullable var line: Int?
        var message: String
    }

    var files: [File]
}
