import Testing

@testable import Assistant

@Suite struct KnowledgeIndexTests {
    /// A lamp shop's articles, which nothing else in the product speaks of.
    static let articles: [KnowledgeArticle] = [
        article(1, "退款政策", "自收到货之日起三十天内，可以申请退款。退款会在五个工作日内原路到账。", "zh", ["怎么退款？", "退款多久到账？"]),
        article(
            2, "Refund policy",
            "You can ask for a refund within thirty days. The money arrives after five working days.", "en",
            ["How do I get a refund?", "How long does a refund take?"]),
        article(3, "运费和配送", "满一百元包邮，偏远地区加收十元。一般两到四天送达，海外订单由国际物流运送。", "zh", ["运费多少钱？", "几天能到？", "寄到国外吗？"]),
        article(
            4, "Shipping",
            "Shipping is free above 50 euros. Parcels arrive within two to four days; we ship worldwide.", "en",
            ["How much is shipping?", "Do you ship abroad?"]),
        article(5, "台灯保修", "台灯保修两年。灯泡属于易耗品，不在保修范围内。", "zh", ["台灯坏了怎么办？", "保修期多长？"]),
        article(
            6, "Lamp warranty", "Lamps have a warranty of two years. Bulbs are not covered.", "en",
            ["My lamp is broken", "How long is the warranty?"]),
        article(7, "会员积分", "每消费一元积一分，一百积分抵一元。积分一年内有效。", "zh", ["积分怎么用？", "会员有什么好处？"]),
        article(8, "Gift cards", "Gift cards come by e-mail and never expire.", "en", ["Do you sell gift cards?"]),
        article(9, "发票", "下单时选择开发票，电子发票发送到邮箱。", "zh", ["可以开发票吗？"]),
        article(10, "iPhone 15 充电台灯", "这款台灯可以给 iPhone15 无线充电，功率 15W。", "zh", ["能给手机充电吗？"]),
        article(11, "营业时间", "门店周一至周六九点到十八点营业。", "zh", ["几点开门？", "周日营业吗？"]),
        article(12, "Opening hours", "The shop is open Monday to Saturday from 9 to 18.", "en", ["When are you open?"]),
    ]

    static func article(
        _ id: Int64, _ title: String, _ content: String, _ locale: String, _ questions: [String]
    ) -> KnowledgeArticle {
        KnowledgeArticle(id: id, title: title, content: content, locale: locale, questions: questions)
    }

    static let index = KnowledgeIndex(articles: articles)

    @Test(arguments: [
        // The words of the article, questions asked otherwise, two-character and one-character words.
        ("怎么退款？", 1), ("退款", 1), ("退款要几天到账", 1), ("我想退款，钱什么时候能到账", 1), ("怎么退钱", 1), ("運費多少錢", 3), ("邮费多少", 3),
        ("快递几天能到", 3), ("可以寄到国外吗", 3), ("包邮吗", 3),
        ("台灯坏了", 5), ("保修多久", 5), ("质保期是多长", 5), ("灯泡保修吗", 5), ("积分怎么用", 7), ("会员积分有什么用", 7), ("怎么开票", 9),
        ("可以开发票吗", 9), ("几点开门", 11), ("周日营业吗", 11), ("你们的营业时间是什么", 11),
        // Mixed script and letter-digit boundaries.
        ("iphone15能充电吗", 10), ("iPhone 15 无线充电", 10), ("ＩＰＨＯＮＥ 15", 10),
        // Traditional characters.
        ("怎麼退款", 1), ("檯燈壞了怎麼辦", 5), ("發票怎麼開", 9),
        // English.
        ("How do I get a refund?", 2), ("refund", 2), ("can i have my money back", 2), ("how long do refunds take", 2),
        ("what does shipping cost", 4), ("do you deliver worldwide", 4), ("shipping abroad", 4),
        ("my lamp is broken", 6), ("warranty", 6),
        ("are bulbs covered by the warranty", 6), ("do gift cards expire", 8), ("giftcards", 8),
        ("when are you open", 12), ("opening hours please", 12), ("REFUND POLICY!!!", 2),
        // Slips of the finger.
        ("how do i get a refudn", 2), ("waranty", 6), ("shiping cost", 4), ("gift crads", 8), ("opning hours", 12),
        ("退宽多久到账", 1), ("台灯保休期", 5),
    ])
    func `finds the article, in the question's language`(_ question: String, _ id: Int64) {
        let answer = Self.index.search(question, limit: 3)
        #expect(
            answer.passages.first?.articleId == id, "\(question): \(answer.passages.map(\.title)) \(answer.coverage)")
        #expect(answer.answerability >= .weak, "\(question): \(answer.coverage)")
    }

    @Test(arguments: [
        "你们卖火车票吗", "今天天气怎么样", "法国的首都是哪里", "支持微信登录吗", "什么是量子力学", "你们的老板叫什么名字", "推荐一部电影", "What is Kubernetes?",
        "Who is the president of France?", "How do I bake bread?", "what is the meaning of life",
        "do you sell bicycles", "what is this", "how does it work", "什么", "是什么", "怎么办", "", "   ", "?!", "a", "的",
        "12345678", "can you help me", "你能做什么",
    ])
    func `knows what no article answers`(_ question: String) {
        let answer = Self.index.search(question, limit: 3)
        #expect(answer.answerability == .none, "\(answer.coverage) \(answer.passages.map(\.title))")
    }

    @Test func `takes another language when the question's own has nothing`() {
        let answer = Self.index.search("礼品卡 gift card 会过期吗", limit: 3)
        #expect(answer.passages.first?.articleId == 8)
        let english = KnowledgeIndex(articles: Self.articles.filter { $0.locale == "en" })
        #expect(english.search("退款", limit: 1).passages.first?.articleId == 2)
        #expect(english.search("退款", limit: 1).answerability == .answerable)
    }

    @Test func `a question leans on the one before it`() {
        let alone = Self.index.search("多久？", limit: 1)
        #expect(alone.answerability == .none)
        let together = Self.index.search("那它要多久？", after: "台灯保修", limit: 1)
        #expect(together.passages.first?.articleId == 5)
        #expect(
            Self.index.search("and how long does it take?", after: "I want a refund", limit: 1).passages.first?
                .articleId == 2)
        // A new subject does not.
        #expect(Self.index.search("几点开门", after: "退款", limit: 1).passages.first?.articleId == 11)
        #expect(Self.index.search("is it tasty?", after: "What is the refund policy?", limit: 1).answerability == .none)
    }

    @Test func `scores lie between 0 and 1, best first, and bounded in number`() {
        for question in Self.articles.flatMap(\.questions) {
            let passages = Self.index.search(question, limit: 4).passages
            #expect(passages.count <= 4)
            #expect(passages.allSatisfy { (0...1).contains($0.score) })
            #expect(passages.map(\.score) == passages.map(\.score).sorted(by: >))
        }
        #expect(Self.index.search("退款", limit: 0).passages.isEmpty)
        #expect(KnowledgeIndex.empty.search("退款", limit: 3) == .nothing)
    }

    @Test func `ranks the same whatever the order of the rows`() {
        var random = SeededGenerator(1)
        for _ in 0..<5 {
            let shuffled = KnowledgeIndex(articles: Self.articles.shuffled(using: &random))
            for question in Self.articles.flatMap(\.questions) {
                #expect(shuffled.search(question, limit: 5) == Self.index.search(question, limit: 5))
            }
        }
    }

    @Test func `one long article does not push out the others`() {
        let long = Self.article(
            50, "退款大全",
            (0..<40).map { "## 第\($0)章 退款\n\n" + String(repeating: "关于退款的说明很长。", count: 20) }.joined(separator: "\n\n"),
            "zh", [])
        let index = KnowledgeIndex(articles: Self.articles + [long])
        let passages = index.search("退款", limit: 6).passages
        #expect(passages.count { $0.articleId == 50 } <= 2)
        #expect(passages.contains { $0.articleId == 1 })
    }

    @Test func `shows the sentence that fits as the excerpt`() throws {
        let passage = try #require(Self.index.search("积分有效期", limit: 1).passages.first)
        #expect(passage.excerpt.contains("积分"))
        #expect(passage.excerpt.count <= 200)
        let long = KnowledgeIndex(articles: [
            Self.article(
                1, "Manual",
                String(repeating: "Nothing of interest stands here. ", count: 30)
                    + "The **dimmer** clicks. It is [here](https://x.example).", "en", ["Where is the dimmer?"])
        ])
        #expect(long.search("dimmer", limit: 1).passages.first?.excerpt.hasPrefix("The dimmer clicks.") == true)
    }

    @Test(arguments: 0..<60)
    func `takes any text`(_ seed: Int) {
        var random = SeededGenerator(UInt64(seed))
        func text(_ most: Int) -> String {
            let bytes = (0..<Int.random(in: 0...most, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let scalars = (0..<Int.random(in: 0...most, using: &random)).compactMap { _ in
                Unicode.Scalar(UInt32.random(in: 0...0x11_0000, using: &random))
            }
            return String(decoding: bytes, as: UTF8.self) + "# \n```\n" + String(String.UnicodeScalarView(scalars))
                + ["退款", "refund", "\n\n", "- a\n"].shuffled(using: &random).joined()
        }
        let index = KnowledgeIndex(
            articles: (0..<5).map {
                Self.article(
                    Int64($0), text(20), text(2000), ["zh", "en", "", "fr"].randomElement(using: &random) ?? "",
                    [text(30)])
            })
        for _ in 0..<5 { _ = index.search(text(300), after: text(50), limit: 5) }
    }

    @Test func `a pasted log is read in bounded time`() {
        let log = String(repeating: "2026-01-01 ERROR isntall pasword failde 退款错误 at 0x7fff ", count: 5_000)
        let taken = ContinuousClock().measure { _ = Self.index.search(log, limit: 5) }
        #expect(taken < .seconds(5))
    }

    @Test func `the sample articles answer about the product in both languages`() {
        let drafts = SampleKnowledge.articles()
        #expect(drafts.count { $0.locale == "en" } == drafts.count { $0.locale == "zh" })
        #expect(drafts.count >= 24)
        let index = KnowledgeIndex(
            articles: drafts.enumerated().map {
                Self.article(
                    Int64($0.offset), $0.element.title, $0.element.content, $0.element.locale, $0.element.questions)
            })
        for draft in drafts {
            #expect(!draft.content.isEmpty)
            for question in [draft.title] + draft.questions {
                let answer = index.search(question, in: Language(locale: draft.locale), limit: 3)
                #expect(answer.answerability == .answerable, "\(question)")
                #expect(
                    answer.passages.first?.title == draft.title, "\(question): \(answer.passages.first?.title ?? "")")
            }
        }
        #expect(index.search("What is Chat API?", limit: 1).passages.first?.title == "What is Chat API?")
        #expect(index.search("Chat API 是什么？", limit: 1).passages.first?.title == "Chat API 是什么？")
    }
}
