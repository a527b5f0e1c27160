import Assistant
import Foundation

/// `RetrievalFigures [--tuning] [FOLDER]`: what the search in the knowledge base is worth.
///
/// With `--tuning` only what may be tuned on, and each question of it that counts against a figure: whoever has seen the
/// flaws of those that are held out tunes on them.
@main enum Program {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        let folder = arguments.first { !$0.hasPrefix("--") } ?? "Bench/knowledge"
        let set = try QuestionSet(folder: URL(filePath: folder))
        var figures = Figures(of: set, in: KnowledgeIndex(articles: set.articles))
        if arguments.contains("--tuning") {
            figures = figures.over { !$0.isHeldOut }
            print(Report.flaws(of: figures, set))
        }
        print("## Search in the knowledge base: \(set.articles.count) articles, \(figures.outcomes.count) questions\n")
        print(Report.table(of: figures))
        if arguments.contains("--tuning") { return }
        print("\n" + Scale(of: set).report)
    }
}
