/// What stands, for a model, in place of a conversation's older messages.
public struct ConversationSummary: Sendable, Equatable {
    /// `seq` of the newest message that it covers.
    public var upToSeq: Int64
    /// Grows each time that it is written anew.
    public var version: Int64
    public var text: String

    public init(upToSeq: Int64, version: Int64, text: String) {
        self.upToSeq = upToSeq
        self.version = version
        self.text = text
    }
}
