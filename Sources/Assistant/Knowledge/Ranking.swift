/// The numbers of the ranking, in one place. They are tuned on question sets, not proven; the structure is BM25F.
enum Ranking {
    /// What an occurrence in title, headings and questions counts against one in the text.
    static let titleWeight: Float = 3
    static let bodyWeight: Float = 1
    /// How soon more occurrences stop to matter (BM25's k1).
    static let saturation: Float = 1.2
    /// How much the length of a field matters (BM25's b). Titles and questions differ in length for no reason.
    static let titleB = 0.3
    static let bodyB = 0.7

    /// A synonym counts less than the word itself.
    static let synonymWeight = 0.6
    /// A word that is asked of anything, such as the price, counts less than what it is asked of.
    static let lightGroup = 0.5
    /// A single character of a script without spaces, whose neighbours in the question are others than in the articles.
    static let characterWeight = 0.4
    /// A word that was probably mistyped counts less than one that is there.
    static let correctionWeight = 0.5
    /// What a word that people use whatever they speak about counts against one that names a subject, when it is asked
    /// whether the articles answer; and again when no article holds it.
    static let everyday = 0.5
    static let unknownEveryday = 0.4
    /// What was asked just before counts less than the question itself, least of all when it is asked what is covered.
    static let previousInFinding = 0.5
    static let previousInCovering = 0.25

    /// Parts of the final score: words, how much of the question is covered, phrases, likeness to a known question.
    static let wordsShare = 0.5
    static let coverageShare = 0.25
    static let phraseShare = 0.1
    static let likenessShare = 0.15

    /// A text in another language is taken only when the question's own has nothing as good.
    static let otherLanguage = 0.6

    /// Chunks that are ranked finely after the first pass.
    static let candidates = 50
    static let likelyQuestions = 20
    /// Chunks of one article among the results: one long article must not push out all others.
    static let chunksPerArticle = 2

    /// Coverage from which the articles answer.
    static let answerable = 0.5
    /// What a word counts that only a text holds, and no title, heading or question: a long text holds many words that it is
    /// not about.
    static let textEvidence = 0.5
    /// Coverage counted in that way from which the articles may answer.
    static let weak = 0.14
    /// Likeness to a known question that answers a question made of common words only.
    static let sameQuestion = 0.8
    /// Terms of one question that are looked up.
    static let maximumTerms = 96
    /// Unknown words of one question that are looked up as misspelt ones: a pasted log has hundreds.
    static let maximumCorrections = 8
}
