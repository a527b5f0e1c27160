import Synchronization
import Testing

@testable import Assistant

@Suite struct BuiltinProviderTests {
    static let index = KnowledgeIndex(articles: [
        KnowledgeArticle(
            id: 1, title: "Refund policy",
            content: "You can return any lamp within **30 days**. The money comes back in five working days.",
            locale: "en", questions: ["How do I get a refund?"]),
        KnowledgeArticle(
            id: 2, title: "退款政策", content: "收到货后 30 天内可以退款。退款会在五个工作日内到账。", locale: "zh",
            questions: ["怎么退款？", "退款多久到账？"]),
        KnowledgeArticle(
            id: 3, title: "Opening hours", content: "The shop is open from 9 to 18, Monday to Saturday.", locale: "en",
            questions: ["When are you open?"]),
        KnowledgeArticle(
            id: 4, title: "Lamp manual",
            content: "# Lamp manual\n\n"
                + (0..<30).map {
                    "## Part \($0)\n\nThis paragraph speaks about the part with number \($0) in many words that nobody needs to read at once.\n\n"
                }.joined()
                + "## Dimmer\n\nTurn the dimmer clockwise to make the lamp brighter. It clicks when it is off.\n",
            locale: "en", questions: []),
    ])

    static func answer(_ question: String) async throws -> (text: String, pieces: Int, filter: ReplyFilter) {
        let knowledge = index.search(question, limit: 5)
        let prompt = ReplyPrompt(
            question: question, knowledge: knowledge, language: .ofReply(to: question, locale: "en"))
        let filter = Mutex(ReplyFilter(passages: knowledge.passages))
        let pieces = Mutex(0)
        let finish = try await BuiltinProvider().reply(to: prompt, within: .standard) { chunk in
            if case .text(let text) = chunk {
                filter.withLock { _ = $0.push(text) }
                pieces.withLock { $0 += 1 }
            }
        }
        #expect(finish == .stop)
        filter.withLock { _ = $0.finish() }
        let done = filter.withLock { $0 }
        return (done.text, pieces.withLock { $0 }, done)
    }

    @Test func `answers from the articles with their number`() async throws {
        let english = try await Self.answer("How do I get a refund?")
        #expect(english.text.contains("within 30 days"))
        #expect(english.filter.citedNumbers == [1])
        #expect(!english.filter.isUnknown)
        #expect(english.pieces > 3)
        let chinese = try await Self.answer("退款多久到账？")
        #expect(chinese.text.contains("五个工作日内到账。[1]"))
        #expect(Language.detect(in: chinese.text) == .chinese)
    }

    @Test func `quotes only what fits of a long article`() async throws {
        let answer = try await Self.answer("How do I make the lamp brighter with the dimmer?")
        #expect(answer.text.contains("Turn the dimmer clockwise"))
        #expect(answer.text.count < 800)
    }

    @Test(arguments: ["Do you sell bicycles?", "你们卖火车票吗？", "What is the capital of France?", "今天天气怎么样"])
    func `says that it does not know, and offers a human`(_ question: String) async throws {
        let answer = try await Self.answer(question)
        #expect(answer.filter.isUnknown)
        #expect(answer.filter.citedNumbers.isEmpty)
        #expect(answer.text == Texts.unknown(in: .ofReply(to: question, locale: "en")))
    }

    @Test(arguments: [("hello", "Hello!"), ("你好", "您好"), ("谢谢", "不客气"), ("thank you!", "welcome")])
    func `answers small talk without a source`(_ text: String, _ expected: String) async throws {
        let answer = try await Self.answer(text)
        #expect(answer.text.contains(expected))
        #expect(!answer.filter.isUnknown)
    }

    @Test func `answers a question about two things from two articles`() async throws {
        let answer = try await Self.answer("What is the refund policy and what are the opening hours?")
        #expect(answer.filter.citedNumbers == [1, 2])
        #expect(answer.text.contains("30 days") && answer.text.contains("9 to 18"))
    }

    @Test func `every sample question gets its article's text, whole and cited`() {
        let drafts = SampleKnowledge.articles()
        let index = KnowledgeIndex(
            articles: drafts.enumerated().map { number, draft in
                KnowledgeArticle(
                    id: Int64(number), title: draft.title, content: draft.content, locale: draft.locale,
                    questions: draft.questions)
            })
        for draft in drafts {
            let language = Language(locale: draft.locale)
            let knowledge = index.search(draft.title, in: language, limit: 5)
            let answer = BuiltinProvider.answer(
                to: ReplyPrompt(question: draft.title, knowledge: knowledge, language: language))
            var filter = ReplyFilter(passages: knowledge.passages)
            _ = filter.push(answer)
            _ = filter.finish()
            #expect(filter.text == answer, "\(draft.title)")
            #expect(filter.citedNumbers.first == 1)
            #expect(Language.detect(in: answer) == language)
            #expect(answer.contains(PlainText.of(draft.content).prefix(40)))
        }
    }

    @Test func `stops when it is cancelled`() async {
        let knowledge = Self.index.search("How do I get a refund?", limit: 5)
        let prompt = ReplyPrompt(question: "How do I get a refund?", knowledge: knowledge, language: .english)
        let delivered = Mutex(0)
        let task = Task {
            try await BuiltinProvider().reply(to: prompt, within: .standard) { _ in
                delivered.withLock { $0 += 1 }
                withUnsafeCurrentTask { $0?.cancel() }
            }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(delivered.withLock { $0 } == 1)
    }
}
