import Testing

@testable import Assistant

/// The table of sentences that the phrase tables are reviewed against.
@Suite struct HandoffRequestTests {
    @Test(
        arguments: [
            // The words themselves.
            "转人工", "人工", "人工客服", "真人", "客服", "人工！", "人工人工人工", "找真人", "我要人工", "我要人工服务", "我要转人工", "转人工客服", "转接人工",
            "转接到人工客服", "给我转人工",
            "帮我转人工", "请转人工", "麻烦转人工", "麻烦帮我转一下人工客服，谢谢", "转人工谢谢", "转人工吧", "转人工啊！！！", "快转人工", "马上给我转人工", "我想找人工客服",
            "我要找客服", "找个真人来",
            "给我找个真人", "我想和真人聊", "我想跟人工客服说话", "能不能跟真人沟通一下", "让人工来处理", "接人工", "接通人工客服", "换人工", "换个真人", "换个人", "叫个人来",
            "来个真人", "来个活人",
            "有没有人工", "有人工吗", "人工客服在吗", "人工客服呢？", "联系客服", "联系人工客服", "需要人工", "我需要人工帮助", "申请人工", "要求人工客服", "呼叫人工", "人工服务",
            "在线客服", "转专员", "安排专人联系我",
            // As a question, it is a request all the same.
            "可以转人工吗", "能转人工吗？", "能不能转人工", "可不可以转人工客服", "怎么转人工", "如何转人工？", "怎样联系人工客服", "可以帮我转接人工吗", "转人工可以吗", "能转人工不",
            // Refusing the bot is asking for a human.
            "不要机器人", "我不想和机器人说话", "我不要机器人，我要真人", "别让机器人回答我", "受够了机器人，转人工",
            // Words that look like negations.
            "为什么不给我转人工", "怎么还不转人工", "为什么不能转人工", "你听不懂，转人工", "你听不懂转人工", "不行，转人工", "机器人不行转人工", "解决不了就转人工", "不如转人工",
            "要不转人工吧", "没用，人工", "不知道怎么办，转人工",
            "问题还没解决转人工", "不要废话转人工", "你不会回答就转人工", "不满意，我要投诉，转人工", "免费的不好用，转人工", "怎么就不能转人工了",
            // Double negation.
            "不要不转人工", "别不给我转人工", "不是不要转人工",
            // The last word counts.
            "不用转人工……还是转人工吧", "先不用人工，算了，转人工", "不用了，还是转人工",
            // Traditional, full-width, spaced, in other scripts' company.
            "轉人工", "轉接人工客服", "我要找真人客服", "請幫我轉接專人", "幫我轉真人客服，謝謝", "我要搵真人", "转 人 工", "　转人工　", "【转人工】", "“转人工”", "转人工~",
            "转\u{200B}人工", "please 转人工", "转人工 please",
            "我要 human", "给我转agent", "转human", "hi，转人工", "退款一直没到，转人工", "退款没到转人工", "订单号是12345，帮我转人工", "我是老客户，我要转人工",
            "我是老客户我要转人工",
            "你好，请问可以帮我转接到人工客服那边吗", "你好人工", "那就人工吧", "那还是人工吧", "我要找你们经理", "把我转给你们主管", "不要再让机器人回复我了", "叫你们客服来",
            "先给我转人工，不行再说", "我跟你说不清楚，转人工",
        ])
    func `asks for a human in Chinese`(_ text: String) {
        #expect(HandoffRequest.detect(in: text))
    }

    @Test(
        arguments: [
            "不用转人工", "不需要人工", "不需要转人工", "不用人工", "不要人工", "不要转人工", "别转人工", "先别转人工", "先不转人工", "暂时不用转人工", "我不想转人工",
            "不想找人工客服", "不必转人工", "无需人工", "无需转接人工客服",
            "没必要转人工", "用不着转人工", "请勿转人工", "不要给我转人工", "别再给我转人工了", "别总给我转人工", "不用麻烦转人工了", "不需要你们帮我转接人工客服", "我不要人工客服",
            "我不需要真人", "不想跟人工客服说话", "不想跟真人聊",
            "转人工就不用了", "转人工不用了", "人工客服就算了", "人工就不必了", "转人工……算了，不用了", "转人工，哦不用了", "我要人工。算了", "不是要转人工", "我没说要转人工",
            "没让你转人工", "取消转人工", "拒绝转人工", "唔使轉人工", "不用轉人工",
            "不用轉接專人，謝謝", "还是不要转人工了", "请不要转人工，你来回答", "别转了", "不用 转人工", "不 用 转 人 工", "能不能不转人工", "可不可以不要转人工", "转人工之前",
            "在转人工之前，先告诉我价格", "转人工不需要",
        ])
    func `refuses a human in Chinese`(_ text: String) {
        #expect(!HandoffRequest.detect(in: text))
    }

    @Test(
        arguments: [
            "人工智能是什么", "人工智能", "你们用人工智能吗", "我需要人工智能方案", "人工费多少钱", "人工客服几点上班", "人工客服的工作时间", "人工客服工作时间是几点到几点", "你们有人工客服吗",
            "你们有没有人工客服", "支持转人工吗", "是否支持转人工",
            "Chat API 支持转人工吗？", "转人工是怎么实现的", "转人工的流程是什么", "转人工功能怎么配置", "怎么配置转人工", "什么时候会转人工", "什么情况下会转人工", "自动转人工怎么设置",
            "客户怎么转人工", "用户可以转人工吗", "访客要转人工怎么办", "转人工率是多少",
            "转人工要等多久", "你是真人吗", "你是人工还是机器人", "机器人还是人工", "我已经转过人工了", "我刚才跟客服说过了", "我找过人工客服了", "客服系统多少钱", "你们的客服系统怎么安装",
            "对接客服系统", "客服电话多少", "联系客服的电话", "需要人工审核吗", "人工呼吸怎么做",
            "换人民币", "真人头像怎么上传", "退款多久到账", "怎么退款", "你好", "谢谢", "", "。。。", "Chat API 是什么？", "会不会丢消息", "转账怎么操作", "转换格式",
            "怎么转发消息", "找回密码", "请问怎么联系", "特别好用", "不用", "不需要", "好的",
        ])
    func `is no request in Chinese`(_ text: String) {
        #expect(!HandoffRequest.detect(in: text))
    }

    @Test(
        arguments: [
            "talk to a human", "Talk to a human!", "TALK TO A HUMAN", "I want to talk to a human",
            "i want to talk to a real person", "let me talk to a person", "can I talk to a human?",
            "Can I speak to someone?", "could i please speak with an agent",
            "may I speak to a manager", "I need to speak with a representative", "i'd like to chat with a live agent",
            "human", "Human!", "human please", "agent", "Agent please", "agent, please", "real person",
            "a real person please", "live agent", "representative",
            "operator", "customer service", "customer service please", "customer support", "get me a human",
            "Get me an agent now", "give me a human", "give me a real person", "find me a human",
            "connect me to an agent", "connect me with a human", "Please connect me to customer service",
            "transfer me to an agent", "transfer me to a real human being", "transfer me", "transfer me please",
            "please transfer this to a human", "pass me to your support team", "put me through to an agent",
            "put me on with a human", "hand me over to a human", "escalate this to a supervisor",
            "escalate this", "i want a human", "I want an actual human", "i need a human", "I need an agent",
            "we need a human agent to look at this", "I'd like a human", "I would like to speak to somebody",
            "I prefer a human", "I'd rather talk to a human", "I'd rather have a human agent",
            "how do I talk to a human?", "How can I reach a human?", "how do i contact customer support",
            "is it possible to talk to a human", "is there a human I can talk to?", "is there anyone real here",
            "are there any humans available", "any agents available?", "any human here?",
            "switch to human", "human agent", "HUMAN AGENT NOW", "i asked for a human",
            "I already asked for a human three times!", "speak to a human about my refund",
            "talk to human regarding invoice", "i need a real person to help me", "have someone call me",
            "Can a human help me?", "could a human look at this", "is a human available",
            "can you get someone to call me", "can you hand me off to a human", "i'd like some human help",
            "I want to speak to your manager",
        ])
    func `asks for a human in English`(_ text: String) {
        #expect(HandoffRequest.detect(in: text))
    }

    @Test(
        arguments: [
            // Refusing the bot.
            "I don't want a bot", "i dont want to talk to a bot", "I do not want to talk to a robot", "I hate chatbots",
            "no bots please", "I'm sick of this bot, human please", "I don't want to speak to a machine",
            // Words that look like negations.
            "why don't you transfer me to a human", "why can't I talk to a human?", "can't I speak to an agent?",
            "couldn't you connect me to a human", "this doesn't work, I want a human",
            "this is not helping get me an agent", "you don't understand, talk to a human",
            "I don't know what to do, connect me to an agent", "no, I want a human", "no I want a human",
            "No thanks, I want a human", "I wouldn't mind talking to a human", "I want a human, not a bot",
            "not a bot, a human please", "I'd like to talk to a human instead of a bot",
            "I can't wait, get me a human", "if not, transfer me to an agent",
            "this is not what i asked but let me talk to a human",
            // Double negation.
            "don't not transfer me to a human", "never not connect me to an agent",
            // The last word counts.
            "I don't want a human. Actually, yes, get me a human", "no need for a human... ok, transfer me to a human",
            // Other writings.
            "ｔａｌｋ　ｔｏ　ａ　ｈｕｍａｎ", "I don’t want a bot", "talk to a hu\u{200B}man", "TALK  TO\nA HUMAN", "talk-to a human",
            "Hello, my order 12345 is late. Please connect me to an agent.", "I want 人工客服",
            "I've been waiting for hours, let me talk to a human", "are you there? I want a human",
            "i am a customer and i want to talk to a human",
        ])
    func `asks for a human in English in spite of its words`(_ text: String) {
        #expect(HandoffRequest.detect(in: text))
    }

    @Test(
        arguments: [
            "no need for a human", "No need to talk to a human", "don't transfer me", "don't transfer me to an agent",
            "Do not transfer me to a human", "please don't connect me to an agent", "I don't want to talk to a human",
            "i dont want a human", "I do not need an agent", "I don't need a human",
            "I don't want to be connected, don't connect me to a human", "never transfer me to an agent",
            "I'd rather not speak to a human", "I would rather not talk to anyone", "without talking to a human",
            "can you help me without transferring me to an agent", "can I do this without talking to a human?",
            "not a human", "no human please",
            "no agent please", "no humans please", "I don't think I need a human",
            "i do not think i want to talk to an agent", "you don't need to transfer me to a human",
            "you needn't connect me to an agent", "stop transferring me to agents", "no need to escalate",
            "don't escalate this", "I'm fine with the bot, no need for a real person", "I don't need customer service",
            "cancel: transfer me to a human... never mind", "talk to a human. never mind",
            "transfer me to an agent, no need",
            "get me a human. Forget it.", "a human is not necessary", "talking to a human is not necessary",
            "before you transfer me to a human, what is the price?", "I'd rather talk to you than a human",
            "I never asked for a human", "I didn't ask for an agent", "i hate talking to humans",
            "instead of connecting me to an agent, just answer", "I DON'T WANT A HUMAN",
            "i don’t need a human agent", "ｎｏ　ｎｅｅｄ　ｆｏｒ　ａ　ｈｕｍａｎ",
        ])
    func `refuses a human in English`(_ text: String) {
        #expect(!HandoffRequest.detect(in: text))
    }

    @Test(
        arguments: [
            "do you have human support hours?", "what are the human support hours?", "Do you have human agents?",
            "when are agents available?", "how many agents do you have?", "are you a human?", "are you a real person?",
            "Are you a bot?", "am I talking to a human?", "Am I speaking to a real person?",
            "is this a human or a bot?",
            "how does the handoff to a human work?", "How does it transfer customers to a human?",
            "can customers talk to a human?", "Can my visitors speak to an agent?",
            "does it let customers talk to a human?", "does the bot transfer me to a human automatically?",
            "what happens when a customer asks for a human?", "when does the bot transfer me to an agent?",
            "do I have to talk to a human?",
            "will I have to speak to an agent?", "human resources", "I want the human resources department",
            "I need the agent console", "what is the agent console?", "how do I find the agent console",
            "what is a user agent", "I work in customer service", "I want customer service software", "contact form",
            "thanks for connecting me to an agent", "I was talking to a human yesterday",
            "I spoke to an agent yesterday", "What is Chat API?", "how much does it cost?", "hello", "thanks",
            "person of interest", "my real name is Ann", "send me the invoice", "transfer me the money",
            "connect my shop to the API", "how do I connect my CRM", "call the API", "give me the price list", "ok",
            "yes please", "no", "", "?!", "I am not a robot", "is there a free trial", "can I change my agent settings",
            "humans and robots", "switch to dark mode", "escalation policy", "how do I get people to sign up",
            "do I need an agent to install it", "does Chat API support human handoff", "how do agents take over",
            "I need help",
        ])
    func `is no request in English`(_ text: String) {
        #expect(!HandoffRequest.detect(in: text))
    }

    @Test func `every row of the tables is in the form that it is compared in`() {
        let rows =
            ChineseHandoffPhrases.humans + ChineseHandoffPhrases.verbs + ChineseHandoffPhrases.requests
            + ChineseHandoffPhrases.negations + ChineseHandoffPhrases.neutral + ChineseHandoffPhrases.fillers
            + EnglishHandoffPhrases.negations + EnglishHandoffPhrases.neutral
            + EnglishHandoffPhrases.sets.values.joined()
        for row in rows { #expect(ComparableText(row).string == row) }
        for row in EnglishHandoffPhrases.requests {
            #expect(!row.contains("'"))
            for part in row.split(separator: " ") where part.hasPrefix("{") {
                let name = String(part.filter { $0.isLetter })
                #expect(EnglishHandoffPhrases.sets[name] != nil, "\(row) names the unknown set \(name)")
            }
        }
    }

    @Test func `long text is read in bounded time`() {
        let text = String(repeating: "i do not want to talk to a bot i want a human but ", count: 4000)
        let clock = ContinuousClock()
        let taken = clock.measure { _ = HandoffRequest.detect(in: text) }
        #expect(taken < .seconds(5))
        _ = HandoffRequest.detect(in: String(repeating: "不", count: 100_000))
        _ = HandoffRequest.detect(in: String(repeating: "转", count: 100_000))
    }

    @Test(arguments: [
        "好的", "可以", "行", "需要", "嗯", "yes", "Yes please!", "sure", "OK", "转吧", "好的，谢谢", "转人工", "是的", "yes, please",
        "I want a human",
    ])
    func `accepts the offer of a human`(_ text: String) {
        #expect(HandoffRequest.isConsent(text))
    }

    @Test(arguments: [
        "不用", "no", "no thanks", "不需要", "好的，那怎么退款", "yes but how much is it", "what", "", "okay so what is the price",
        "不好",
    ])
    func `does not accept the offer of a human`(_ text: String) {
        #expect(!HandoffRequest.isConsent(text))
    }
}
