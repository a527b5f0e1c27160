import Domain
import Testing

@testable import Assistant

@Suite struct HandoffClaimTests {
    @Test(arguments: [
        "已为您转接人工客服，请稍候。", "抱歉，我无法回答这个问题，已为您转接人工。", "正在为您转接人工客服。", "我这就为您转人工。", "好的，马上为您转接人工客服，请稍等。", "已经帮您转接到人工坐席了。",
        "我将为您转接人工专员处理。", "現在為您轉接人工客服。", "您的情况我了解了。我已将您的问题转交给人工客服。", "I am transferring you now to a human agent.",
        "I'm connecting you with a colleague.", "You are being transferred to a human agent. Please hold.",
        "I have escalated your case to our support team.", "Sorry about that. I'll connect you to a human.",
        "Let me transfer you to a representative.", "A human agent will be with you shortly.",
        "A colleague will take over.",
        "I've forwarded this to our team.", "Your chat has been transferred to a specialist.",
        "Unfortunately I cannot do that. I'm transferring you to a human colleague.",
    ])
    func `says that a human takes over`(_ text: String) {
        #expect(HandoffClaim.isMade(in: text))
    }

    @Test(arguments: [
        "需要我为您转接人工客服吗？", "如果需要，我可以为您转接人工客服。", "您可以回复“转人工”联系人工客服。", "我无法为您转接人工客服。", "如需人工，我会为您转接人工客服。",
        "人工客服的工作时间是9点到18点。",
        "我没有为您转接人工客服。", "退款已为您提交，3天到账。", "要是还有问题，我帮您转人工。", "您可以让我为您转接人工。", "提交后会有专员联系您。",
        "I can transfer you to a human if you like.", "Would you like me to connect you to a human colleague?",
        "If you prefer, I will connect you to an agent.", "I am not transferring you to a human.",
        "I cannot transfer you to a human agent.", "Our agents work from 9 to 5.",
        "Just say “human” and a colleague will take over.",
        "The money has been transferred to your bank.", "Shall I hand you over to a colleague?",
        "Our support team will reply to your e-mail within a day.", "转账已为您完成。", "您好！请问有什么可以帮您？",
        "You would be connected to an agent once you confirm.", "我不会为您转接人工客服的。", "",
    ])
    func `says no such thing`(_ text: String) {
        #expect(!HandoffClaim.isMade(in: text))
    }

    @Test(
        arguments: [
            "需要我为您转接人工客服吗？", "您要不要转人工？", "Would you like me to connect you to a human colleague?",
            "Shall I transfer you to an agent?", "Do you want to talk to a human?",
        ]
            + Language.allCases.flatMap { language in
                [Texts.unknown(in: language)]
                    + [.anger, .repeated, .unanswered].map { Texts.offer(because: $0, in: language) }
            })
    func `offers a human`(_ text: String) {
        #expect(HandoffClaim.isOffer(text))
        #expect(!HandoffClaim.isMade(in: text))
    }

    @Test(
        arguments: [
            "人工客服几点上班？", "已为您转接人工客服。", "Is there anything else?", "还有其他可以帮您的吗？", "如果没有解决您的问题，请回复“转人工”。",
        ]
            + Language.allCases.flatMap { language in
                [Texts.hedgeOffer(in: language)] + SmallTalk.allCases.map { Texts.smallTalk($0, in: language) }
            })
    func `offers none`(_ text: String) {
        #expect(!HandoffClaim.isOffer(text))
    }
}
