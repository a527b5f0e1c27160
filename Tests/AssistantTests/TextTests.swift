import Testing

@testable import Assistant

@Suite struct TextTests {
    @Test(arguments: [
        ("ＡＢＣ　１２３", "abc 123"), ("轉人工客服", "转人工客服"), ("Ⅷ ①", "viii 1"), ("don’t", "don't"), ("ｱｲｳ", "アイウ"),
        ("a\u{200B}b\u{202E}c", "abc"), ("ÄÖ", "äö"), ("退款！", "退款!"), ("帳號", "账号"), ("", ""), ("…", "..."), ("ﬁ", "fi"),
    ])
    func `unifies what means the same`(_ text: String, _ expected: String) {
        #expect(ComparableText(text).string == expected)
        #expect(ComparableText(ComparableText(text).string).string == expected)
    }

    static func runs(_ text: String) -> [String] {
        let text = ComparableText(text)
        return TextRuns.all(in: text.scalars).map { run in
            ComparableText.init(
                String(String.UnicodeScalarView(text.scalars[run.range].compactMap(Unicode.Scalar.init)))
            ).string
        }
    }

    @Test(arguments: [
        ("iPhone15", ["iphone", "15"]), ("iPhone 15", ["iphone", "15"]), ("GPT-4o", ["gpt", "4", "o"]),
        ("don't", ["don't"]), ("退款refund退", ["退款", "refund", "退"]), ("a,b", ["a", "b"]), ("", []), ("!?", []),
        ("漢字カナ", ["汉字カナ"]), ("Привет мир", ["привет", "мир"]),
    ])
    func `cuts into runs`(_ text: String, _ expected: [String]) {
        #expect(Self.runs(text) == expected)
    }

    @Test func `tells where clauses begin`() {
        func clauses(_ text: String) -> Int {
            let text = ComparableText(text)
            return TextRuns.all(in: text.scalars).count(where: \.startsClause)
        }
        #expect(clauses("转人工，不用了") == 2)
        #expect(clauses("a b. c d, e") == 3)
        #expect(clauses("version 4.1 at example.com costs 1,000") == 1)
        #expect(clauses("一\n二。三！四？五；六…七") == 7)
    }

    @Test func `holds the joined form beside its parts`() {
        let terms = TextTerms.set(of: "GPT-4o")
        #expect(terms.contains(.word("gpt4o".unicodeScalars.map(\.value))))
        #expect(TextTerms.set(of: "iPhone15").contains(.word("iphone15".unicodeScalars.map(\.value))))
        let han = TextTerms.set(of: "退款")
        #expect(han == [.character(0x9000), .character(0x6B3E), .pair(0x9000, 0x6B3E)])
    }

    @Test(arguments: [
        ("prices", "price"), ("pricing", "price"), ("installing", "installed"), ("companies", "company"),
        ("stopped", "stop"), ("embedding", "embed"), ("embedded", "embed"), ("boxes", "box"), ("passes", "pass"),
        ("customer's", "customers"), ("shipping", "ship"), ("hours", "hour"),
    ])
    func `joins the forms of a word`(_ first: String, _ second: String) {
        func stem(_ word: String) -> [UInt32] { Array(EnglishWords.stem(word.unicodeScalars.map(\.value)[...])) }
        #expect(stem(first) == stem(second))
    }

    @Test(arguments: [
        ("general", "generate"), ("string", "str"), ("bus", "bu"), ("this", "thi"), ("feed", "fe"),
        ("news", "new york"),
    ])
    func `keeps different words apart`(_ first: String, _ second: String) {
        func stem(_ word: String) -> [UInt32] { Array(EnglishWords.stem(word.unicodeScalars.map(\.value)[...])) }
        #expect(stem(first) != stem(second))
    }

    @Test func `cuts sentences in both languages`() {
        #expect(Sentences.all(in: "退款三天。“好的。”再见！真的？！是") == ["退款三天。", "“好的。”", "再见！", "真的？！", "是"])
        #expect(
            Sentences.all(in: "It costs 3.5 at example.com, e.g. now. Really? Yes!\nNew line") == [
                "It costs 3.5 at example.com, e.g. now.", "Really?", "Yes!", "New line",
            ])
        #expect(Sentences.all(in: "") == [])
    }

    @Test func `cuts articles by heading and size`() {
        func chunks(_ content: String, questions: [String] = []) -> [Chunk] {
            Chunks.all(of: KnowledgeArticle(id: 1, title: "T", content: content, locale: "zh", questions: questions))
        }
        #expect(chunks("短文。") == [Chunk(headings: [], text: "短文。")])
        #expect(chunks(String(repeating: "很长的答案。", count: 200), questions: ["问？"]).count == 1)
        let document =
            "# T\n\n## 安装\n\n" + String(repeating: "安装说明。", count: 60) + "\n\n### Docker\n\n"
            + String(repeating: "容器说明。", count: 60) + "\n\n## 升级\n\n```\n# no heading\n```\n"
            + String(repeating: "升级说明。", count: 10)
        #expect(chunks(document).map(\.headings) == [["安装"], ["安装", "Docker"], ["升级"]])
        #expect(chunks(document).last?.text.contains("# no heading") == true)
        let long = chunks(String(repeating: "一段没有标题的长文字，", count: 300))
        #expect(long.count > 4)
        #expect(long.allSatisfy { Chunks.measure($0.text) <= Chunks.size + Chunks.overlap })
        let sentences = chunks((0..<200).map { "第\($0)句话说的是这个。" }.joined())
        #expect(sentences.dropFirst().allSatisfy { $0.text.contains("句") })
        #expect(chunks("").count == 1)
        #expect(chunks(String(repeating: "# 标题\n\n", count: 400)).count == 1)
    }

    @Test func `takes the marks out of Markdown`() {
        #expect(
            PlainText.of(
                "# Title\n\nSome **bold** `code` and [link](https://x.example) ![alt](https://i.example)\n\n> quote\n\n```sh\nmake run\n```"
            ) == "Title\n\nSome bold code and link (https://x.example) alt\n\nquote\n\nmake run")
        #expect(PlainText.of("snake_case and 2*3*4") == "snake_case and 2*3*4")
        #expect(PlainText.of("[https://x.example](https://x.example)") == "https://x.example")
    }
}
