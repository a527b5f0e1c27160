import Assistant
import Foundation

/// What a search takes in a large knowledge base, and what it takes to make its index.
struct Scale {
    static let articles = 10_000
    /// How often each question of the set is asked.
    static let rounds = 20
    static let updates = 20

    private(set) var building: Duration
    private(set) var memoryMiB: Int
    private(set) var textMiB: Int
    private(set) var chunks: Int
    /// Ascending.
    private(set) var searches: [Duration] = []
    private(set) var updating: [Duration] = []

    init(of set: QuestionSet) {
        let clock = ContinuousClock()
        var variation = Variation(of: set, seed: 1)
        let articles = variation.articles(Self.articles)
        textMiB = articles.reduce(0) { $0 + $1.content.utf8.count } >> 20
        let before = Self.residentMiB
        var index = KnowledgeIndex.empty
        building = clock.measure { index = KnowledgeIndex(articles: articles) }
        memoryMiB = Self.residentMiB - before
        chunks = index.chunkCount
        for _ in 0..<Self.rounds {
            for question in set.questions {
                searches.append(
                    clock.measure {
                        _ = index.search(question.ask, after: question.before.last, limit: Figures.passages)
                    })
            }
        }
        searches.sort()
        for number in 0..<Self.updates {
            let article = variation.article(id: Int64(number * 499 + 1))
            updating.append(
                clock.measure {
                    var builder = KnowledgeIndexBuilder(from: index)
                    builder.put([article])
                    index = builder.index()
                })
        }
        updating.sort()
    }

    var report: String {
        """
        ## A knowledge base of \(Self.articles) articles (\(textMiB) MiB of text, \(chunks) pieces)

        | | |
        |---|---|
        | search, p50 | \(Self.milliseconds(Self.share(0.5, of: searches))) |
        | search, p99 | \(Self.milliseconds(Self.share(0.99, of: searches))) |
        | search, longest of \(searches.count) | \(Self.milliseconds(Self.share(1, of: searches))) |
        | making the index | \(Self.milliseconds(building)) |
        | its memory, with what making it left behind | \(memoryMiB) MiB |
        | an index with one article changed, median | \(Self.milliseconds(Self.share(0.5, of: updating))) |
        """
    }

    private static func share(_ share: Double, of times: [Duration]) -> Duration {
        times.isEmpty ? .zero : times[min(times.count - 1, Int(Double(times.count) * share))]
    }

    private static func milliseconds(_ time: Duration) -> String {
        String(format: "%.2f ms", Double(time.components.attoseconds) / 1e15 + Double(time.components.seconds) * 1e3)
    }

    /// Memory of the process, as Linux tells it; 0 elsewhere.
    private static var residentMiB: Int {
        guard let status = try? FileHandle(forReadingFrom: URL(filePath: "/proc/self/status")).readToEnd() else {
            return 0
        }
        let line = String(decoding: status, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) >> 10
    }
}
