/// Reads a reply for what it says about humans: that one takes over, or whether one shall.
///
/// A reply that says so without it being done is the worst that an assistant can say: the customer waits for nobody.
public enum HandoffClaim {
    /// Scalars at the end of a reply that are read: what was done with the customer is said last.
    private static let readScalars = 2000

    /// Whether `reply` says that a human has been, is being or will now be put in.
    public static func isMade(in reply: String) -> Bool {
        sentences(of: reply).contains { $0.claims }
    }

    /// Whether `reply` asks whether the customer wants a human.
    public static func isOffer(_ reply: String) -> Bool {
        sentences(of: reply).contains { $0.offers }
    }

    private static func sentences(of reply: String) -> [ReplySentence] {
        let scalars = reply.unicodeScalars
        let end = String(scalars.suffix(readScalars))
        return Sentences.all(in: end).map(ReplySentence.init)
    }
}

/// A sentence of the assistant about humans.
private struct ReplySentence {
    private let phrases: PhraseText
    private let isQuestion: Bool

    init(_ text: String) {
        phrases = PhraseText(text)
        isQuestion = text.hasSuffix("?") || text.hasSuffix("？") || phrases.ends(with: HandoffClaimPhrases.questionEnds)
    }

    private var namesHuman: Bool {
        phrases.contains(HandoffClaimPhrases.humans)
    }

    var claims: Bool {
        guard !isQuestion, namesHuman else { return false }
        guard !phrases.contains(HandoffClaimPhrases.conditions) else { return false }
        return phrases.contains(
            HandoffClaimPhrases.doings, notAfter: HandoffClaimPhrases.negations, within: HandoffClaimPhrases.reach)
    }

    var offers: Bool {
        guard namesHuman, phrases.contains(HandoffClaimPhrases.passings) else { return false }
        return isQuestion && phrases.contains(HandoffClaimPhrases.askings)
    }
}

/// The committed table of how replies say that a human takes over. In comparable form, as ``PhraseText`` reads it.
enum HandoffClaimPhrases {
    static let humans: PhraseSet = [
        "人工", "真人", "客服", "专员", "同事", "工作人员", "坐席", "专人", "主管", "负责人", "human", "humans", "agent", "agents",
        "colleague",
        "colleagues", "representative", "specialist", "support team", "team member", "our team", "real person",
        "live person", "supervisor", "manager", "operator", "someone from our team", "customer service",
        "support staff", "human support", "live support",
    ]

    /// Saying these of a human is saying that it happens.
    static let doings: PhraseSet = [
        "已为您转", "已为你转", "已经为您转", "已经为你转", "已帮您转", "已帮你转", "已经帮您转", "已经帮你转", "已给您转", "已将您转", "已把您转", "已经将您转",
        "已经把您转", "已将您的问题", "已把您的问题", "已将您的情况", "已将您的对话", "已将此对话", "已将对话", "已将问题转", "已转接", "已经转接", "已转人工",
        "已经转人工", "已转给", "已经转给", "已转交", "已经转交", "正在为您转", "正在为你转", "正在帮您转", "正在帮你转", "正在给您转", "正在转接", "正在转人工",
        "正为您转", "正在将您", "正在把您", "正在为您接通", "正在为您联系", "正在为您连接", "马上为您转", "马上为你转", "马上帮您转", "马上帮你转", "马上转", "立即为您转",
        "立刻为您转", "现在为您转", "现在就为您转", "现在帮您转", "现在将您转", "这就为您转", "这就帮您转", "这就给您转", "这就转", "即将为您转", "将为您转", "将会为您转",
        "会为您转", "会帮您转", "会将您转", "会把您转", "我来为您转", "我来帮您转", "我帮您转", "我帮你转", "我为您转", "我为你转", "我给您转", "我将您转", "我把您转",
        "转接中", "已为您接通", "已经为您接通", "已为您联系", "已帮您联系", "已经联系", "已为您通知", "已通知人工", "已通知客服", "已通知同事", "将由人工", "将由专员",
        "将由客服", "由人工客服为您", "稍后会有人工", "已为您安排", "已经为您安排", "已提交给人工", "已提交人工", "已为您呼叫", "正在为您呼叫", "正在呼叫",
        "im transferring", "i am transferring", "transferring you", "im connecting", "i am connecting",
        "connecting you",
        "im handing", "i am handing", "handing you", "handing this", "im passing", "i am passing", "passing you",
        "passing this", "im escalating", "i am escalating", "escalating this", "escalating your", "im forwarding",
        "i am forwarding", "forwarding this", "forwarding your", "im routing", "routing you", "have transferred",
        "ive transferred", "have connected you", "ive connected you", "have handed", "ive handed", "have passed",
        "ive passed", "have escalated", "ive escalated", "have forwarded", "ive forwarded", "have notified",
        "ive notified", "have asked a", "ive asked a", "will transfer you", "ill transfer", "i will transfer",
        "ill connect", "i will connect", "will connect you", "ill hand", "i will hand", "ill pass", "i will pass",
        "ill escalate", "i will escalate", "ill forward", "i will forward", "let me transfer", "let me connect",
        "let me hand", "let me pass", "let me escalate", "let me get a", "let me get you", "ill get a",
        "ill get you", "you are being", "youre being", "you have been transferred", "youve been transferred",
        "you have been connected", "youve been connected", "you will be transferred", "youll be transferred",
        "you will be connected", "youll be connected", "has been escalated", "has been transferred",
        "has been forwarded", "has been handed", "has been passed", "is being transferred", "is being escalated",
        "is being forwarded", "will be with you", "will take over", "is taking over", "will join", "is joining",
        "will be joining", "transferring now", "connecting now", "will now be transferred", "will now be connected",
    ]

    /// Anywhere in the sentence they make it one of what could be.
    static let conditions: PhraseSet = [
        "如果", "若您", "若你", "若需", "若有", "如需", "如有需要", "如您", "假如", "要是", "的话", "一旦", "是否", "能否", "需要时", "要不要", "请回复",
        "请输入",
        "无法为您转", "无法转", "if", "unless", "whenever", "whether", "would", "could", "might", "may", "like me to",
        "want me to",
        "once you", "before i", "just say", "reply with",
    ]

    /// Right before it they turn it round, or make it something that can be done.
    static let negations: PhraseSet = [
        "不", "没", "没有", "未", "无法", "不能", "并未", "尚未", "可", "可以", "能", "能够", "让", "请", "not", "never", "cannot", "cant",
        "can",
        "should", "dont", "wont", "shall", "to",
    ]
    /// Bytes between the two: two Chinese characters.
    static let reach = 6

    /// What an offer is about.
    static let passings: PhraseSet = [
        "转", "接", "联系", "找", "帮您", "为您", "安排", "transfer", "connect", "talk", "speak", "chat", "hand", "pass",
        "escalate", "forward", "get", "bring", "reach", "put you", "help from", "transferred", "connected", "prefer",
        "involve", "contact",
    ]

    /// How an offer is asked.
    static let askings: PhraseSet = [
        "需要", "要不要", "是否", "可以", "想", "要我", "好吗", "行吗", "吗", "would you", "shall i", "should i", "do you want",
        "want me", "can i", "may i", "could i", "would it", "like me to", "ok if i", "okay if i",
    ]

    static let questionEnds: PhraseSet = ["吗", "么", "呢"]
}
