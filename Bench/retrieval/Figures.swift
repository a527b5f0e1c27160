public import Assistant

/// How well an index answers questions whose answers are known.
public struct Figures: Sendable {
    /// What became of one question.
    public struct Outcome: Sendable {
        public var question: QuestionSet.Question
        /// Place of the first passage that answers, from 1; nil when none of the first five does.
        public var rank: Int?
        public var found: KnowledgeAnswer

        var hasAnswer: Bool { !question.answers.isEmpty }
        var isCalledUnanswerable: Bool { found.answerability == .none }

        /// Whether it counts against one of the figures: not the first passage, or answerability on the wrong side.
        public var isFlawed: Bool { hasAnswer ? rank != 1 || isCalledUnanswerable : !isCalledUnanswerable }
    }

    public private(set) var outcomes: [Outcome]

    /// Passages that a reply is given.
    public static let passages = 5

    /// Asks `index` every question of `set`.
    public init(of set: QuestionSet, in index: KnowledgeIndex) {
        outcomes = set.questions.map { question in
            let found = index.search(question.ask, after: question.before.last, limit: Self.passages)
            let right = set.answers(to: question)
            let place = found.passages.firstIndex { right.contains($0.articleId) }
            return Outcome(question: question, rank: place.map { $0 + 1 }, found: found)
        }
    }

    private init(_ outcomes: [Outcome]) { self.outcomes = outcomes }

    /// The figures over those questions that `isIncluded` is true for.
    public func over(_ isIncluded: (QuestionSet.Question) -> Bool) -> Figures {
        Figures(outcomes.filter { isIncluded($0.question) })
    }

    private var answered: [Outcome] { outcomes.filter(\.hasAnswer) }
    private var unanswered: [Outcome] { outcomes.filter { !$0.hasAnswer } }

    public var answerableCount: Int { answered.count }
    public var unanswerableCount: Int { unanswered.count }

    /// Of the questions with an answer, the share that has it among the first five passages.
    public var recall: Double { Self.share(of: answered) { $0.rank != nil } }

    /// Of the questions with an answer, the mean of 1 / place of the first passage that answers, 0 for none.
    public var meanReciprocalRank: Double {
        answered.isEmpty
            ? 1 : answered.reduce(0) { $0 + ($1.rank.map { 1 / Double($0) } ?? 0) } / Double(answered.count)
    }

    /// Of the questions that the index calls unanswerable, the share that has no answer.
    public var noAnswerPrecision: Double {
        Self.share(of: outcomes.filter(\.isCalledUnanswerable)) { !$0.hasAnswer }
    }

    /// Of the questions that have no answer, the share that the index calls unanswerable.
    public var noAnswerRecall: Double { Self.share(of: unanswered, \.isCalledUnanswerable) }

    /// Of the questions that have no answer, the share that is answered without reserve.
    public var wronglyAnswered: Double {
        unanswered.isEmpty ? 0 : Self.share(of: unanswered) { $0.found.answerability == .answerable }
    }

    /// 1 for none at all: nothing was done wrong.
    private static func share(of outcomes: [Outcome], _ isRight: (Outcome) -> Bool) -> Double {
        outcomes.isEmpty ? 1 : Double(outcomes.count(where: isRight)) / Double(outcomes.count)
    }
}
