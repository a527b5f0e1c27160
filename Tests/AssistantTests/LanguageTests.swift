import Domain
import Testing

@testable import Assistant

@Suite struct LanguageTests {
    @Test(arguments: [
        "Chat API 是什么？", "退款", "转人工", "iPhone 15 Pro Max 价格", "怎么配置 OPENAI_API_KEY 和 OPENAI_BASE_URL", "請問運費多少",
        "hello 你好", "webhook 支持吗", "人工",
    ])
    func `tells Chinese`(_ text: String) {
        #expect(Language.detect(in: text) == .chinese)
    }

    @Test(arguments: [
        "What is Chat API?", "refund", "how do I say 退款 in your shop when I write to you", "HELLO",
        "What does the 价格 column in the table mean please",
    ])
    func `tells English`(_ text: String) {
        #expect(Language.detect(in: text) == .english)
    }

    @Test(arguments: ["", "123", "?!", "こんにちは", "👍"])
    func `falls back on the session's language`(_ text: String) {
        #expect(Language.ofReply(to: text, locale: "zh-CN") == (Language.detect(in: text) ?? .chinese))
        #expect(Language.ofReply(to: text, locale: "en") == (Language.detect(in: text) ?? .english))
        #expect(Language.detect(in: text) != .english)
    }

    @Test(arguments: [
        ("zh", Language.chinese), ("zh-CN", .chinese), ("zh_Hant_TW", .chinese), ("en", .english), ("fr", .english),
        ("", .english), ("ZH", .chinese),
    ])
    func `reads language tags`(_ tag: String, _ language: Language) {
        #expect(Language(locale: tag) == language)
    }

    @Test func `every text exists in both languages`() {
        for language in Language.allCases {
            let texts = [
                Texts.handingOverOnRequest(in: language),
                Texts.handingOverOnFailure(in: language), Texts.handingOverOnUnknown(in: language),
                Texts.handingOverOnBudget(in: language), Texts.unknown(in: language), Texts.hedge(in: language),
                Texts.hedgeOffer(in: language), Texts.backToAssistant(in: language),
                Texts.handingOverOnTopic(in: language), Texts.handingOverOnContentFilter(in: language),
                Texts.handingOverOnTrouble(in: language), Texts.offer(because: .anger, in: language),
                Texts.offer(because: .repeated, in: language), Texts.offer(because: .unanswered, in: language),
            ]
            for text in texts + SmallTalk.allCases.map({ Texts.smallTalk($0, in: language) }) {
                #expect(Language.detect(in: text) == language, "\(text)")
            }
        }
    }

    @Test(arguments: [
        ("hi", SmallTalk.greeting), ("Hello!", .greeting), ("你好", .greeting), ("您好，在吗？", .greeting),
        ("Hi there", .greeting), ("有人吗", .greeting), ("thanks", .thanks), ("Thank you so much!", .thanks),
        ("谢谢", .thanks),
        ("好的，谢谢！", .thanks), ("bye", .goodbye), ("再见", .goodbye), ("ok", .acknowledgement), ("好的", .acknowledgement),
        ("Got it, thanks", .thanks), ("ok bye", .goodbye),
    ])
    func `tells small talk`(_ text: String, _ kind: SmallTalk) {
        #expect(SmallTalk.detect(in: text) == kind)
    }

    @Test(arguments: [
        "hi, how much is it?", "你好，怎么退款", "thanks but it does not work", "好的那价格呢", "", "?", "high", "okra", "human",
        "转人工",
    ])
    func `hears the question behind a greeting`(_ text: String) {
        #expect(SmallTalk.detect(in: text) == nil)
    }
}
