public import Domain

/// A file of somebody's knowledge, and the articles in it.
///
/// ```swift
/// let reading = ImportedFile(path: "help/refunds.md", bytes: bytes).read()
/// ```
public struct ImportedFile: Sendable {
    /// Bytes of a file: a whole help centre's table of questions is below it.
    public static let maximumBytes = 8 << 20
    /// Articles of a file.
    public static let maximumArticles = 10_000
    /// Problems of a file that are told; whoever has put these right sees the others.
    public static let maximumProblems = 20

    /// What a file is, by the end of its name.
    public enum Format: Sendable, CaseIterable {
        case markdown, html, table

        public init?(path: String) {
            guard let dot = path.lastIndex(of: ".") else { return nil }
            switch path[path.index(after: dot)...].lowercased() {
            case "md", "markdown", "txt": self = .markdown
            case "html", "htm", "xhtml": self = .html
            case "csv", "tsv": self = .table
            default: return nil
            }
        }
    }

    /// The articles of a file, or why there are none.
    public struct Reading: Sendable, Equatable {
        /// The file's path, as it stands in the articles' sources.
        public var path: String
        public var articles: [ImportedArticle]
        /// With one of these there are no articles: a file is imported whole or not at all.
        public var problems: [ImportProblem]

        init(_ path: String, articles: [ImportedArticle] = [], problems: [ImportProblem] = []) {
            self.path = path
            self.articles = articles
            self.problems = problems
        }
    }

    private let path: String
    private let bytes: [UInt8]

    /// - Parameter path: below the folder that is imported, with the folder's name before it.
    public init(path: String, bytes: [UInt8]) {
        self.path = ImportKey.path(path)
        self.bytes = bytes
    }

    /// The path of `path` as it stands in articles' sources.
    public static func knownPath(of path: String) -> String { ImportKey.path(path) }

    /// The file that an article's source names.
    public static func path(ofSource source: String) -> String {
        source.firstIndex(of: "#").map { String(source[..<$0]) } ?? source
    }

    /// Reads the file's articles. Whatever the bytes are, this ends, with articles or with problems.
    public func read() -> Reading {
        do {
            return Reading(path, articles: try articles())
        } catch {
            let told = error.all.prefix(Self.maximumProblems)
            let more = error.all.count - told.count
            return Reading(
                path, problems: told + (more > 0 ? [ImportProblem("and \(more) more like these")] : []))
        }
    }

    private func articles() throws(ImportProblems) -> [ImportedArticle] {
        guard let format = Format(path: path) else {
            throw ImportProblems("only Markdown (.md, .txt), HTML (.html) and tables (.csv, .tsv) can be imported")
        }
        guard bytes.count <= Self.maximumBytes else {
            throw ImportProblems("the file has more than \(Self.maximumBytes >> 20) MiB")
        }
        let texts: [ImportedText]
        switch format {
        case .markdown: texts = [try MarkdownFile.article(text(), name: name)]
        case .html: texts = [try HTMLPage.article(bytes, name: name)]
        case .table: texts = try QuestionTable.articles(text())
        }
        guard texts.count <= Self.maximumArticles else {
            throw ImportProblems("the file has more than \(Self.maximumArticles) articles; divide it")
        }
        var problems: [ImportProblem] = []
        var articles: [ImportedArticle] = []
        for text in texts {
            do {
                articles += try self.articles(of: text)
            } catch {
                problems.append(error)
            }
        }
        guard problems.isEmpty else { throw ImportProblems(problems) }
        return articles
    }

    private func text() throws(ImportProblems) -> String {
        do {
            return try TextEncoding.text(of: bytes)
        } catch {
            throw ImportProblems([error])
        }
    }

    /// The file's name without its ending, in words.
    private var name: String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let stem = name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
        return stem.replacing("-", with: " ").replacing("_", with: " ")
    }

    private func articles(of text: ImportedText) throws(ImportProblem) -> [ImportedArticle] {
        let content = Sentences.trimmed(text.content)
        let title = HTMLTree.line(text.title)
        guard Article.isSaying(content) else { throw ImportProblem(line: text.line, "there is no text") }
        guard ArticleLimits.title.contains(title.unicodeScalars.count) else {
            throw ImportProblem(
                line: text.line, "the title has more than \(ArticleLimits.title.upperBound) characters")
        }
        guard text.questions.count <= ArticleLimits.maximumQuestions else {
            throw ImportProblem(line: text.line, "there are more than \(ArticleLimits.maximumQuestions) questions")
        }
        guard text.questions.allSatisfy({ ArticleLimits.question.contains($0.unicodeScalars.count) }) else {
            throw ImportProblem(
                line: text.line, "a question has more than \(ArticleLimits.question.upperBound) characters")
        }
        let locale = text.locale ?? Language.detect(in: title + "\n" + content)?.rawValue ?? Language.english.rawValue
        return ArticleParts.split(content).enumerated().map { index, part in
            let suffix = index == 0 ? "" : " (\(index + 1))"
            return ImportedArticle(
                source: ImportKey.source(path, text.key.map { $0 + suffix } ?? (index == 0 ? nil : "\(index + 1)")),
                title: ArticleParts.title(title, part: index + 1), content: part, locale: locale,
                questions: index == 0 ? text.questions : [], status: text.status)
        }
    }
}
