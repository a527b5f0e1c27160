/// Messages that ask nothing: a greeting must not be answered with "I do not know", which twice in a row would hand over.
public enum SmallTalk: String, Sendable, CaseIterable {
    case greeting, thanks, goodbye
    /// "OK", "got it": the customer is content.
    case acknowledgement

    /// What kind of small talk the whole of `text` is, or nil when it says anything else as well.
    public static func detect(in text: String) -> SmallTalk? {
        let comparable = ComparableText(text, limit: longest).scalars
        let runs = TextRuns.all(in: comparable)
        let words = runs.map { run in
            String(String.UnicodeScalarView(comparable[run.range].compactMap(Unicode.Scalar.init)))
        }
        guard !words.isEmpty, words.count <= mostWords else { return nil }
        var kinds: Set<SmallTalk> = []
        var index = 0
        while index < words.count {
            // The longest row that starts here; fillers ("there", "so much") belong to whatever they stand beside.
            let found = (1...(words.count - index)).reversed().compactMap { length -> (SmallTalk?, Int)? in
                let key = words[index..<index + length].joined(separator: " ")
                if let kind = table[key] { return (kind, length) }
                return fillers.contains(key) ? (nil, length) : nil
            }.first
            guard let (kind, length) = found else { return nil }
            if let kind { kinds.insert(kind) }
            index += length
        }
        // "Hi, thanks!" is thanks; "ok bye" is a goodbye.
        return [.goodbye, .thanks, .greeting, .acknowledgement].first(where: kinds.contains)
    }

    /// Scalars and words of the longest small talk that is read.
    private static let longest = 80
    private static let mostWords = 8

    private static let fillers: Set<String> = [
        "there", "so much", "very much", "a lot", "you", "all", "everyone", "team", "啊", "呀", "哈", "哦", "了", "again",
        "and", "for your help", "for the help",
        "have a nice day", "sir", "dear", "friend",
    ]

    private static let table: [String: SmallTalk] = {
        var table: [String: SmallTalk] = [:]
        for (kind, rows) in rows { for row in rows { table[row] = kind } }
        return table
    }()

    private static let rows: [(SmallTalk, [String])] = [
        (
            .greeting,
            [
                "hi", "hello", "hey", "hiya", "good morning", "good afternoon", "good evening", "good day", "greetings",
                "hallo", "helo", "hii", "yo",
                "anyone there", "is anyone there", "anybody there", "are you there", "how are you", "how are you doing",
                "whats up", "what's up", "nice to meet you",
                "你好", "您好", "你好啊", "您好啊", "你好呀", "你们好", "大家好", "嗨", "哈喽", "哈啰", "喂", "在吗", "在么", "在不在", "有人吗", "有人在吗",
                "有人么", "早", "早上好", "上午好", "中午好",
                "下午好", "晚上好", "你好在吗", "您好在吗", "亲", "亲在吗", "你好请问在吗", "请问在吗", "请问有人吗", "客服你好", "你好客服",
            ]
        ),
        (
            .thanks,
            [
                "thanks", "thank you", "thank u", "thx", "ty", "thanks a lot", "thank you so much",
                "thank you very much", "many thanks", "much appreciated", "appreciate it",
                "cheers", "谢谢", "谢谢你", "谢谢您", "多谢", "感谢", "非常感谢", "十分感谢", "谢了", "谢谢啦", "太谢谢了", "谢谢了", "好的谢谢", "好谢谢",
                "知道了谢谢", "明白了谢谢", "ok谢谢", "辛苦了",
            ]
        ),
        (
            .goodbye,
            [
                "bye", "goodbye", "good bye", "bye bye", "see you", "see ya", "good night", "have a good day",
                "take care", "再见", "拜拜", "拜", "回头见", "晚安", "下次见", "88", "先这样", "再会",
            ]
        ),
        (
            .acknowledgement,
            [
                "ok", "okay", "k", "alright", "all right", "got it", "i see", "understood", "great", "perfect", "nice",
                "cool", "awesome", "good", "fine", "sure", "that helps",
                "that's all", "thats all", "no more questions", "好", "好的", "好吧", "好滴", "好嘞", "嗯", "嗯嗯", "哦", "哦哦", "噢",
                "行", "行吧", "知道了", "我知道了", "明白", "明白了", "我明白了", "懂了", "收到", "了解", "了解了", "没问题了",
                "没有了", "没了", "可以", "可以了", "ok了",
            ]
        ),
    ]
}
