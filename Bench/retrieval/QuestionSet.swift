public import Assistant
public import Foundation

/// Articles and what customers ask of them, as they lie in `Bench/knowledge`. Its README tells what each field means.
public struct QuestionSet: Sendable {
    /// What somebody asked, and which articles answer it.
    public struct Question: Sendable, Equatable, Decodable {
        public var ask: String
        public var kind: String
        /// Names of articles; empty when none answers.
        public var answers: [String]
        /// What was asked before, oldest first.
        public var before: [String]
        /// Whether nothing may be tuned on it.
        public var isHeldOut: Bool
        /// The language of the file that it stands in.
        public internal(set) var language = ""

        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: Key.self)
            ask = try values.decode(String.self, forKey: .ask)
            kind = try values.decode(String.self, forKey: .kind)
            answers = try values.decode([String].self, forKey: .answers)
            before = try values.decodeIfPresent([String].self, forKey: .before) ?? []
            isHeldOut = try values.decodeIfPresent(Bool.self, forKey: .heldOut) ?? false
        }

        private enum Key: String, CodingKey {
            case ask, kind, answers, before
            case heldOut = "held_out"
        }
    }

    /// A file that is not what the README says.
    public struct Flaw: Error, CustomStringConvertible {
        public var description: String
    }

    /// With ids from 1, in the order of ``names``.
    public private(set) var articles: [KnowledgeArticle] = []
    /// `zh/coupon`, in order.
    public private(set) var names: [String] = []
    public private(set) var questions: [Question] = []

    public static let languages = ["en", "zh"]

    /// - Parameter folder: `Bench/knowledge`.
    /// - Throws: ``Flaw``, or what Foundation throws for a file that cannot be read.
    public init(folder: URL) throws {
        for language in Self.languages {
            let files = try FileManager.default.contentsOfDirectory(
                at: folder.appending(path: "articles").appending(path: language), includingPropertiesForKeys: nil)
            for file in files.sorted(by: { $0.lastPathComponent < $1.lastPathComponent })
            where file.pathExtension == "md" {
                let name = "\(language)/\(file.deletingPathExtension().lastPathComponent)"
                names.append(name)
                articles.append(
                    try Self.article(
                        id: Int64(names.count), name: name, String(decoding: try Data(contentsOf: file), as: UTF8.self))
                )
            }
        }
        let known = Set(names)
        for language in Self.languages {
            let file = folder.appending(path: "questions-\(language).json")
            for var question in try JSONDecoder().decode([Question].self, from: Data(contentsOf: file)) {
                question.language = language
                if let name = question.answers.first(where: { !known.contains($0) }) {
                    throw Flaw(description: "\"\(question.ask)\" names an article that is not there: \(name)")
                }
                questions.append(question)
            }
        }
    }

    /// Ids of the articles that answer `question`.
    public func answers(to question: Question) -> Set<Int64> {
        Set(question.answers.compactMap { name in names.firstIndex(of: name).map { Int64($0) + 1 } })
    }

    /// Front matter of `title:`, `locale:` and `questions:` with a dash each, between lines of three dashes; Markdown.
    private static func article(id: Int64, name: String, _ text: String) throws -> KnowledgeArticle {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.first == "---", let end = lines.dropFirst().firstIndex(of: "---") else {
            throw Flaw(description: "\(name) has no front matter")
        }
        func value(_ key: String, _ line: Substring) -> String? {
            line.hasPrefix(key) ? line.dropFirst(key.count).trimmingCharacters(in: .whitespaces) : nil
        }
        let head = lines[1..<end]
        guard let title = head.lazy.compactMap({ value("title:", $0) }).first,
            let locale = head.lazy.compactMap({ value("locale:", $0) }).first
        else { throw Flaw(description: "\(name) has no title or no locale") }
        return KnowledgeArticle(
            id: id, title: title,
            content: lines[(end + 1)...].joined(separator: "\n").trimmingCharacters(in: .whitespacesAndNewlines),
            locale: locale, questions: head.compactMap { value("  - ", $0) })
    }
}
