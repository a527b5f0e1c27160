/// What a model wrote when it was asked for a summary, if it is one.
enum SummaryText {
    /// Unicode scalars. Fewer say nothing; more are no summary, and would take the place of what is summed up.
    static let lengths = 12...3000

    /// How apologies and errors begin that a server or a model sends in place of a summary.
    private static let nonsense = [
        "error", "exception", "traceback", "internal server", "http", "{", "[", "<html", "<!doctype", "<?xml",
        "i'm sorry",
        "i am sorry", "sorry,", "i cannot", "i can't", "i'm unable", "as an ai", "抱歉", "很抱歉", "对不起", "對不起", "无法", "無法",
        "作为一个", "作為一個", "服务器", "請求", "请求失败",
    ]

    /// - Returns: nil for what must not stand in the place of messages: nothing, too much, half of it, an error.
    static func accepted(_ text: String, finish: ReplyFinish) -> String? {
        guard finish == .stop else { return nil }
        let summary = Sentences.trimmed(PromptText.data(text))
        guard lengths.contains(summary.unicodeScalars.count) else { return nil }
        let start = ComparableText(summary, limit: 40).string
        guard !nonsense.contains(where: { start.hasPrefix(ComparableText($0).string) }) else { return nil }
        guard !summary.contains(ReplyMarker.unknown), summary.unicodeScalars.contains(where: \.properties.isAlphabetic)
        else { return nil }
        return summary
    }
}
