import Domain
import Testing

@testable import Assistant

/// Whole decisions: words, what was said before, and what the workspace decided.
@Suite struct HandoffRulesTests {
    /// A conversation, a line each: `C` the contact, `A` the assistant, `H` a human. The last lines of the contact are
    /// the question.
    static func question(
        _ lines: [String], offeredSeq: Int64? = nil, unanswered: Int = 0, policy: AssistantPolicy = AssistantPolicy()
    ) -> ReplyQuestion {
        let messages = lines.enumerated().map { index, line in
            let sender: Actor =
                switch line.first {
                case "A": .assistant
                case "H": Actor(kind: .agent, id: 7, name: "Ada")
                case "S": .system
                default: Actor(kind: .contact, id: 3, name: nil)
                }
            return Message(
                id: Identifier(Int64(index + 100)), workspaceId: Identifier(1), conversationId: Identifier(2),
                seq: Int64(index + 1), clientMessageId: nil, sender: sender, kind: .text,
                content: String(line.dropFirst(2)), sources: [], status: sender.kind == .ai ? .complete : .sent,
                replyTo: nil, createdAt: Timestamp(milliseconds: Int64(index)), editedAt: nil)
        }
        let asked = messages.reversed().prefix { $0.sender.kind == .contact }.reversed()
        return ReplyQuestion(
            replyId: Identifier(9), workspaceId: Identifier(1), conversationId: Identifier(2),
            history: Array(messages.dropLast(asked.count)), asked: Array(asked), locale: nil, policy: policy,
            handoff: HandoffState(unanswered: unanswered, offeredSeq: offeredSeq))
    }

    private static func decision(
        _ lines: String..., offeredSeq: Int64? = nil, policy: AssistantPolicy = AssistantPolicy()
    ) -> HandoffRules.Decision {
        HandoffRules.decision(for: question(lines, offeredSeq: offeredSeq, policy: policy))
    }

    @Test(arguments: [
        "好的", "可以", "好", "行", "需要", "要的", "麻烦了", "好的，谢谢", "那好吧", "请转", "转吧", "嗯嗯", "可以啊", "当然可以", "好嘞", "好的，麻烦了", "转人工",
        "yes", "Yes please!",
        "ok", "sure", "please do", "go ahead", "yes please, my order is late", "That would be great", "需要，我的订单一直没到",
        "okay, thanks", "yes, thank you", "是的", "對", "yes I do",
    ])
    func `a yes to the offer is consent`(_ text: String) {
        guard
            case .handOver(let cause) = Self.decision("C how?", "A I do not know. Shall I?", "C \(text)", offeredSeq: 2)
        else {
            Issue.record("no handoff")
            return
        }
        #expect(cause.reason == .consent || cause.reason == .requested)
    }

    @Test(arguments: [
        "不用", "不用了", "不需要", "算了", "no thanks", "No, thank you", "not now", "谢谢", "thanks", "怎么退款？", "how do I log in?",
        "好的，那怎么退款？",
        "ok but how do I pay?", "不好", "可以告诉我价格吗", "no", "先不用了，谢谢", "没事了",
    ])
    func `anything else is none`(_ text: String) {
        #expect(Self.decision("C how?", "A I do not know. Shall I?", "C \(text)", offeredSeq: 2) == .none)
    }

    @Test func `a yes counts only right after the offer`() {
        #expect(Self.decision("C how?", "A Shall I?", "C ok") == .none)
        #expect(Self.decision("C how?", "A Shall I?", "C no, where?", "A There.", "C ok", offeredSeq: 2) == .none)
        #expect(Self.decision("C how?", "A Shall I?", "H Let me see", "C ok", offeredSeq: 2) == .none)
        #expect(
            Self.decision("C how?", "A Shall I?", "S note", "C 好的", offeredSeq: 2) == .handOver(HandoffCause(.consent)))
    }

    @Test func `topics hand over with their name and urgency`() {
        #expect(
            Self.decision("C 我的卡被盗刷了")
                == .handOver(HandoffCause(.topic, category: "payment_dispute", urgency: .high)))
        #expect(
            Self.decision("C the charger exploded")
                == .handOver(HandoffCause(.topic, category: "safety", urgency: .urgent)))
        #expect(Self.decision("C I will sue you", policy: AssistantPolicy(handoffTopics: [])) == .none)
    }

    @Test func `an admin's words hand over as whole words`() {
        let policy = AssistantPolicy(handoffPhrases: ["VIP", "合同续签", "press inquiry"])
        let found = HandoffRules.Decision.handOver(HandoffCause(.topic, category: "phrase"))
        #expect(Self.decision("C I am a vip customer", policy: policy) == found)
        #expect(Self.decision("C 我想合同续签一下", policy: policy) == found)
        #expect(Self.decision("C This is a Press Inquiry.", policy: policy) == found)
        #expect(Self.decision("C viper snakes", policy: policy) == .none)
        #expect(Self.decision("C 合同怎么续", policy: policy) == .none)
        #expect(Self.decision("C anything", policy: AssistantPolicy(handoffPhrases: ["", "  "])) == .none)
    }

    @Test func `a question asked again is offered a human`() {
        #expect(Self.decision("C 退款多久到账", "A 三天。", "C 退款要多久才到账？") == .offer(.repeated))
        #expect(Self.decision("C how do I pay?", "A By card.", "C where is my order?") == .none)
        // Before the answer it is impatience, and what a human answered is not the assistant's to answer for.
        #expect(Self.decision("C 退款多久到账", "C 退款多久到账") == .none)
        #expect(Self.decision("C 退款多久到账", "A 三天。", "H 我来看看", "C 退款多久到账") == .none)
        #expect(Self.decision("C hello", "A Hello!", "C hello") == .none)
    }

    @Test func `the second rejection is offered a human`() {
        #expect(Self.decision("C how do I pay?", "A By card.", "C that's wrong") == .none)
        #expect(
            Self.decision("C how do I pay?", "A By card.", "C that's wrong", "A By cash.", "C 不对") == .offer(.repeated))
        let policy = AssistantPolicy(onRepetition: .handOver)
        #expect(
            Self.decision("C how?", "A So.", "C 没用", "A Or so.", "C 还是不行", policy: policy)
                == .handOver(HandoffCause(.repeated)))
        #expect(
            Self.decision("C how?", "A So.", "C 没用", "A Or so.", "C 没用", policy: AssistantPolicy(onRepetition: .ignore))
                == .none)
    }

    @Test func `anger follows the workspace's decision`() {
        #expect(Self.decision("C 你们就是骗子") == .offer(.anger))
        #expect(
            Self.decision("C 你们就是骗子", policy: AssistantPolicy(onAnger: .handOver))
                == .handOver(HandoffCause(.anger, urgency: .high)))
        #expect(Self.decision("C 你们就是骗子", policy: AssistantPolicy(onAnger: .ignore)) == .none)
    }

    @Test func `who refuses a human is offered none`() {
        #expect(Self.decision("C 太离谱了，我不要人工客服，你来回答") == .none)
        #expect(Self.decision("C this is ridiculous, I don't want a human") == .none)
    }

    @Test func `an explicit request comes before all and is urgent when angry`() {
        #expect(Self.decision("C 转人工") == .handOver(HandoffCause(.requested)))
        #expect(Self.decision("C 骗子，给我转人工") == .handOver(HandoffCause(.requested, urgency: .high)))
        #expect(Self.decision("C 充电宝爆炸了，转人工") == .handOver(HandoffCause(.requested, urgency: .urgent)))
        #expect(Self.decision("C 不用转人工，怎么退款") == .none)
    }

    @Test func `a model may ask for a human only for a reason`() {
        func may(_ lines: String..., unanswered: Int = 0, offeredSeq: Int64? = nil) -> Bool {
            HandoffRules.mayModelAsk(Self.question(lines, offeredSeq: offeredSeq, unanswered: unanswered))
        }
        #expect(!may("C hello") && !may("C how do I install it?") && !may("C 支持哪些语言"))
        #expect(may("C how do I install it?", unanswered: 1))
        #expect(may("C a", "A b", "C c", offeredSeq: 2))
        #expect(may("C 我要退款") && may("C my parcel arrived damaged") && may("C 你们就是骗子"))
    }

    // MARK: The tool

    private static func call(_ arguments: String, name: String = HandoffTool.name) -> Handoff? {
        HandoffTool.handoff(
            from: ReplyToolCall(name: name, arguments: arguments),
            offered: HandoffTool.offered(to: question(["C 我要退款"])), in: .chinese)
    }

    @Test func `a call is read as a stranger's words`() throws {
        let good = try #require(
            Self.call(#"{"reason":"退款争议","category":"refund","urgency":"high","summary":"客户要求退款\u202e"}"#))
        #expect(good == Handoff(.model, category: "refund", urgency: .high, language: "zh", summary: "退款争议\n客户要求退款"))
        let forged = try #require(
            Self.call(#"{"urgency":"urgent","owner":"admin","category":"a\nb","summary":5,"reason":"x"}"#))
        #expect(forged == Handoff(.model, category: "a b", urgency: .normal, language: "zh", summary: "x"))
    }

    @Test(arguments: ["", "{", "no json", "[]", "null", #"{"summary":"#, String(repeating: "x", count: 100_000)])
    func `arguments that cannot be read hand over all the same`(_ arguments: String) throws {
        let handoff = try #require(Self.call(arguments))
        #expect(handoff.reason == .model && handoff.summary.isEmpty && handoff.category == nil)
    }

    @Test func `what was not offered is not done`() {
        #expect(Self.call("{}", name: "delete_everything") == nil)
        #expect(
            HandoffTool.handoff(
                from: ReplyToolCall(name: HandoffTool.name, arguments: "{}"), offered: [], in: .english) == nil)
        var suggestion = Self.question(["C 我要退款"])
        suggestion.replyId = nil
        #expect(HandoffTool.offered(to: suggestion).isEmpty)
        #expect(HandoffTool.offered(to: Self.question(["C hello"])).isEmpty)
    }

    // MARK: Endings

    private static func ending(
        _ text: String, _ lines: [String] = ["C how?"], isAnswered: Bool = true, unanswered: Int = 0,
        handoff: Handoff? = nil, offer: Handoff.Reason? = nil
    ) -> HandoffEnding {
        var question = question(lines, unanswered: unanswered)
        question.handoff.offering = offer
        return HandoffEnding(
            of: ComposedReply(text: text, sources: [], finish: .stop, isAnswered: isAnswered, handoff: handoff),
            to: question)
    }

    @Test func `an answer without reason for more stays as it is`() {
        let ending = Self.ending("By card.")
        #expect(ending.text == "By card." && ending.addition.isEmpty && !ending.offersHuman && ending.cause == nil)
    }

    @Test func `an offer stands behind the answer once`() {
        let ending = Self.ending("By card.", offer: .anger)
        #expect(ending.text == "By card.\n\n" + Texts.offer(because: .anger, in: .english) && ending.offersHuman)
        #expect(ending.text.hasSuffix(ending.addition))
        let own = Self.ending("Shall I connect you to a human colleague?", offer: .anger)
        #expect(own.addition.isEmpty && own.offersHuman)
        let unknown = Self.ending("I do not know.", isAnswered: false)
        #expect(unknown.offersHuman && unknown.cause == nil && !unknown.addition.isEmpty)
        let chinese = Self.ending("不知道。", ["C 怎么办理"], isAnswered: false)
        #expect(chinese.text.hasSuffix(Texts.offer(because: .unanswered, in: .chinese)))
        #expect(Self.ending(Texts.unknown(in: .chinese), ["C 怎么"], isAnswered: false).addition.isEmpty)
    }

    @Test func `the second unknown hands over without an offer`() {
        let ending = Self.ending("I do not know.", isAnswered: false, unanswered: 1)
        #expect(ending.cause?.reason == .unanswered && !ending.offersHuman && ending.addition.isEmpty)
    }

    @Test func `a claim is made true`() {
        let ending = Self.ending("Sorry. I am transferring you now to a human agent.")
        #expect(ending.cause?.reason == .claimed && ending.addition.isEmpty)
    }

    @Test func `the model's own wish comes first`() {
        let wish = Handoff(.model, category: "refund", urgency: .high, language: "en", summary: "wants money")
        let ending = Self.ending("", handoff: wish)
        #expect(ending.text.isEmpty)
        #expect(ending.cause == HandoffCause(.model, category: "refund", urgency: .high, summary: "wants money"))
    }

    // MARK: The human part

    @Test func `the human part is told once`() {
        func part(_ lines: String...) -> [String] {
            ReplyQuestion.interlude(of: Self.question(lines).history).map(\.content)
        }
        #expect(part("C a", "A b", "C c", "H d", "C e", "H f", "S g", "C h") == ["c", "d", "e", "f"])
        #expect(part("C a", "A b", "C c", "H d", "C e", "A f", "C g").isEmpty)
        #expect(part("C a", "A b", "C c").isEmpty)
        #expect(part("H hello", "C a", "C b") == ["hello"])
    }
}
