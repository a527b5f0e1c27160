public import Domain

/// What an article should say where the assistant has answered wrongly.
public struct Correction: Sendable {
    /// What the assistant answered.
    public var wrong: String
    /// What the customer asked; nil where it did not ask in words.
    public var question: String?
    /// What colleagues answered afterwards, in their order.
    public var answers: [String]
    /// The right answer, where somebody has written one.
    public var content: String?
    public var title: String?

    public init(wrong: String, question: String?, answers: [String], content: String? = nil, title: String? = nil) {
        self.wrong = wrong
        self.question = question
        self.answers = answers
        self.content = content
        self.title = title
    }

    /// A draft for whoever looks after the articles. Without an answer it holds the wrong one as a comment, and cannot be
    /// published before somebody writes the right one.
    public func article(source: String) -> ImportedArticle {
        let asked = question.map { HTMLTree.line($0) } ?? ""
        let language = Language.detect(in: asked + "\n" + (content ?? answers.first ?? wrong)) ?? .english
        let title = [title, asked.isEmpty ? nil : asked].compactMap(\.self).first
        return ImportedArticle(
            source: source,
            title: Self.shortened(
                title ?? (language == .chinese ? "更正助手的回答" : "An answer to put right"),
                to: ArticleLimits.title.upperBound),
            content: Self.cut(content ?? said ?? comment(in: language)),
            locale: language.rawValue,
            questions: asked.isEmpty ? [] : [Self.shortened(asked, to: ArticleLimits.question.upperBound)],
            status: .draft)
    }

    private var said: String? {
        let texts = answers.map { Sentences.trimmed($0) }.filter { !$0.isEmpty && SmallTalk.detect(in: $0) == nil }
        return texts.isEmpty ? nil : texts.joined(separator: "\n\n")
    }

    private func comment(in language: Language) -> String {
        let heading =
            language == .chinese
            ? "助手当时的回答有误，如下。请在注释下方写出正确答案，然后发布。"
            : "The assistant's answer below is wrong. Write the right one under this comment, then publish."
        // Two hyphens could end it.
        let quoted = Sentences.trimmed(wrong).replacing("--", with: "- -").replacing("--", with: "- -")
        return "<!--\n\(heading)\n\n\(Self.shortened(quoted, to: 8000))\n-->"
    }

    private static func shortened(_ text: String, to limit: Int) -> String {
        guard text.unicodeScalars.count > limit else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit - 1))) + "…"
    }

    private static func cut(_ text: String) -> String { shortened(text, to: ArticleLimits.content.upperBound) }
}
