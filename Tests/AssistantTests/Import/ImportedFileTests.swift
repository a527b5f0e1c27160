import Domain
import Testing

@testable import Assistant

@Suite struct ImportedFileTests {
    private func read(_ path: String, _ text: String) -> ImportedFile.Reading {
        ImportedFile(path: path, bytes: Array(text.utf8)).read()
    }

    @Test func frontMatterSaysWhatTheArticleIs() {
        let reading = read(
            "help/refunds.md",
            """
            ---
            # for people
            title: "Refunds: all of them"
            locale: zh_CN
            questions:
              - 怎么退款？
              - 'It''s late'
            tags:
              - money
            status: published
            layout: page
            ---

            ## 步骤

            先提交申请。
            """)
        #expect(
            reading.articles == [
                ImportedArticle(
                    source: "help/refunds.md", title: "Refunds: all of them", content: "## 步骤\n\n先提交申请。",
                    locale: "zh-CN", questions: ["怎么退款？", "It's late"], status: .published)
            ])
    }

    @Test(
        arguments: [
            ("# Title #\n\ntext", "Title", "text"), ("\n\n# 标题\r\n正文", "标题", "正文"),
            ("Title\n=====\n\ntext", "Title", "text"),
            ("text first\n\n## Later\n\nmore", "Later", "text first\n\n## Later\n\nmore"),
            ("only text", "how to pay", "only text"),
            ("---\nsome text below a line", "how to pay", "---\nsome text below a line"),
            ("---\nquestions: [a, \"b, c\"]\n---\n# H\ntext", "H", "text"),
        ] as [(String, String, String)]) func aTitleIsFound(_ text: String, title: String, content: String)
    {
        let article = read("faq/how-to_pay.md", text).articles.first
        #expect(article?.title == title)
        #expect(article?.content == content)
    }

    @Test func theLanguageIsThatOfTheWords() {
        #expect(read("a.md", "# Refunds\n\nThey take three days.").articles.first?.locale == "en")
        #expect(read("a.md", "# 退款\n\n三到五天到账。").articles.first?.locale == "zh")
        #expect(read("a.md", "# 42\n\n7").articles.first?.locale == "en")
    }

    @Test(
        arguments: [
            ("a.md", "---\ntitle: X\nlocale: ?!\nstatus: perhaps\n---\ntext", ["line 3: ", "line 4: "]),
            ("a.md", "---\ntitle: X\n\ntext", ["line 1: "]), ("a.md", "# Only a title\n", ["line 1: there is no text"]),
            ("a.md", "", ["line 1: there is no text"]), ("a.md", "one\ntwo\u{0}", ["line 2: the file is no text"]),
            ("a.pdf", "x", ["only Markdown"]), ("noending", "x", ["only Markdown"]),
            ("a.csv", "question,answer\na,b\n\"c,d\ne", ["line 3: the quote"]),
            ("a.csv", "question,answer\na,b\na,c\n,d\ne,\nf,g,h", ["line 3: ", "line 4: ", "line 5: ", "line 6: "]),
            ("a.csv", "colour,size\nred,1", ["line 1: the first row"]), ("a.csv", "", ["the file is empty"]),
            ("a.csv", "question,answer\n", ["no row has"]),
            ("a.csv", "question,frage,question,answer\na,b,c,d", ["line 1: two"]),
            (
                "a.csv", "question,answer,status,lang\na,b,later,en\na2,b,draft,!",
                ["line 2: the status", "line 3: the locale"]
            ),
        ] as [(String, String, [String])]) func whatIsWrongIsToldWithItsLineAndNothingIsImported(
            _ path: String, _ text: String, _ starts: [String]
        )
    {
        let reading = read(path, text)
        #expect(reading.articles.isEmpty)
        #expect(reading.problems.count == starts.count)
        for (problem, start) in zip(reading.problems, starts) {
            #expect(problem.description.hasPrefix(start), "\(problem)")
        }
    }

    @Test func theProblemsOfAFileAreBounded() {
        let rows = (0..<1000).map { "q\($0)," }.joined(separator: "\n")
        let reading = read("a.csv", "question,answer\n" + rows)
        #expect(reading.problems.count == ImportedFile.maximumProblems + 1)
        #expect(reading.problems.last?.message == "and 980 more like these")
    }

    @Test(
        arguments: [
            ("question,answer\r\nHow?,So\r\n", [("How?", ["How?"], "So")]),
            (
                "\u{FEFF}问题;答案\n\"怎么退款？|退款多久到账\n能退吗\";\"三天。\r\n请\"\"等\"\"\"\n",
                [("怎么退款？", ["怎么退款？", "退款多久到账", "能退吗"], "三天。\n请\"等\"")]
            ),
            ("标题\t问题\t回答\n发票\t怎么开票\t在订单里\n", [("发票", ["怎么开票"], "在订单里")]),
            ("Title,Answer\nPay, by card \n\n,,\nRefund,\"a,b\"", [("Pay", [], "by card"), ("Refund", [], "a,b")]),
            ("sep=;\r\nquestion;answer\r\na;b,c\r\n", [("a", ["a"], "b,c")]),
            ("question,answer\ra,b\rc,d", [("a", ["a"], "b"), ("c", ["c"], "d")]),
            ("Q,A\n  \"x\" ,y\n", [("x", ["x"], "y")]),
        ] as [(String, [(String, [String], String)])]) func tablesAreRead(
            _ text: String, _ expected: [(String, [String], String)]
        )
    {
        let reading = read("t.csv", text)
        #expect(reading.problems.isEmpty)
        #expect(reading.articles.map(\.title) == expected.map(\.0))
        #expect(reading.articles.map(\.questions) == expected.map(\.1))
        #expect(reading.articles.map(\.content) == expected.map(\.2))
    }

    @Test func aRowIsKnownByItsIdOrItsQuestion() {
        let named = read("help/t.csv", "id,question,answer,语言,状态\nF7,a,b,中文,已发布\nF8,a,c,,draft")
        #expect(named.articles.map(\.source) == ["help/t.csv#F7", "help/t.csv#F8"])
        #expect(named.articles.map(\.locale) == ["zh", "en"])
        #expect(named.articles.map(\.status) == [.published, .draft])
        let long = String(repeating: "很", count: 290)
        let asked = read("t.csv", "question,answer\nHow?,b\n\(long)一,c\n\(long)二,d")
        let sources = asked.articles.map(\.source)
        #expect(sources.first == "t.csv#How?")
        #expect(Set(sources).count == 3)
        #expect(sources.allSatisfy { $0.unicodeScalars.count <= ArticleLimits.maximumSource })
        #expect(sources.map(ImportedFile.path(ofSource:)) == ["t.csv", "t.csv", "t.csv"])
    }

    @Test(
        arguments: [
            ("./help/a.md", "help/a.md"), ("/help//a.md", "help/a.md"), ("..\\..\\etc\\a.md", "etc/a.md"),
            ("a\u{7}.md", "a.md"),
        ] as [(String, String)]) func pathsAreKnownInOneForm(_ path: String, _ known: String)
    {
        #expect(ImportedFile.knownPath(of: path) == known)
    }

    @Test func longPathsStayApartAndBounded() {
        let long = String(repeating: "很长/", count: 500)
        let (one, other) = (ImportedFile.knownPath(of: "a/\(long)x.md"), ImportedFile.knownPath(of: "b/\(long)x.md"))
        #expect(one != other)
        #expect(one.hasSuffix("x.md"))
        #expect(one.unicodeScalars.count <= 180)
    }

    @Test func aLongTextIsDividedAtItsHeadings() throws {
        let section = String(repeating: "word ", count: 16_000)
        let text = "# Book\n\n" + (1...5).map { "## Chapter \($0)\n\n\(section)\n\n" }.joined()
        let articles = read("book.md", text).articles
        #expect(articles.map(\.title) == ["Book", "Book (2)", "Book (3)"])
        #expect(articles.map(\.source) == ["book.md", "book.md#2", "book.md#3"])
        #expect(articles.allSatisfy { ArticleLimits.content.contains($0.content.unicodeScalars.count) })
        #expect(articles.allSatisfy { $0.content.hasPrefix("## Chapter") })
        let whole = articles.map(\.content).joined(separator: "\n\n")
        #expect((1...5).allSatisfy { whole.contains("## Chapter \($0)") })
    }

    @Test func aLongTextWithoutHeadingsIsDividedToo() {
        #expect(ArticleParts.split("ab\ncd\nef\n", limit: 6) == ["ab\ncd", "ef"])
        #expect(ArticleParts.split("abcdefgh", limit: 3) == ["abc", "def", "gh"])
        #expect(ArticleParts.split("```\n# a\n# b\n```\n# c", limit: 18) == ["```\n# a\n# b\n```", "# c"])
        let title = String(repeating: "x", count: 300)
        #expect(ArticleParts.title(title, part: 2).unicodeScalars.count == 300)
        #expect(ArticleParts.title(title, part: 2).hasSuffix(" (2)"))
    }

    @Test func textsAboveTheLimitsAreRefused() {
        let long = String(repeating: "q", count: 301)
        #expect(read("a.md", "# \(long)\ntext").problems.map(\.line) == [1])
        #expect(read("a.csv", "title,question,answer\nt,\(long),a").problems.map(\.line) == [2])
        let many = (0..<51).map { "q\($0)" }.joined(separator: "|")
        #expect(read("a.csv", "question,answer\n\(many),a").problems.map(\.line) == [2])
        let huge = ImportedFile(path: "a.md", bytes: [UInt8](repeating: 0x61, count: ImportedFile.maximumBytes + 1))
        #expect(huge.read().problems.map(\.message) == ["the file has more than 8 MiB"])
    }
}
