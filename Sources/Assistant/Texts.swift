/// Everything that the assistant says in its own words, in the contact's language. One place, so that a translation or a
/// change of tone is one file.
///
/// None of them names a provider, a model or an error: those are for the operators' eyes only.
public enum Texts {
    /// What the assistant calls itself.
    public static func assistantName(in language: Language) -> String {
        switch language {
        case .english: "Assistant"
        case .chinese: "智能助手"
        }
    }

    /// The contact asked for a human.
    public static func handingOverOnRequest(in language: Language) -> String {
        switch language {
        case .english: "You are being connected to a human colleague. Please wait a moment."
        case .chinese: "正在为您转接人工客服，请稍候。"
        }
    }

    /// The contact accepted the offer of a human.
    public static func handingOverOnConsent(in language: Language) -> String {
        handingOverOnRequest(in: language)
    }

    /// No provider answered, a reply was blocked, or a job could not be finished.
    public static func handingOverOnFailure(in language: Language) -> String {
        switch language {
        case .english:
            "Sorry, the assistant cannot answer right now. A human colleague will take over; your messages are saved."
        case .chinese: "抱歉，智能助手暂时无法回答，已为您转接人工客服。您的消息都已保存。"
        }
    }

    /// The second question in a row that no article answers.
    public static func handingOverOnUnknown(in language: Language) -> String {
        switch language {
        case .english: "The assistant has no answer to this, so a human colleague will take over. Please wait a moment."
        case .chinese: "智能助手没有找到答案，已为您转接人工客服，请稍候。"
        }
    }

    /// The workspace's budget for AI is spent.
    public static func handingOverOnBudget(in language: Language) -> String {
        switch language {
        case .english: "The assistant is not available at the moment. A human colleague will answer you here."
        case .chinese: "智能助手暂时不可用，人工客服会在这里回复您。"
        }
    }

    /// Nobody answered for too long and the conversation waits in the queue.
    public static func stillWaiting(in language: Language) -> String {
        switch language {
        case .english: "All colleagues are busy. Your conversation is in the queue and you will get an answer here."
        case .chinese: "当前客服繁忙，您的对话已在排队，我们会在这里回复您。"
        }
    }

    /// The conversation went back to the assistant.
    public static func backToAssistant(in language: Language) -> String {
        switch language {
        case .english: "The assistant answers again. You can ask for a human at any time."
        case .chinese: "现在由智能助手为您服务，您可以随时要求转人工。"
        }
    }

    /// No article answers: an answer without sources, which offers a human.
    public static func unknown(in language: Language) -> String {
        switch language {
        case .english:
            "I'm sorry, I could not find an answer to that. Could you put it in other words? "
                + "Or shall I connect you to a human colleague? Just say “human”."
        case .chinese: "抱歉，我没有找到相关的答案。您可以换一种说法再问一次；如果需要人工客服，请回复“转人工”。"
        }
    }

    /// Before an answer that only may fit.
    public static func hedge(in language: Language) -> String {
        switch language {
        case .english: "I am not sure that this is what you mean, but it may help:"
        case .chinese: "不确定这是否就是您想问的，以下内容供您参考："
        }
    }

    /// After an answer that only may fit.
    public static func hedgeOffer(in language: Language) -> String {
        switch language {
        case .english: "If it does not, say “human” and a colleague will take over."
        case .chinese: "如果没有解决您的问题，请回复“转人工”。"
        }
    }

    /// The answer to a message that asks nothing.
    public static func smallTalk(_ kind: SmallTalk, in language: Language) -> String {
        switch (kind, language) {
        case (.greeting, .english):
            "Hello! What can I do for you? You can ask me a question, or say “human” for a colleague."
        case (.greeting, .chinese): "您好！请问有什么可以帮您？您可以直接提问，需要人工客服时请回复“转人工”。"
        case (.thanks, .english): "You are welcome! Is there anything else I can do for you?"
        case (.thanks, .chinese): "不客气！还有其他可以帮您的吗？"
        case (.goodbye, .english): "Goodbye, and thank you for your visit!"
        case (.goodbye, .chinese): "再见，感谢您的咨询！"
        case (.acknowledgement, .english): "All right. Just ask if there is anything else."
        case (.acknowledgement, .chinese): "好的，有其他问题随时问我。"
        }
    }

    /// In place of a reply that was cut off and could not be finished.
    public static func interrupted(in language: Language) -> String {
        switch language {
        case .english: "(The answer was interrupted.)"
        case .chinese: "（回答中断了。）"
        }
    }
}
