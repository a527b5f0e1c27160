import Domain
import Testing

@testable import Assistant

/// The table of sentences that the tables of topics, anger and rejections are reviewed against.
@Suite struct HandoffTopicTests {
    private static func topic(_ text: String) -> AssistantPolicy.Topic? {
        HandoffTopics.topic(of: text, among: AssistantPolicy.Topic.allCases)
    }

    @Test(arguments: [
        "我要找律师告你们", "再不退款我就起诉你们", "律师函已经寄出", "我们法庭见", "我会走法律途径", "我打12315了", "我已经向消费者协会投诉", "我要通过法律手段解决", "要告你们公司",
        "我會走法律途徑", "我要起訴你們", "请转告你们老板，我要打官司", "我的律师会联系你们", "这件事我要申请仲裁", "I will sue you", "My lawyer will contact you",
        "I'm going to sue", "We will take legal action", "see you in court", "I'll report you to trading standards",
        "I am considering legal action against your company", "Expect a letter from my attorney", "你们等着收律师函 ok?",
        "I'm contacting a lawyer, 我要起诉", "If this is not fixed I'll take you to court.", "This goes to small claims.",
    ])
    func `is a legal matter`(_ text: String) {
        #expect(Self.topic(text) == .legal)
    }

    @Test(arguments: [
        "充电宝爆炸了", "产品冒烟了怎么办", "家里煤气泄漏", "我不想活了", "我想自杀", "孩子误食了干燥剂", "宝宝被烫伤了", "用了之后严重过敏", "吃完食物中毒了", "有人受伤了", "我要报警",
        "電池起火了", "插上就漏电", "老人晕倒了", "The battery caught fire", "I want to kill myself", "My son was injured by your toy",
        "I got an electric shock", "We smell gas, gas leak!", "she was taken to hospital",
        "there is smoke coming from it",
        "my dog swallowed a battery, 怎么办", "The charger exploded", "he is bleeding", "I had an allergic reaction",
        "It burned my hand", "I'm having suicidal thoughts",
    ])
    func `is a matter of safety`(_ text: String) {
        #expect(Self.topic(text) == .safety)
    }

    @Test(arguments: [
        "我的卡被盗刷了", "你们重复扣款了", "同一笔订单扣了两次", "多扣了我50块", "莫名其妙扣了我99元", "这笔不是我消费的", "未经我同意就扣钱", "我要申请拒付", "私自扣费，必须退",
        "重複扣款",
        "I was charged twice", "You charged me twice for one order", "There is an unauthorized charge on my card",
        "I want to dispute this charge", "I'll file a chargeback", "I did not authorize this payment",
        "I was overcharged",
        "my card was billed twice, please check", "I never authorised this", "double charged again", "你们乱收费",
        "There's a fraudulent transaction from you",
    ])
    func `is a payment dispute`(_ text: String) {
        #expect(Self.topic(text) == .paymentDispute)
    }

    @Test(arguments: [
        "请删除我的个人信息", "我要求删除我的数据", "把我的资料删掉", "注销账号并删除所有数据", "帮我把我的个人信息删除", "清除我的所有记录", "我要行使被遗忘权", "刪除我的個人資料",
        "Please delete my personal data", "delete all my data", "I want you to erase my data",
        "Remove my personal information from your system", "I invoke my right to be forgotten",
        "can you delete my data please", "GDPR request: erase all data about me", "I want my data deleted",
        "wipe my data",
        "please 删除我的数据",
    ])
    func `asks for personal data to be deleted`(_ text: String) {
        #expect(Self.topic(text) == .dataDeletion)
    }

    @Test(arguments: [
        "legal size paper", "Do you sell legal size paper?", "Is it legal to import this?", "What is your legal name?",
        "删除购物车里的商品", "怎么删除订单", "如何删除我的数据库", "怎么删除聊天窗口", "My name is Sue", "the issue is still open",
        "Where is the tennis court?", "你们的广告你们自己做吗", "法律咨询服务多少钱", "支持律师行业吗", "What is a chargeback?",
        "扣款时间是什么时候", "怎么付款", "会不会重复扣款", "Will I be charged twice if I upgrade?", "how does billing work",
        "报警功能怎么设置", "报警器多少钱", "信息爆炸的时代", "我的电脑中毒了", "想死你们了", "垃圾分类怎么做", "Your team is on fire today!",
        "do you deliver to hospitals", "first aid kit price", "is there a prompt injury clause",
        "delete my data source",
        "How do I delete a message?", "how do I delete items from my cart", "remove item from wishlist",
        "clear my cache",
        "Do you delete my data after cancellation?", "删除缓存", "怎么注销登录", "我不想打官司", "我没说要起诉", "we don't want to sue you",
        "不会起诉你们的", "don't delete my data", "不要删除我的数据", "合同里“法律责任”一条是什么意思", "页面写着“重复扣款”是什么",
        "What does \"right to be forgotten\" in your policy mean?", "笑得肚子疼", "充电多久", "退款多久到账", "你好", "thanks", "",
        "防漏电插座有吗", "怎么防盗刷", "How can I avoid being charged twice?", "服务器炸了吗", "广告投放怎么做", "court shoes size 42",
    ])
    func `is none of them`(_ text: String) {
        #expect(Self.topic(text) == nil)
    }

    @Test func `only what the workspace chose counts`() {
        #expect(HandoffTopics.topic(of: "I will sue you", among: [.safety]) == nil)
        #expect(HandoffTopics.topic(of: "我的卡被盗刷了，我要起诉", among: [.paymentDispute, .legal]) == .legal)
    }

    @Test(arguments: [
        "你们就是骗子", "骗子公司", "我要投诉你们", "给你们差评", "投诉", "差评", "差评！", "什么垃圾客服", "太离谱了", "忍无可忍", "真是气死我了", "他妈的", "你们太过分了",
        "坑人的东西",
        "黑心商家", "你們是騙子", "我要投訴", "你们敷衍谁呢", "This is a scam", "SCAM!!", "this is ridiculous", "You are liars",
        "what a joke", "worst service ever", "I'm so angry", "wtf is this", "This is UNACCEPTABLE", "total ripoff",
        "fed up with you", "absolutely disgusting service", "I want to file a complaint", "太失望了，什么态度",
        "terrible and useless",
        "太差了！！", "VERY DISAPPOINTED WITH YOU!!", "你们这服务真垃圾", "stop wasting my time",
    ])
    func `is angry`(_ text: String) {
        #expect(Anger.strength(of: text) >= Anger.threshold)
    }

    @Test(arguments: [
        "垃圾分类", "垃圾邮件怎么过滤", "怎么处理投诉", "投诉流程是什么", "如何识别骗子", "防诈骗提醒", "客户给差评怎么办", "滚动条在哪里", "有点失望", "慢了点",
        "is this a scam?",
        "How do I avoid scam calls?", "where is the trash folder", "stupid question: how do I log in", "I'm not angry",
        "how to respond to a bad review", "come on over", "不是骗子吧", "我不生气", "有什么东西可以用", "破损怎么赔", "我妈妈的账号", "谢谢！！",
        "HELLO THERE",
        "PLEASE HELP ME NOW", "URGENT!!", "快点！！！", "你好", "what is garbage collection", "退款多久到账？",
    ])
    func `is not angry`(_ text: String) {
        #expect(Anger.strength(of: text) < Anger.threshold)
    }

    @Test(arguments: [
        "不对", "没用", "没有用！", "还是不行", "答非所问", "你说的不对", "不是我要的", "你没回答我的问题", "你错了", "沒用", "没解决", "that's wrong",
        "That is wrong.",
        "Not what I asked", "this doesn't help", "wrong", "useless", "you don't understand", "that didn't work",
        "not helpful",
        "I already tried that", "试过了没用",
    ])
    func `rejects an answer`(_ text: String) {
        #expect(Repetition.isRejection(text))
    }

    @Test(arguments: [
        "密码不对怎么办", "没用过这个功能", "不行吗", "为什么不对", "what's wrong", "what if the password is wrong", "is it wrong to do that",
        "这个没用完能退吗", "好的", "thanks", "没问题", "错过了活动", "怎么说的不对", "how do I fix a wrong address?", "不行的话怎么退",
    ])
    func `rejects nothing`(_ text: String) {
        #expect(!Repetition.isRejection(text))
    }

    @Test(arguments: [
        ("退款多久到账", "退款要多久才到账？"), ("how do I reset my password", "How can I reset my password?"), ("怎么退货", "如何退货"),
        ("訂單 12345 到哪了", "订单12345到哪了？"), ("What are your opening hours?", "what are your opening hours"),
    ])
    func `asks the same`(_ one: String, _ other: String) throws {
        let (one, other) = (try #require(AskedMeaning(one)), try #require(AskedMeaning(other)))
        #expect(one.isSame(as: other) && other.isSame(as: one))
    }

    @Test(arguments: [
        ("退款进度怎么查", "退款政策是什么"), ("订单12345到哪了", "订单12346到哪了"),
        ("how do I reset my password", "how do I change my email"),
        ("怎么安装", "怎么卸载"), ("价格多少", "支持哪些付款方式"), ("How much is shipping?", "How long does shipping take?"),
    ])
    func `asks something else`(_ one: String, _ other: String) throws {
        let (one, other) = (try #require(AskedMeaning(one)), try #require(AskedMeaning(other)))
        #expect(!one.isSame(as: other))
    }

    @Test(arguments: ["你好", "谢谢", "ok", "hello", "为什么", "why?", "?", ""])
    func `asks nothing that could be asked again`(_ text: String) {
        #expect(AskedMeaning(text) == nil)
    }
}
