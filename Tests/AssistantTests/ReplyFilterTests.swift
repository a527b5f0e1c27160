import Testing

@testable import Assistant

@Suite struct ReplyFilterTests {
    static let passages = [
        Passage(
            articleId: 1, title: "Install",
            text: "See [the guide](https://docs.example.com/guide) or http://localhost:8000 .",
            excerpt: "", locale: "en", score: 1),
        Passage(
            articleId: 2, title: "退款", text: "![图](https://img.example.com/a.png) 退款三天到账，见 [说明](/refund)。", excerpt: "",
            locale: "zh",
            score: 0.5),
    ]

    static func whole(_ text: String, passages: [Passage] = passages) -> ReplyFilter {
        var filter = ReplyFilter(passages: passages)
        _ = filter.push(text)
        _ = filter.finish()
        return filter
    }

    @Test(arguments: [
        ("Refunds take three days [1].", "Refunds take three days [1].", [1]),
        ("三天到账[2]。", "三天到账[2]。", [2]),
        ("三天到账【2】。", "三天到账[2]。", [2]),
        ("Both [1, 2] hold.", "Both [1][2] hold.", [1, 2]),
        ("Both [1][2] hold.", "Both [1][2] hold.", [1, 2]),
        ("Range [1-2].", "Range [1][2].", [1, 2]),
        ("Opaque [[s1]].", "Opaque [1].", [1]),
        ("Named [source 2], [来源1].", "Named [source 2], [1].", [1]),
        ("Made up [3].", "Made up.", []),
        ("Made up [7] and real [1].", "Made up and real [1].", [1]),
        ("Half [1, 9].", "Half [1].", [1]),
        ("Zero [0].", "Zero.", []),
        ("In [2024] it was.", "In [2024] it was.", []),
        ("Great![1] Yes![2][1]", "Great![1] Yes![2][1]", [1, 2]),
        ("Footnote[^1].", "Footnote[1].", [1]),
        ("Linked [1](https://evil.example/x).", "Linked [1].", [1]),
        ("Code `a[1]` and `b[9]` stay [1].", "Code `a[1]` and `b[9]` stay [1].", [1]),
        ("Open [1", "Open [1", []),
        ("Not a [note] here.", "Not a [note] here.", []),
    ])
    func `keeps the numbers of sources that exist`(_ input: String, _ expected: String, _ cited: [Int]) {
        let filter = Self.whole(input)
        #expect(filter.text == expected)
        #expect(filter.citedNumbers == cited)
    }

    @Test(arguments: [
        ("See [the guide](https://docs.example.com/guide).", "See [the guide](https://docs.example.com/guide)."),
        ("见[说明](/refund)", "见[说明](/refund)"),
        ("See https://docs.example.com/guide.", "See https://docs.example.com/guide."),
        ("Open http://localhost:8000 now", "Open http://localhost:8000 now"),
        ("Open http://localhost:8000/ now", "Open http://localhost:8000/ now"),
        ("<https://docs.example.com/guide>", "<https://docs.example.com/guide>"),
        ("![图](https://img.example.com/a.png)", "![图](https://img.example.com/a.png)"),
        ("a < b and b > c", "a < b and b > c"),
        ("Use `List<String>` or <your-key>", "Use `List<String>` or <your-key>"),
        ("hh ww https http: h", "hh ww https http: h"),
        ("Awww, that is nice", "Awww, that is nice"),
    ])
    func `keeps what stands in a source`(_ input: String, _ expected: String) {
        #expect(Self.whole(input).text == expected)
    }

    @Test(arguments: [
        ("Go to https://evil.example/?q=secret now", "Go to  now"),
        ("Go to https://evil.example.", "Go to ."),
        ("去https://evil.example/a看看", "去看看"),
        ("See https://docs.example.com/guide?leak=1 here", "See  here"),
        ("See https://docs.example.com/guide/more here", "See  here"),
        ("[click](https://evil.example)", "click"),
        ("[click](javascript:alert(1))", "click"),
        ("[click](/admin)", "click"),
        ("![x](https://evil.example/p.png?d=secret)", ""),
        ("a ![x](https://evil.example/p.png) b", "a  b"),
        ("[![x](https://evil.example/p)](https://evil.example)", ""),
        ("[![x](https://evil.example/p)](https://docs.example.com/guide)", ""),
        ("![x][ref]\n\n[ref]: https://evil.example/p", "\n\nref: "),
        ("[x]: https://evil.example", "x: "),
        ("[1]: javascript:alert(1)", "[1] javascript:alert(1)"),
        ("<img src=\"//evil.example/x.png\"> ok", " ok"),
        ("<IMG SRC=x onerror=alert(1)>ok", "ok"),
        ("<a href='//evil.example'>hi</a>", "hi"),
        ("<script>alert(1)</script>", "alert(1)"),
        ("<https://evil.example>", ""),
        ("<img src=//evil.example/x", "img src=//evil.example/x"),
        ("visit www.evil.example/path", "visit "),
        ("HTTPS://EVIL.EXAMPLE/x", ""),
        ("ftp://evil.example/x", ""),
        ("![never closed](https://evil.example/x", "never closed"),
        ("h\u{200B}ttps://evil.example/", ""),
        ("safe\u{202E}gnp.exe", "safegnp.exe"),
    ])
    func `takes out links and images that no source has`(_ input: String, _ expected: String) {
        let text = Self.whole(input).text
        #expect(Sentences.trimmed(text) == Sentences.trimmed(expected))
        #expect(!text.lowercased().contains("evil.example") || text.hasPrefix("img src="))
    }

    @Test func `drops an address of any length`() {
        let address = "https://evil.example/" + String(repeating: "a", count: 10_000)
        #expect(Self.whole("x \(address) y").text == "x  y")
        #expect(Self.whole("x [l](\(address)) y").text == "x l y")
        #expect(Self.whole("x ![l](\(address)) y").text == "x l y")
        let label = String(repeating: "b ", count: 400)
        #expect(Self.whole("x [\(label)](javascript:alert) y").text == "x [\(label) y")
        #expect(Self.whole("x [\(label)]: https://evil.example").text == "x [\(label): ")
    }

    @Test(arguments: [
        ("[[unknown]] I do not know.", "I do not know."), ("[[unknown]]\n\n抱歉，我不知道。", "抱歉，我不知道。"),
        ("Sorry. [[unknown]]", "Sorry."),
        ("[[ Unknown ]]Sorry", "Sorry"), ("[unknown] stays", "[unknown] stays"),
    ])
    func `reads the marker of not knowing`(_ input: String, _ expected: String) {
        let filter = Self.whole(input)
        #expect(filter.text == expected)
        #expect(filter.isUnknown == (expected != "[unknown] stays"))
    }

    @Test func `an answer that cites is no unknown one`() {
        #expect(!Self.whole("[[unknown]] Three days [1].").isUnknown)
        #expect(Self.whole("[[unknown]] Three days [8].").isUnknown)
    }

    @Test func `trims and bounds the text`() {
        #expect(Self.whole("\n\n  hello \n ").text == "hello")
        #expect(Self.whole("a\r\nb\u{0}c").text == "a\nbc")
        var filter = ReplyFilter(passages: [], maximumScalars: 5)
        #expect(filter.push("abcdefg") == "abcde")
        #expect(filter.push("h") == "")
        #expect(filter.wasCut)
    }

    @Test func `holds back only what may still be a marker`() {
        var filter = ReplyFilter(passages: Self.passages)
        #expect(filter.push("Three days") == "Three days")
        #expect(filter.push(" [") == "")
        #expect(filter.push("1") == "")
        #expect(filter.push("]") == "")
        #expect(filter.push(". Yes") == " [1]. Yes")
        #expect(filter.push(" [[unk") == "")
        #expect(filter.push("nown]] y") == " y")
        #expect(filter.push("ht") == "")
        #expect(filter.push("ml") == "html")
        #expect(filter.finish() == "")
        #expect(filter.text == "Three days [1]. Yes yhtml")
    }

    /// The finished text is the deltas joined, and the same wherever the stream was cut.
    @Test(arguments: 0..<400)
    func `does not depend on where the stream is cut`(_ seed: Int) {
        var random = SeededGenerator(UInt64(seed))
        let pieces = [
            "[", "]", "(", ")", "!", "[1]", "[2]", "[3]", "[[s1]]", "[[unknown]]", "[1, 2]", " ", "  ", "\n", "\n\n",
            "`", "```", "<", ">", "<img ", "src=",
            "https://", "http://evil.example/x", "https://docs.example.com/guide", "www.", "ww", "ht", "evil.example",
            "/path?q=1", ".", ",", ")", ":", "*", "_",
            "hello", "退款", "三天", "【", "】", "1", "†", "![", "](", "]:", "[ref]: ", "<a href=", "</a>", "\u{200B}", "👨‍👩‍👧",
            "é", "'", "\"", "-", "a[0]", "........", "%20", "h",
            "[the guide](https://docs.example.com/guide)", "![x](https://evil.example/p.png)", "<script>",
            "javascript:", "s", String(repeating: "x", count: 120),
        ]
        let text = (0..<Int.random(in: 1...40, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
            .joined()
        var filter = ReplyFilter(passages: Self.passages)
        var deltas = ""
        var rest = Array(text.unicodeScalars)[...]
        while !rest.isEmpty {
            let count = Int.random(in: 1...7, using: &random)
            deltas += filter.push(String(String.UnicodeScalarView(rest.prefix(count))))
            rest = rest.dropFirst(count)
        }
        deltas += filter.finish()
        #expect(deltas == filter.text)
        let whole = Self.whole(text)
        #expect(filter.text == whole.text, "\(text)")
        #expect(filter.citedNumbers == whole.citedNumbers)
        #expect(filter.saidUnknown == whole.saidUnknown)
        #expect(!filter.text.contains("[[unknown]]"))
        #expect(
            !filter.text.contains("https://evil") && !filter.text.contains("http://evil"), "\(text) → \(filter.text)")
    }

    @Test func `random bytes do no harm`() {
        var random = SeededGenerator(7)
        for _ in 0..<200 {
            let bytes = (0..<Int.random(in: 0...300, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            _ = Self.whole(String(decoding: bytes, as: UTF8.self))
        }
    }
}
