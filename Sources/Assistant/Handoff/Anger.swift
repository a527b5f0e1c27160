/// How angry a message sounds. Words, marks and capitals; no model.
enum Anger {
    /// From here on it counts as anger.
    static let threshold = 2

    /// 0 for none; the threshold and more for anger.
    static func strength(of text: String) -> Int {
        let said = Quotes.removed(from: text)
        let phrases = PhraseText(said).without(AngerPhrases.harmless)
        let strong = phrases.contains(
            AngerPhrases.strong, notAfter: AngerPhrases.negations, within: AngerPhrases.reach)
        var strength = strong ? 2 : 0
        if phrases.equals(AngerPhrases.alone) { strength += 2 }
        strength += min(phrases.count(of: AngerPhrases.mild), 2)
        // Marks and capitals are a tone of voice; alone they are only haste.
        if strength > 0 {
            if isShouted(said) { strength += 1 }
            if hasManyExclamations(said) { strength += 1 }
        }
        return strength
    }

    private static func hasManyExclamations(_ text: String) -> Bool {
        text.unicodeScalars.count { $0 == "!" || $0 == "！" } >= 2
    }

    /// Letters beyond which capitals are no abbreviation.
    private static let shoutedLetters = 8

    private static func isShouted(_ text: String) -> Bool {
        let letters = text.unicodeScalars.filter { Characters.isASCIILetter($0.value) }
        let capitals = letters.count { $0.value <= 0x5A }
        return letters.count >= shoutedLetters && capitals * 10 >= letters.count * 7
    }
}

/// The committed table of how customers are angry, in comparable form.
enum AngerPhrases {
    static let strong: PhraseSet = [
        "骗子", "大骗子", "骗人", "骗钱", "诈骗公司", "诈骗平台", "你们这是诈骗", "坑人", "坑钱", "坑爹", "黑心", "无良", "垃圾公司", "垃圾客服", "垃圾平台", "垃圾软件",
        "垃圾产品",
        "垃圾服务", "垃圾东西", "垃圾玩意", "垃圾机器人", "真垃圾", "太垃圾", "什么垃圾", "真是垃圾", "就是垃圾", "一堆垃圾", "去死", "傻逼", "煞笔", "傻x", "脑残",
        "智障",
        "他妈", "妈的", "你妈", "操你", "滚蛋", "给我滚", "狗屁", "放屁", "废物", "白痴", "有病吧", "有毛病", "不要脸", "无耻", "恶心", "我要投诉", "投诉你们",
        "要投诉",
        "去投诉", "必须投诉", "投诉到底", "给差评", "给你们差评", "打差评", "要差评", "必须差评", "差评到底", "一星差评", "气死", "气炸", "气疯", "愤怒", "火大",
        "忍无可忍",
        "欺人太甚", "太过分", "过分了", "太离谱", "离谱", "什么破", "破公司", "破软件", "什么玩意", "什么东西", "受够了", "受不了了", "耍我", "玩我", "当我傻", "敷衍",
        "忽悠",
        "店大欺客", "无赖", "流氓", "吃相难看", "再也不用", "再也不买", "再也不会来",
        "scam", "scammer", "scammers", "scamming", "ridiculous", "outrageous", "unacceptable", "disgusting", "disgrace",
        "disgraceful", "pathetic", "garbage", "trash", "bullshit", "bs", "crap", "crappy", "wtf", "fuck", "fucking",
        "fuck you", "fucked", "shit", "shitty", "idiot", "idiots", "stupid", "moron", "morons", "dumb bot", "thieves",
        "thief",
        "crooks", "liars", "liar", "ripoff", "rip off", "ripped off", "furious", "fed up", "sick of this",
        "sick and tired", "worst service", "worst company", "worst experience", "worst support", "terrible service",
        "horrible service", "awful service", "terrible company", "horrible company", "joke of a", "what a joke",
        "is a joke", "are a joke", "waste of time", "waste of money", "wasting my time", "had enough", "pissed",
        "pissed off", "screw you", "never again", "never buying", "absolute nonsense", "i am angry", "im angry",
        "so angry", "very angry", "really angry", "losing my patience", "lost my patience", "how dare you",
        "make a complaint", "file a complaint", "want to complain", "one star", "bad review", "negative review",
        "are you kidding me", "useless bot", "useless company", "useless service", "scam company",
    ]

    static let mild: PhraseSet = [
        "失望", "无语", "生气", "烦死", "烦人", "不耐烦", "太差", "差劲", "很差", "糟糕", "太慢了", "坑", "服了", "搞什么", "怎么回事啊", "什么态度", "态度差",
        "不满", "郁闷", "没完没了",
        "disappointed", "disappointing", "annoyed", "annoying", "frustrated", "frustrating", "terrible", "horrible",
        "awful", "useless", "angry", "upset", "unhappy", "not happy", "too slow", "come on", "seriously", "worst",
        "nonsense", "joke", "hate", "sucks", "fed",
    ]

    /// Said alone they are anger; within a sentence they may be a subject.
    static let alone: PhraseSet = [
        "投诉", "差评", "垃圾", "骗子", "诈骗", "滚", "无语", "呵呵", "complaint", "useless", "terrible", "awful", "horrible",
        "rubbish",
    ]

    /// Hold one of the words and mean something else; taken out first.
    static let harmless: PhraseSet = [
        "垃圾分类", "垃圾邮件", "垃圾桶", "垃圾箱", "垃圾短信", "垃圾信息", "垃圾回收", "清理垃圾", "防骗子", "识别骗子", "遇到骗子怎么", "举报骗子", "防诈骗", "诈骗电话",
        "反诈骗", "恶心想吐",
        "投诉流程", "投诉渠道", "投诉电话", "投诉功能", "投诉管理", "投诉处理", "投诉率", "怎么处理投诉", "如何处理投诉", "客户要投诉", "用户要投诉", "什么东西可以", "什么东西不",
        "什么东西能",
        "卖什么东西", "买什么东西", "是什么东西", "有什么东西", "废物利用", "坑位", "坑洞", "避坑", "骗人的吗", "是不是骗人", "是骗人", "买家给差评怎么", "客户给差评",
        "买家给差评", "破损", "流氓软件", "妈妈", "大妈的", "姑妈的", "姨妈的", "舅妈的", "干妈的", "没完没了解", "坑坑洼洼", "愤怒的小鸟", "愤怒表情",
        "is this a scam", "is it a scam", "scam emails", "scam email", "scam calls", "scam call", "report a scam",
        "scam protection", "avoid scams", "scam prevention", "how to spot a scam", "trash can", "trash folder",
        "trash bin", "in the trash", "from trash", "from the trash", "garbage collection", "garbage collector",
        "garbage bag", "garbage bags", "file a complaint form", "handle a bad review", "remove a bad review",
        "reply to a bad review", "respond to a bad review", "handle a negative review", "respond to a negative review",
        "reply to a negative review", "remove a negative review", "one star rating filter", "thief detection",
        "anti thief", "how do i file a complaint", "where can i file a complaint", "rate of complaint", "shitake",
        "crap shoot", "stupid question", "dumb question", "maybe a stupid question", "sorry for the stupid",
        "waste of time and money calculator", "not stupid", "bs degree", "bs in", "come on over", "come on monday",
        "inside joke", "hate to bother", "hate to ask", "hate to be",
    ]

    static let negations: PhraseSet = ["不是", "不想", "不会", "没有", "别", "不", "not", "isnt", "arent", "dont", "no", "never"]
    /// Bytes.
    static let reach = 3
}

/// Words of matters in which a model may ask for a human.
enum HumanMatters {
    static let words: PhraseSet = [
        "人工", "客服", "真人", "经理", "主管", "负责人", "投诉", "赔偿", "赔付", "补偿", "退款", "退钱", "举报", "紧急", "着急", "急用", "律师", "报警",
        "账号被盗", "被盗", "盗号", "冻结",
        "封号", "合同", "发票开错", "丢件", "少发", "发错", "破损", "坏了", "纠纷", "隐私", "注销",
        "human", "agent", "person", "manager", "supervisor", "representative", "someone", "complain", "complaint",
        "compensation",
        "refund", "urgent", "urgently", "emergency", "asap", "lawyer", "police", "hacked", "stolen", "locked out",
        "suspended",
        "contract", "damaged", "broken", "missing", "lost", "wrong item", "dispute", "fraud", "privacy", "escalate",
        "legal",
    ]
}
