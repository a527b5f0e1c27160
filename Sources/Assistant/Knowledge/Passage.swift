/// A piece of an article that a search found.
public struct Passage: Sendable, Equatable {
    public var articleId: Int64
    /// The article's title.
    public var title: String
    /// The headings above the piece inside the article, outermost first.
    public var headings: [String]
    /// The piece itself, Markdown.
    public var text: String
    /// The part of the text that fits the question best, on one line, for showing under an answer.
    public var excerpt: String
    /// BCP 47 language tag of the article.
    public var locale: String
    /// How well it fits, 0…1. Comparable between the results of one search only.
    public var score: Double

    public init(
        articleId: Int64, title: String, headings: [String] = [], text: String, excerpt: String, locale: String,
        score: Double
    ) {
        self.articleId = articleId
        self.title = title
        self.headings = headings
        self.text = text
        self.excerpt = excerpt
        self.locale = locale
        self.score = score
    }

    /// Title and headings in one line: `Install › Docker`.
    public var path: String { ([title] + headings).joined(separator: " › ") }
}

/// Whether the articles hold an answer to a question, judged by how much of the question's meaning the best piece covers.
public enum Answerability: String, Sendable, Codable, CaseIterable, Comparable {
    /// Nothing fits: say so, and offer a human.
    case none
    /// Something fits in part: answer with reserve.
    case weak
    case answerable

    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .none: 0
        case .weak: 1
        case .answerable: 2
        }
    }
}

/// What a search gives: the pieces, best first, and whether they answer.
public struct KnowledgeAnswer: Sendable, Equatable {
    public var passages: [Passage]
    public var answerability: Answerability
    /// Share of the question's meaning that the best piece covers, 0…1.
    public var coverage: Double

    public init(passages: [Passage], answerability: Answerability, coverage: Double) {
        self.passages = passages
        self.answerability = answerability
        self.coverage = coverage
    }

    /// No article fits.
    public static let nothing = KnowledgeAnswer(passages: [], answerability: .none, coverage: 0)
}
