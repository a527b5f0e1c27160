import Domain

/// The committed tables of the matters that are left to humans, in comparable form: simplified, lower case, no
/// apostrophes.
struct HandoffTopicPhrases: Sendable {
    var phrases: PhraseSet
    /// Hold a phrase and mean something else; taken out first.
    var harmless: PhraseSet
    /// Right before a phrase they turn it round.
    var negations: PhraseSet

    /// Bytes between a negation and what it turns: two Chinese characters, or a short English word.
    static let reach = 6

    static func table(of topic: AssistantPolicy.Topic) -> HandoffTopicPhrases {
        switch topic {
        case .legal: legal
        case .safety: safety
        case .paymentDispute: paymentDispute
        case .dataDeletion: dataDeletion
        }
    }

    private static let usualNegations: PhraseSet = [
        "不", "不想", "不会", "不要", "别", "没", "没有", "不是", "不用", "无需", "not", "dont", "do not", "never", "wont", "didnt",
    ]

    private static let legal = HandoffTopicPhrases(
        phrases: [
            "找律师", "请律师", "请了律师", "律师函", "我的律师", "我律师", "咨询了律师", "委托律师", "起诉", "打官司", "去法院", "上法院", "到法院", "法院见", "法庭见",
            "告上法庭", "告到法院", "法律途径", "法律手段", "法律武器", "法律责任", "法律程序", "追究责任", "提起诉讼", "诉讼解决", "走诉讼", "申请仲裁", "走仲裁",
            "劳动仲裁", "告你们", "告你们公司", "要告你", "去告你", "消协", "消费者协会", "12315", "12345投诉", "工商局", "市监局", "市场监管局", "市场监督管理",
            "工信部投诉", "银保监", "向媒体曝光", "找媒体曝光", "报警抓", "已经立案", "维权到底",
            "my lawyer", "my lawyers", "my attorney", "my solicitor", "our lawyer", "our lawyers", "our attorney",
            "contact a lawyer", "contacting a lawyer", "hire a lawyer", "hired a lawyer", "hiring a lawyer",
            "get a lawyer",
            "got a lawyer", "see a lawyer", "talk to a lawyer", "spoke to a lawyer", "speaking to a lawyer",
            "call a lawyer",
            "consult a lawyer", "consulted a lawyer", "lawsuit", "class action", "sue you", "suing you", "sue your",
            "sue your company", "sue the company", "sue this company", "sue for", "going to sue", "gonna sue",
            "will sue",
            "legal action", "legal proceedings", "legal steps", "press charges", "pressing charges",
            "take you to court",
            "taking you to court", "see you in court", "go to court", "going to court", "small claims",
            "consumer protection", "better business bureau", "trading standards", "data protection authority",
            "cease and desist", "report you to", "reporting you to", "ombudsman", "file a complaint with the",
            "complaint with the authorities", "attorney general",
        ],
        harmless: [
            "广告你们", "转告你们", "报告你们", "警告你们", "公告你们", "通告你们", "法律责任声明", "法律责任条款", "consumer protection plan",
            "consumer protection law firm software",
            "起诉状模板", "dont want to sue", "do not want to sue", "not going to sue", "not gonna sue", "wont sue you",
            "will not sue",
        ],
        negations: usualNegations)

    private static let safety = HandoffTopicPhrases(
        phrases: [
            "自杀", "轻生", "自残", "割腕", "不想活", "活不下去", "想死的心", "我想死", "结束生命", "结束自己的生命", "跳楼", "煤气泄漏", "燃气泄漏", "漏气", "着火",
            "起火",
            "冒烟", "爆炸了", "发生爆炸", "会爆炸", "要爆炸", "炸了", "触电", "漏电", "电到了", "被电了", "烫伤", "烧伤", "灼伤", "受伤", "伤到", "割伤", "划伤",
            "食物中毒",
            "一氧化碳", "煤气中毒", "农药中毒", "药物中毒", "过敏休克", "过敏性休克", "严重过敏", "晕倒", "昏倒", "昏迷", "休克", "送医院", "进医院", "进了医院",
            "去医院抢救",
            "送急诊", "抢救", "叫救护车", "救护车", "人身安全", "生命危险", "生命安全", "有生命", "流血", "大出血", "误食", "吞了电池", "吞下", "窒息", "溺水",
            "家暴", "被绑架",
            "我要报警", "已经报警", "报警了", "要报警", "报了警", "急救",
            "suicide", "suicidal", "kill myself", "killing myself", "end my life", "ending my life", "want to die",
            "wanna die", "self harm", "hurt myself", "harm myself", "caught fire", "catching fire", "caught on fire",
            "on fire", "set fire", "exploded", "is exploding", "might explode", "explosion", "electric shock",
            "electrical shock", "electrocuted", "got shocked", "burned my", "burnt my", "burned me", "burnt me",
            "injured",
            "injury", "bleeding", "gas leak", "smell gas", "smelling gas", "carbon monoxide", "smoke coming",
            "started smoking", "is smoking", "poisoned", "food poisoning", "rushed to hospital",
            "rushed to the hospital",
            "taken to hospital", "taken to the hospital", "ended up in hospital", "ended up in the hospital",
            "hospitalized", "hospitalised", "emergency room", "ambulance", "choking on", "choked on",
            "allergic reaction",
            "anaphylaxis", "anaphylactic", "overdose", "overdosed", "life threatening", "in danger", "unconscious",
            "not breathing", "swallowed a battery", "swallowed the battery", "domestic violence", "call 911",
            "called 911",
            "called the police", "calling the police",
        ],
        harmless: [
            "team is on fire", "youre on fire", "you are on fire", "sale is on fire", "sales are on fire",
            "are on fire today",
            "deals on fire", "信息爆炸", "爆炸头", "笑得", "热度炸了", "气炸了", "肺都要气炸了", "心态炸了", "服务器炸了", "系统炸了", "网站炸了", "急救包",
            "急救箱",
            "first aid", "personal injury law", "injury prevention", "救护车玩具", "玩具救护车", "累晕倒", "防触电", "漏电保护", "防漏电",
            "烫伤膏", "自杀式", "人身安全险",
            "prompt injury",
        ],
        // "Nobody was injured" is worth a human's look all the same.
        negations: ["防", "避免", "prevent", "avoid"])

    private static let paymentDispute = HandoffTopicPhrases(
        phrases: [
            "盗刷", "被盗刷", "重复扣款", "重复扣费", "重复收费", "多扣了", "多扣我", "扣了两次", "扣了2次", "扣我两次", "扣了我两次", "扣款两次", "扣了两笔", "扣两次钱",
            "乱扣费", "乱扣钱", "乱收费", "偷扣", "私自扣", "擅自扣", "无故扣", "莫名扣", "莫名其妙扣", "莫名其妙被扣", "莫名被扣", "未经同意扣", "未经我同意",
            "没经过我同意",
            "没同意扣", "未授权的扣款", "未授权扣款", "未经授权的扣款", "未授权交易", "未经授权的交易", "不是我付的", "不是我买的", "不是我消费的", "不是我刷的", "不是我下的单",
            "不是我本人消费", "非本人消费", "非本人交易", "申请拒付", "要拒付", "信用卡拒付", "信用卡争议", "扣款有争议", "账单有争议", "对这笔扣款有异议", "对扣款有异议",
            "多收了我",
            "多收我", "收了我两次", "收了两次钱", "付了两次", "强制扣费", "恶意扣费", "自动扣了我",
            "file a chargeback", "filing a chargeback", "filed a chargeback", "do a chargeback", "doing a chargeback",
            "initiate a chargeback", "request a chargeback", "issue a chargeback", "want a chargeback",
            "open a chargeback",
            "chargeback with my bank", "chargeback through my bank", "charge it back", "dispute this charge",
            "dispute the charge", "dispute a charge", "dispute my charge", "dispute these charges",
            "dispute the payment",
            "dispute this payment", "dispute a payment", "dispute the transaction", "dispute this transaction",
            "dispute a transaction", "disputing the charge", "disputing this charge", "disputing a charge",
            "disputed the charge", "dispute it with my bank", "unauthorized charge", "unauthorized charges",
            "unauthorised charge", "unauthorised charges", "unauthorized payment", "unauthorised payment",
            "unauthorized transaction", "unauthorised transaction", "unauthorized transactions", "charged twice",
            "charged me twice", "charged us twice", "charged my card twice", "charged double", "double charged",
            "billed twice", "billed me twice", "double billed", "charged two times", "charged 2 times", "overcharged",
            "over charged", "fraudulent charge", "fraudulent charges", "fraudulent transaction", "fraud charge",
            "didnt authorize", "did not authorize", "didnt authorise", "did not authorise", "never authorized",
            "never authorised", "i didnt make this payment", "i didnt make this purchase", "did not make this purchase",
            "did not make this payment", "charged without my", "without my permission", "without my consent",
            "stole my card", "stolen card", "card was stolen", "money was taken from my account",
            "took money from my account", "wrongly charged", "charged by mistake", "charged for something i",
        ],
        harmless: [
            "will i be charged twice", "can i be charged twice", "would i be charged twice", "am i charged twice",
            "avoid being charged twice", "会不会重复扣款", "会重复扣款吗", "会扣两次吗", "怎么防盗刷", "防盗刷", "如何防止盗刷", "怎么防止盗刷", "避免重复扣款",
            "防止重复扣款",
            "怎么避免重复扣款",
        ],
        negations: ["不会", "没有", "没", "防止", "避免", "not", "wasnt", "werent", "wont be"])

    private static let dataDeletion = HandoffTopicPhrases(
        phrases: [
            "删除我的个人", "删除我的信息", "删除我的数据", "删除我的资料", "删除我的所有", "删除我所有", "删除我的全部", "删除我全部", "删除我的隐私", "删除我的记录", "删除我的聊天",
            "删除我的账号数据", "删除我的账户数据", "删除我的账户和", "删除我的账号和", "删除我的账号信息", "删除我的账户信息", "删除个人信息", "删除个人数据", "删除个人资料",
            "删除用户数据",
            "删除所有个人", "删除全部个人", "删除关于我的", "删除有关我的", "删掉我的个人", "删掉我的信息", "删掉我的数据", "删掉我的资料", "删掉我所有", "删掉我的所有", "删掉我的聊天",
            "清除我的个人", "清除我的数据", "清除我的信息", "清除我所有", "清除我的所有", "清空我的个人", "抹除我的", "抹掉我的", "销毁我的", "把我的信息删", "把我的数据删",
            "把我的资料删",
            "把我的个人信息删", "把我的个人资料删", "把我的个人数据删", "把我的信息全部删", "把我的数据全部删", "把我的信息都删", "把我的数据都删", "我的数据全部删除", "我的信息全部删除",
            "我的个人信息全部删除", "我的数据都删除", "我的信息都删除", "将我的个人信息删除", "将我的数据删除", "注销账号并删除", "注销账户并删除", "注销并删除", "被遗忘权", "删除权",
            "delete my personal", "delete my data", "delete my information", "delete my info", "delete my records",
            "delete all my data", "delete all my personal", "delete all my information", "delete all my info",
            "delete all of my data", "delete all of my personal", "delete all of my information",
            "delete all data about me",
            "delete data about me", "delete all the data you have", "delete the data you have on me",
            "delete my chat history",
            "delete everything you have on me", "delete everything you know about me", "delete my account and data",
            "delete my account and all", "delete my account data", "erase my data", "erase my personal",
            "erase my information", "erase all my", "erase my records", "erase all data", "erase me from",
            "remove my personal", "remove my data", "remove my information", "remove my info", "remove all my data",
            "remove all my personal", "remove all my information", "remove all of my data", "remove me from your",
            "wipe my data", "wipe my personal", "wipe all my", "destroy my data", "purge my data", "forget my data",
            "right to be forgotten", "right to erasure", "data deletion request", "data erasure request",
            "gdpr deletion", "gdpr erasure", "gdpr request", "my data deleted", "my personal data deleted",
            "my information deleted", "my data erased", "my personal information removed", "my data removed",
            "my personal information deleted",
        ],
        harmless: [
            "删除我的数据库", "删除我的数据源", "删除我的数据表", "删掉我的数据库", "删除我的信息流", "清除我的数据缓存", "delete my data source",
            "delete my data sources",
            "delete my database", "delete my data set", "delete my data base", "delete my data plan",
            "remove my data plan",
            "delete my data model", "remove my data limit", "remove my data source", "delete my data table",
            "delete my data point", "delete my data points", "do you delete my data", "does it delete my data",
            "will it delete my data", "will you delete my data", "will this delete my data",
            "when do you delete my data",
            "will that delete my data", "is my data deleted", "will my data be deleted", "会删除我的数据吗", "会不会删除我的数据",
            "会删除我的信息吗", "有没有删除我的数据", "delete my information card", "gdpr request form builder",
            "accidentally delete my data", "accidentally deleted my data", "不小心删除我的数据",
        ],
        negations: usualNegations)
}
