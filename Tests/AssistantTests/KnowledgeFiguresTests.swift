import Assistant
import Foundation
import RetrievalFigures
import Testing

/// What the search is worth over the committed questions, which `Bench/knowledge/README.md` describes. The same figures are
/// printed by `make bench`; they are exact, because nothing in them depends on time or chance.
@Suite struct KnowledgeFiguresTests {
    static let figures: Result<Figures, any Error> = Result {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let set = try QuestionSet(folder: root.appending(path: "Bench/knowledge"))
        return Figures(of: set, in: KnowledgeIndex(articles: set.articles))
    }

    @Test func `finds what answers, and says when nothing does`() throws {
        let figures = try Self.figures.get()
        #expect(figures.recall >= 0.95)
        #expect(figures.meanReciprocalRank >= 0.85)
        #expect(figures.noAnswerPrecision >= 0.9)
        // Near misses in the same trade hold the words of an answer; those are answered with reserve.
        #expect(figures.noAnswerRecall >= 0.4)
        #expect(figures.wronglyAnswered <= 0.1)
    }

    @Test(arguments: QuestionSet.languages)
    func `is worth as much in either language`(_ language: String) throws {
        let figures = try Self.figures.get().over { $0.language == language }
        #expect(figures.recall >= 0.92)
        #expect(figures.meanReciprocalRank >= 0.85)
        #expect(figures.noAnswerPrecision >= 0.9)
    }

    @Test(arguments: ["direct", "short", "typo", "mixed", "traditional"])
    func `loses nothing that is asked in the articles' own words`(_ kind: String) throws {
        let figures = try Self.figures.get().over { $0.kind == kind }
        #expect(figures.recall == 1)
        #expect(figures.meanReciprocalRank >= 0.95)
    }

    @Test func `holds for questions that nothing was tuned on`() throws {
        let figures = try Self.figures.get().over(\.isHeldOut)
        #expect(figures.recall >= 0.85)
        #expect(figures.meanReciprocalRank >= 0.8)
        #expect(figures.noAnswerPrecision >= 0.9)
    }

    @Test func `asks enough`() throws {
        let questions = try Self.figures.get().outcomes.map(\.question)
        for language in QuestionSet.languages {
            #expect(questions.count { $0.language == language } >= 75)
            #expect(questions.count { $0.language == language && $0.answers.isEmpty } >= 18)
        }
    }
}
