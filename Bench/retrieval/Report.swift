import Assistant
import Foundation

/// The figures as a table of Markdown.
enum Report {
    static func table(of figures: Figures) -> String {
        var rows: [(String, Figures)] = [
            ("all", figures),
            ("tuned on", figures.over { !$0.isHeldOut }),
            ("held out", figures.over(\.isHeldOut)),
        ]
        for language in QuestionSet.languages { rows.append((language, figures.over { $0.language == language })) }
        for language in QuestionSet.languages {
            rows.append(("\(language), held out", figures.over { $0.language == language && $0.isHeldOut }))
        }
        var kinds: [String] = []
        for kind in figures.outcomes.map(\.question.kind) where !kinds.contains(kind) { kinds.append(kind) }
        for kind in kinds { rows.append((kind, figures.over { $0.kind == kind })) }
        return """
            | Questions | with answer | recall@5 | MRR | without | no-answer precision | no-answer recall \
            | answered wrongly |
            |---|---|---|---|---|---|---|---|

            """ + rows.map { line($0.0, $0.1) }.joined(separator: "\n")
    }

    /// Each question that counts against a figure, with what was found instead.
    static func flaws(of figures: Figures, _ set: QuestionSet) -> String {
        figures.outcomes.filter(\.isFlawed).map { outcome in
            let found = outcome.found.passages.prefix(4).map { passage in
                "\(set.names[Int(passage.articleId) - 1]) \(passage.score)"
            }
            let question = outcome.question
            return """
                \(question.kind) "\(question.ask)" \
                wants \(question.answers.joined(separator: "|")) rank \(outcome.rank.map(String.init) ?? "-") \
                \(outcome.found.answerability.rawValue) \(outcome.found.coverage): \(found.joined(separator: ", "))
                """
        }.joined(separator: "\n")
    }

    private static func line(_ name: String, _ figures: Figures) -> String {
        let has = figures.answerableCount > 0
        let lacks = figures.unanswerableCount > 0
        let cells = [
            name, String(figures.answerableCount), has ? number(figures.recall) : "",
            has ? number(figures.meanReciprocalRank) : "", String(figures.unanswerableCount),
            has && lacks ? number(figures.noAnswerPrecision) : "", lacks ? number(figures.noAnswerRecall) : "",
            lacks ? number(figures.wronglyAnswered) : "",
        ]
        return "| " + cells.joined(separator: " | ") + " |"
    }

    private static func number(_ value: Double) -> String { String(format: "%.3f", value) }
}
