import Assistant
import Domain
import Storage

/// One import: reads the files, sends their articles, and says of each file what became of it.
struct KnowledgeImportRun {
    private let workspace: String
    private let status: Article.Status?
    private let isTrial: Bool
    private let operations: any KnowledgeOperations
    private let console: Console

    private var totals: [ImportedArticle.Outcome: Int] = [:]
    private var sources: Set<String> = []
    /// Known paths of files that are there and could not be imported: nothing of theirs changes.
    private var refused: Set<String> = []
    private var fileCount = 0
    private var drafted = 0

    init(
        workspace: String, status: Article.Status?, isTrial: Bool, operations: any KnowledgeOperations, console: Console
    ) {
        self.workspace = workspace
        self.status = status
        self.isTrial = isTrial
        self.operations = operations
        self.console = console
    }

    mutating func importAll(_ files: KnowledgeFiles) async throws {
        for file in files.files {
            fileCount += 1
            switch KnowledgeFiles.bytes(of: file) {
            case .success(let bytes):
                let reading = ImportedFile(path: file.name, bytes: bytes).read()
                guard reading.problems.isEmpty else {
                    refuse(reading.path, reading.problems)
                    continue
                }
                try await send(reading)
            case .failure(let problem): refuse(ImportedFile.knownPath(of: file.name), [problem])
            }
        }
    }

    /// Makes drafts of what the folder does not have any more.
    mutating func prune(_ files: KnowledgeFiles) async throws {
        guard !sources.isEmpty else {
            throw CommandFailure.refused("no file could be imported, so no article is taken for gone")
        }
        var page = SourcePage(workspace: workspace, prefix: files.prefix)
        while true {
            let known = try await operations.importedSources(page)
            let gone = known.filter { $0.status == .published && isGone($0.source, below: files.prefix) }.map(\.source)
            for source in gone { console.print("\(isTrial ? "would draft" : "drafted")  \(source)") }
            if isTrial {
                drafted += gone.count
            } else if !gone.isEmpty {
                drafted += try await operations.draftArticles(SourceList(workspace: workspace, sources: gone))
            }
            guard known.count == SourcePage.maximumSources, let last = known.last else { return }
            page.last = last.source
        }
    }

    /// Prints the sum of all.
    /// - Throws: ``CommandFailure`` when files were refused, which `sysexits.h` calls wrong input.
    func finish() throws {
        var parts = Self.words(totals)
        if drafted > 0 { parts.append("\(drafted) drafted") }
        let files = fileCount == 1 ? "1 file" : "\(fileCount) files"
        let sum = parts.isEmpty ? "no articles" : parts.joined(separator: ", ")
        console.print(isTrial ? "\(files), nothing changed; it would be: \(sum)" : "\(files): \(sum)")
        if totals[.publishedDiffers, default: 0] > 0 {
            console.print("what is published and differs stays as it is; --publish changes it")
        }
        guard refused.isEmpty else {
            throw CommandFailure.refused(
                refused.count == 1 ? "1 file was not imported" : "\(refused.count) files were not imported")
        }
    }

    // MARK: Parts

    private mutating func send(_ reading: ImportedFile.Reading) async throws {
        var counts: [ImportedArticle.Outcome: Int] = [:]
        var batch = ArticleBatch(workspace: workspace, articles: [], status: status, isTrial: isTrial)
        var bytes = 0
        for article in reading.articles {
            let size = article.textBytes
            if !batch.articles.isEmpty,
                batch.articles.count == ArticleBatch.maximumArticles || bytes + size > ArticleBatch.maximumBytes
            {
                try await flush(&batch, into: &counts)
                bytes = 0
            }
            batch.articles.append(article)
            bytes += size
        }
        try await flush(&batch, into: &counts)
        sources.formUnion(reading.articles.map(\.source))
        totals.merge(counts, uniquingKeysWith: +)
        console.print("\(PlainLine.text(reading.path, limit: 300)): \(Self.words(counts).joined(separator: ", "))")
    }

    private func flush(_ batch: inout ArticleBatch, into counts: inout [ImportedArticle.Outcome: Int]) async throws {
        for outcome in try await operations.importArticles(batch) { counts[outcome, default: 0] += 1 }
        batch.articles = []
    }

    private mutating func refuse(_ path: String, _ problems: [ImportProblem]) {
        refused.insert(path)
        let reasons = problems.map(\.description).joined(separator: "; ")
        console.printError("\(PlainLine.text(path, limit: 300)): refused: \(PlainLine.text(reasons, limit: 2000))")
    }

    private func isGone(_ source: String, below prefix: String) -> Bool {
        let path = ImportedFile.path(ofSource: source)
        // Of a file that is imported alone, what begins alike is another file's.
        guard prefix.hasSuffix("/") || prefix.isEmpty || path == prefix else { return false }
        return !sources.contains(source) && !refused.contains(path)
    }

    private static func words(_ counts: [ImportedArticle.Outcome: Int]) -> [String] {
        ImportedArticle.Outcome.allCases.compactMap { outcome in
            counts[outcome].map { "\($0) \(outcome.words)" }
        }
    }
}

extension ImportedArticle {
    /// UTF-8 bytes of its texts.
    fileprivate var textBytes: Int {
        questions.reduce(title.utf8.count + content.utf8.count + source.utf8.count) { $0 + $1.utf8.count }
    }
}

extension ImportedArticle.Outcome {
    fileprivate var words: String {
        switch self {
        case .created: "created"
        case .updated: "updated"
        case .unchanged: "unchanged"
        case .publishedDiffers: "published and different"
        }
    }
}
