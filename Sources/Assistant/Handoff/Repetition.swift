import Domain

/// Whether the contact gets nowhere: asks again what was answered, or rejects answers twice.
enum Repetition {
    /// Messages of the contact that are looked back at.
    static let lookBack = 10
    /// Share of the meanings of two questions that they must have in common to be the same.
    static let sameness = 0.75
    /// Rejections from which on it counts.
    static let rejections = 2

    static func shows(in question: ReplyQuestion) -> Bool {
        let term = question.sinceHuman
        return rejectsAgain(question, term) || asksAgain(question, term)
    }

    private static func rejectsAgain(_ question: ReplyQuestion, _ term: [Message]) -> Bool {
        guard question.asked.contains(where: { isRejection($0.content) }) else { return false }
        let earlier = term.filter { $0.sender.kind == .contact }.suffix(lookBack)
        return earlier.count(where: { isRejection($0.content) }) + 1 >= rejections
    }

    /// Only what was answered can be asked again: a second message before the answer is impatience.
    private static func asksAgain(_ question: ReplyQuestion, _ term: [Message]) -> Bool {
        guard let answered = term.lastIndex(where: { $0.sender.kind == .ai }) else { return false }
        let earlier = term[..<answered].filter { $0.sender.kind == .contact }.suffix(lookBack)
        let asked = question.asked.map(\.content).compactMap(AskedMeaning.init)
        guard !asked.isEmpty else { return false }
        let before = earlier.compactMap { AskedMeaning($0.content) }
        return asked.contains { new in before.contains { $0.isSame(as: new) } }
    }

    /// Whether `text` says that an answer was wrong or of no use, and asks nothing else.
    static func isRejection(_ text: String) -> Bool {
        let phrases = PhraseText(Quotes.removed(from: text), limit: rejectionScalars + 1)
        guard ComparableText(text, limit: rejectionScalars + 1).scalars.count <= rejectionScalars else { return false }
        if phrases.equals(RejectionPhrases.whole) { return true }
        // "Not what I asked" asks nothing.
        return phrases.contains(RejectionPhrases.within)
            && !phrases.without(RejectionPhrases.within).contains(RejectionPhrases.questions)
    }

    /// A rejection is short; a long message says what is wanted.
    private static let rejectionScalars = 80
}

/// What a question asks, as far as two of them are compared by it.
struct AskedMeaning {
    private let meanings: [Set<Term>]
    /// 12345 is another order than 12346, however alike the rest.
    private let numbers: Set<[UInt32]>
    /// How much shipping is, or how long it takes; nil when the words do not tell.
    private let kind: Kind?

    private enum Kind: CaseIterable {
        case quantity, duration, time, place, reason

        var words: PhraseSet {
            switch self {
            case .quantity: Self.quantities
            case .duration: Self.durations
            case .time: Self.times
            case .place: Self.places
            case .reason: Self.reasons
            }
        }

        private static let quantities: PhraseSet = [
            "how much", "how many", "多少", "几个", "几件", "几块", "价格", "price", "cost",
        ]
        private static let durations: PhraseSet = ["how long", "how soon", "多久", "多长时间", "几天", "几小时"]
        private static let times: PhraseSet = ["when", "what time", "什么时候", "何时", "几点", "哪天"]
        private static let places: PhraseSet = ["where", "哪里", "哪儿", "在哪"]
        private static let reasons: PhraseSet = ["why", "为什么", "为何", "为啥"]
    }

    /// Nil for what asks nothing: greetings, "OK", "why?".
    init?(_ text: String) {
        guard SmallTalk.detect(in: text) == nil else { return nil }
        meanings = QuestionWords(text).meanings.filter { !$0.isEmpty }
        guard !meanings.isEmpty else { return nil }
        let phrases = PhraseText(text)
        kind = Kind.allCases.first { phrases.contains($0.words) }
        let comparable = ComparableText(text, limit: QuestionWords.readScalars)
        numbers = Set(
            TextRuns.all(in: comparable.scalars).filter { $0.kind == .number }.map {
                Array(comparable.scalars[$0.range])
            })
    }

    func isSame(as other: AskedMeaning) -> Bool {
        guard numbers == other.numbers else { return false }
        if let kind, let its = other.kind, kind != its { return false }
        let common = shared(with: other) + other.shared(with: self)
        return Double(common) >= Repetition.sameness * Double(meanings.count + other.meanings.count)
    }

    /// How many of the meanings the other question has as well.
    private func shared(with other: AskedMeaning) -> Int {
        meanings.count { own in
            other.meanings.contains { its in own.intersection(its).count * 2 >= min(own.count, its.count) }
        }
    }
}

/// The committed table of how customers reject an answer, in comparable form.
enum RejectionPhrases {
    /// As the whole message.
    static let whole: PhraseSet = [
        "不对", "不对啊", "不对吧", "不对的", "这不对", "还是不对", "不是", "不是的", "不是这个", "不是啊", "错了", "错", "没用", "没有用", "没用啊", "还是没用",
        "根本没用", "一点用都没有", "没帮助",
        "没有帮助", "没解决", "没有解决", "还是没解决", "解决不了", "不行", "不行啊", "还是不行", "不可以", "还是不可以", "不管用", "不好使", "还是不好使", "胡说",
        "胡说八道", "瞎说",
        "wrong", "incorrect", "nope", "not true", "not right", "no thats wrong", "useless", "not helpful", "no help",
        "false",
    ]

    /// Anywhere in a short message.
    static let within: PhraseSet = [
        "答非所问", "你说的不对", "说的不对", "说得不对", "回答不对", "回答错了", "你错了", "说错了", "你说错", "不是我要的", "不是我想要的", "不是我问的", "我问的不是",
        "我不是问这个", "我不是这个意思",
        "不是这个意思", "不是这个问题", "不是这样的", "没回答我", "没有回答我", "你没听懂", "没听懂", "听不懂人话", "你没明白", "没理解我", "理解错了", "对我没用", "没什么用",
        "没有任何帮助", "没有任何用",
        "没解决我的问题", "没有解决我的问题", "还是没有解决", "问题没解决", "问题还在", "试过了没用", "试过没用", "试了没用", "试过了还是不行", "试了还是不行", "试过了不行", "这个不对",
        "都不对", "都没用",
        "都不行",
        "thats wrong", "that is wrong", "this is wrong", "thats incorrect", "that is incorrect", "thats not right",
        "that is not right", "thats not correct", "that is not correct", "youre wrong", "you are wrong", "wrong answer",
        "not what i asked", "not what i meant", "not what i want", "not what i wanted", "not what i need",
        "not what im asking", "not my question", "thats not it", "that is not it", "thats not true", "doesnt help",
        "does not help", "didnt help", "did not help", "doesnt answer my", "does not answer my", "didnt answer my",
        "did not answer my", "not answering my question", "that doesnt work", "that does not work", "that didnt work",
        "that did not work", "it didnt work", "still doesnt work", "still does not work", "still not working",
        "didnt solve", "did not solve", "doesnt solve", "does not solve", "not solved", "not helpful", "isnt helpful",
        "wasnt helpful", "of no use", "no use at all", "you dont understand", "you do not understand",
        "you didnt understand", "you misunderstood", "not helping", "thats useless", "this is useless",
        "i already tried that",
        "already tried that",
    ]

    /// With one of these it is a question of its own ("密码不对怎么办").
    static let questions: PhraseSet = [
        "怎么", "如何", "为什么", "为啥", "什么", "哪", "吗", "多少", "能不能", "how", "what", "why", "where", "when", "which", "can i",
        "should i",
        "what if", "does it", "is it",
    ]
}
