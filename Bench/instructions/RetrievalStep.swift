import Assistant
import Domain
import Foundation

/// Questions asked of the articles in `Bench/knowledge`, one operation for each.
struct RetrievalStep {
    static let rounds = 4
    static let folder = "Bench/knowledge/articles"

    static let questions: [(ask: String, before: String?)] = [
        ("下单之后多久能发货？", nil), ("满多少钱包邮", nil), ("怎么修改收货地址", nil), ("电子发票怎么申请", nil),
        ("忘记密码怎么办", nil), ("台灯保修几年？", nil), ("灯一闪一闪的，是坏了吗", nil), ("那退货运费谁出？", "怎么申请退货"),
        ("How long does delivery to Germany take?", nil), ("What is your return policy?", nil),
        ("How do I reset my password?", nil), ("What are the API rate limits?", nil),
        ("How do I set up a webhook?", nil), ("Do you offer a discount for non-profits?", nil),
        ("can i get my money back if the lamp arrived broken", nil),
        ("And to Norway?", "How long does delivery to Germany take?"),
    ]

    func run() throws -> Int {
        let index = KnowledgeIndex(articles: try Self.articles())
        var passages = 0
        func ask(_ rounds: Int) {
            for _ in 0..<rounds {
                for question in Self.questions {
                    passages += index.search(question.ask, after: question.before, limit: 5).passages.count
                }
            }
        }
        ask(1)
        Window.open()
        ask(Self.rounds)
        Window.close()
        return passages > 0 ? Self.rounds * Self.questions.count : 0
    }

    private static func articles() throws -> [KnowledgeArticle] {
        var articles: [KnowledgeArticle] = []
        for language in ["en", "zh"] {
            let files = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(language)")
            for name in files.sorted() where name.hasSuffix(".md") {
                let bytes = try Data(contentsOf: URL(filePath: "\(folder)/\(language)/\(name)"))
                for article in ImportedFile(path: "\(language)/\(name)", bytes: Array(bytes)).read().articles {
                    articles.append(
                        KnowledgeArticle(
                            id: Int64(articles.count) + 1, title: article.title, content: article.content,
                            locale: article.locale, questions: article.questions))
                }
            }
        }
        guard !articles.isEmpty else {
            throw ScriptFault("no articles in \(folder): run it in the repository's folder")
        }
        return articles
    }
}
