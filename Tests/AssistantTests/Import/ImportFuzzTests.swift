import Domain
import Testing

@testable import Assistant

/// Whatever is in a file, reading it ends, with articles within their limits or with problems.
@Suite struct ImportFuzzTests {
    private static let words: [String] = [
        "<", ">", "</", "/>", "<!--", "-->", "<p>", "<table>", "<tr>", "<td>", "</table>", "<li>", "<ul>", "</ul>",
        "<h1>",
        "<script>", "</script>", "<title>", "<a href=", "\"", "'", "=", "&", "&amp", "&#", "&#x110000;", ";",
        "charset=gbk",
        "---", "\n", "\r\n", "\r", ",", "|", "title:", "questions:", "- ", "[", "]", "# ", "```", "问题", "答案",
        "question,answer",
        "退款", "é", "\u{0}", "\u{FEFF}", "\u{200D}", "a", " ", "\t", "sep=", "<blockquote>", "<pre>",
        "<details><summary>", "<b>",
    ]

    @Test(arguments: ["a.md", "a.html", "a.csv"]) func randomFilesAreReadToTheirEnd(_ path: String) {
        for seed in UInt64(1)...600 {
            var random = SeededGenerator(seed)
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0...300, using: &random) {
                if seed % 3 == 0 || Int.random(in: 0..<12, using: &random) == 0 {
                    bytes.append(UInt8.random(in: .min ... .max, using: &random))
                } else {
                    bytes += (Self.words.randomElement(using: &random) ?? "").utf8
                }
            }
            if seed % 5 == 0 { bytes = [0xFF, 0xFE] + bytes }
            let reading = ImportedFile(path: path, bytes: bytes).read()
            #expect(reading.articles.isEmpty != reading.problems.isEmpty, "seed \(seed)")
            for article in reading.articles {
                #expect(ArticleLimits.content.contains(article.content.unicodeScalars.count), "seed \(seed)")
                #expect(ArticleLimits.title.contains(article.title.unicodeScalars.count), "seed \(seed)")
                #expect(article.source.unicodeScalars.count <= ArticleLimits.maximumSource, "seed \(seed)")
                #expect(article.questions.allSatisfy { ArticleLimits.question.contains($0.unicodeScalars.count) })
                #expect(article.content.utf8.count <= bytes.count * 20 + 100, "seed \(seed)")
            }
        }
    }

    @Test func everyBeginningOfAFileIsReadToItsEnd() {
        let html =
            "<!doctype html><html lang=\"zh\"><title>T&amp;</title><!-- c --><table><tr><td colspan=2>a|b<a href='x'>l</a><pre>p"
        let table = "\u{FEFF}问题;答案\r\n\"a\"\"|b\r\nc\";d\r\n"
        let text = "---\ntitle: \"x\"\nquestions: [a, 'b']\n---\n# H\n```\ncode\n```\n"
        for (path, whole) in [("a.html", html), ("a.csv", table), ("a.md", text)] {
            let bytes = Array(whole.utf8)
            for end in 0...bytes.count { _ = ImportedFile(path: path, bytes: Array(bytes[..<end])).read() }
        }
    }
}
