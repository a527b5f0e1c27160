public import Domain

/// Everything that the assistant says in its own words, in the contact's language. One place, so that a translation or
/// a change of tone is one file.
///
/// None of them names a provider, a model or an error: those are for the operators' eyes only.
public enum Texts {
    /// The contact asked for a human.
    public static func handingOverOnRequest(in language: Language) -> String {
        switch language {
        case .english: "You are being connected to a human colleague. Please wait a moment."
        case .chinese: "正在为您转接人工客服，请稍候。"
        }
    }

    /// The contact accepted the offer of a human.
    public static func handingOverOnConsent(in language: Language) -> String {
        switch language {
        case .english: "All right, you are being connected to a human colleague. Please wait a moment."
        case .chinese: "好的，正在为您转接人工客服，请稍候。"
        }
    }

    /// What it is about belongs to humans.
    public static func handingOverOnTopic(in language: Language) -> String {
        switch language {
        case .english: "This is something for a human colleague, who will take over here. Please wait a moment."
        case .chinese: "这件事需要由人工客服为您处理，正在为您转接，请稍候。"
        }
    }

    /// A provider refused to speak about it. Says nothing of why: the question may be harmless.
    public static func handingOverOnContentFilter(in language: Language) -> String {
        switch language {
        case .english: "The assistant cannot answer this. A human colleague will take over; your messages are saved."
        case .chinese: "这个问题智能助手无法回答，已为您转接人工客服。您的消息都已保存。"
        }
    }

    /// The contact is angry, or gets nowhere.
    public static func handingOverOnTrouble(in language: Language) -> String {
        switch language {
        case .english:
            "Sorry that this has been no help so far. A human colleague will take over. Please wait a moment."
        case .chinese: "很抱歉没能帮到您，正在为您转接人工客服，请稍候。"
        }
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
                + "Or shall I connect you to a human colleague?"
        case .chinese: "抱歉，我没有找到相关的答案。您可以换一种说法再问一次。需要我为您转接人工客服吗？"
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

    // MARK: Handoffs

    /// What the contact is told when a human takes over.
    public static func handingOver(because reason: Handoff.Reason, in language: Language) -> String {
        switch reason {
        case .requested, .model, .claimed: handingOverOnRequest(in: language)
        case .consent: handingOverOnConsent(in: language)
        case .topic: handingOverOnTopic(in: language)
        case .contentFilter: handingOverOnContentFilter(in: language)
        case .budget: handingOverOnBudget(in: language)
        case .failure, .timeout: handingOverOnFailure(in: language)
        case .unanswered: handingOverOnUnknown(in: language)
        case .repeated, .anger: handingOverOnTrouble(in: language)
        }
    }

    /// The offer of a human behind a reply, as a question: a yes to it brings one.
    public static func offer(because reason: Handoff.Reason, in language: Language) -> String {
        switch (reason, language) {
        case (.anger, .english): "I am sorry for the trouble. Would you like me to connect you to a human colleague?"
        case (.anger, .chinese): "很抱歉给您带来不便。需要我为您转接人工客服吗？"
        case (.repeated, .english): "If this is no help: would you like me to connect you to a human colleague?"
        case (.repeated, .chinese): "如果以上回答没有帮到您，需要我为您转接人工客服吗？"
        case (_, .english): "Would you like me to connect you to a human colleague?"
        case (_, .chinese): "需要我为您转接人工客服吗？"
        }
    }

    // MARK: For staff

    /// First line of the note at a handoff.
    static func handoffHeading(
        _ reason: Handoff.Reason, _ urgency: Handoff.Urgency, category: String?, in language: Language
    ) -> String {
        let category = category.map { " (\($0))" } ?? ""
        return switch language {
        case .english: "Handoff: \(why(reason, in: language))\(category). Urgency: \(urgency.rawValue)."
        case .chinese: "转人工：\(why(reason, in: language))\(category)。紧急程度：\(name(urgency))。"
        }
    }

    private static func name(_ urgency: Handoff.Urgency) -> String {
        switch urgency {
        case .normal: "一般"
        case .high: "高"
        case .urgent: "紧急"
        }
    }

    private static func why(_ reason: Handoff.Reason, in language: Language) -> String {
        switch (reason, language) {
        case (.requested, .english): "the customer asked for a human"
        case (.requested, .chinese): "客户要求人工"
        case (.consent, .english): "the customer accepted the offer of a human"
        case (.consent, .chinese): "客户同意转人工"
        case (.topic, .english): "a matter for humans"
        case (.topic, .chinese): "需要人工处理的事项"
        case (.contentFilter, .english): "the provider's content filter"
        case (.contentFilter, .chinese): "模型内容审核拦截"
        case (.budget, .english): "the assistant's budget is used up"
        case (.budget, .chinese): "智能助手的额度已用完"
        case (.failure, .english): "the assistant could not answer"
        case (.failure, .chinese): "智能助手无法回答"
        case (.timeout, .english): "no answer came in time"
        case (.timeout, .chinese): "未能及时回答"
        case (.unanswered, .english): "two questions in a row without an answer"
        case (.unanswered, .chinese): "连续两次没有找到答案"
        case (.repeated, .english): "the customer asked again or rejected the answers"
        case (.repeated, .chinese): "客户重复提问或否定了回答"
        case (.anger, .english): "the customer is angry"
        case (.anger, .chinese): "客户情绪激动"
        case (.model, .english): "the assistant asked for a human"
        case (.model, .chinese): "智能助手请求人工"
        case (.claimed, .english): "the assistant said that a human takes over"
        case (.claimed, .chinese): "智能助手已告知客户转人工"
        }
    }

    static func triedHeading(in language: Language) -> String {
        switch language {
        case .english: "Tried so far:"
        case .chinese: "已尝试："
        }
    }

    /// An answer that was given.
    static func triedAnswer(_ quote: String, sources: String, wasWhole: Bool, in language: Language) -> String {
        switch language {
        case .english:
            (wasWhole ? "Answered: " : "Began to answer: ") + quote + (sources.isEmpty ? "" : " [\(sources)]")
        case .chinese: (wasWhole ? "已回答：" : "回答未完成：") + quote + (sources.isEmpty ? "" : "［\(sources)］")
        }
    }

    /// A provider that failed, by the kind of its failure.
    static func triedProvider(_ failure: String, in language: Language) -> String {
        switch language {
        case .english: "A provider failed: \(failure)"
        case .chinese: "模型服务失败：\(failure)"
        }
    }

    /// Articles that the last reply rested on.
    static func triedSources(_ titles: String, in language: Language) -> String {
        switch language {
        case .english: "Articles: \(titles)"
        case .chinese: "参考文章：\(titles)"
        }
    }

    /// In place of an answer that began to quote the assistant's own rules.
    public static func rulesAreOurs(in language: Language) -> String {
        switch language {
        case .english: "I can't share that, but I am glad to help with your question."
        case .chinese: "这部分内容我不便提供，不过很乐意继续解答您的问题。"
        }
    }
}
