public import Domain

/// Where a conversation stands between the assistant and humans.
public struct HandoffState: Sendable, Equatable {
    /// Replies in a row that had no answer.
    public var unanswered: Int
    /// seq of the assistant's message that last offered a human; nil when none did.
    public var offeredSeq: Int64?
    /// Why the reply in the making is to offer a human, see ``HandoffRules``; nil when it is not.
    public var offering: Handoff.Reason?

    public init(unanswered: Int = 0, offeredSeq: Int64? = nil) {
        self.unanswered = unanswered
        self.offeredSeq = offeredSeq
    }
}

/// What a reply is asked for.
public struct ReplyQuestion: Sendable {
    /// Key of the reply in the making; nil for a suggestion, which no customer sees.
    public var replyId: Identifier<Message>?
    public var workspaceId: Identifier<Workspace>
    public var conversationId: Identifier<Conversation>
    /// What was said before the question, oldest first. No notes.
    public var history: [Message]
    /// The contact's messages that wait for an answer, oldest first. Never empty.
    public var asked: [Message]
    /// Language of the visit, when the client told it.
    public var locale: String?
    /// What the workspace's admins decided.
    public var policy: AssistantPolicy
    /// Names of providers in the order in which they are asked: the inbox's, else the workspace's; nil for the
    /// configured one.
    public var providers: [String]?
    public var handoff: HandoffState
    /// Stands for the messages before ``history``.
    public var summary: ConversationSummary?
    /// What was said while a human answered, since the assistant's last message; empty when nothing was.
    public var interlude: [Message]
    /// Of the workspace's articles when the question was read; nil when nobody has looked.
    public var knowledgeVersion: Int64?
    /// Takes down what the reply uses.
    public var account = ReplyAccount()

    public init(
        replyId: Identifier<Message>? = nil, workspaceId: Identifier<Workspace>,
        conversationId: Identifier<Conversation>, history: [Message], asked: [Message], locale: String?,
        policy: AssistantPolicy = AssistantPolicy(), providers: [String]? = nil,
        handoff: HandoffState = HandoffState(), summary: ConversationSummary? = nil, interlude: [Message] = []
    ) {
        self.replyId = replyId
        self.workspaceId = workspaceId
        self.conversationId = conversationId
        self.history = history
        self.asked = asked
        self.locale = locale
        self.policy = policy
        self.providers = providers
        self.handoff = handoff
        self.summary = summary
        self.interlude = interlude
    }

    /// The messages of ``history`` since a human colleague last spoke: what the assistant has to answer for.
    var sinceHuman: [Message] {
        let start = history.lastIndex { $0.sender.kind == .agent }.map { $0 + 1 } ?? 0
        return Array(history[start...])
    }

    /// The question as one text.
    public var text: String { asked.map(\.content).joined(separator: "\n") }

    /// The language to answer in.
    public var language: Language { Language.ofReply(to: text, locale: locale ?? "en") }

    /// The same as a model is told it: with the names of files, which is all that it learns of them.
    var told: String { asked.map(\.told).joined(separator: "\n") }
}

extension Message {
    /// The text and, a line each, the names of the files beside it.
    var told: String {
        ([content] + attachments.map { "[\(PromptText.line($0.name))]" }).filter { !$0.isEmpty }.joined(separator: "\n")
    }
}

/// A piece of a reply in the making.
public enum ReplyPiece: Sendable, Equatable {
    case text(String)
    /// What came before is void: another provider begins anew.
    case reset(reason: String)
}

/// A reply in full.
public struct ComposedReply: Sendable, Equatable {
    /// The final text. What was delivered in pieces is this, or this replaces it.
    public var text: String
    public var sources: [Message.Source]
    public var finish: Event.FinishReason
    /// False for an "I do not know".
    public var isAnswered: Bool
    /// Why a human takes over once the reply has ended; nil when the assistant goes on.
    public var handoff: Handoff?
    /// How it came about; nil where nobody wrote it down.
    public var receipt: ReplyReceipt?

    public init(
        text: String, sources: [Message.Source], finish: Event.FinishReason, isAnswered: Bool,
        handoff: Handoff? = nil, receipt: ReplyReceipt? = nil
    ) {
        self.handoff = handoff
        self.receipt = receipt
        self.text = text
        self.sources = sources
        self.finish = finish
        self.isAnswered = isAnswered
    }
}

/// No reply could be made: a human takes over.
public struct ReplyFailed: Error, Sendable {
    public var reason: Handoff.Reason
    /// What was tried; nil when nothing was.
    public var receipt: ReplyReceipt?

    public init(_ reason: Handoff.Reason, receipt: ReplyReceipt? = nil) {
        self.reason = reason
        self.receipt = receipt
    }
}

/// Makes a reply: hands over its pieces as they come, each awaited, and returns it whole. Cancelling its task stops the
/// provider at once.
public typealias ReplyComposing =
    @Sendable (ReplyQuestion, _ deliver: @escaping @Sendable (ReplyPiece) async throws -> Void) async throws ->
    ComposedReply

/// Times of a reply's course.
public struct ReplyTimes: Sendable {
    /// Nothing is shown for so long after the contact's last message. `AI_BURST_MILLISECONDS`.
    public var burst: Duration
    /// How often the text is saved with its job.
    public var checkpoint: Duration
    /// How often a lease without new text is renewed: three times within its life.
    public var renewal: Duration
    /// After so long without an end, a human takes over. Above every clock of the providers.
    public var limit: Duration

    public init(
        burst: Duration = .milliseconds(400), checkpoint: Duration = .milliseconds(500),
        renewal: Duration = .seconds(4), limit: Duration = .seconds(78)
    ) {
        self.burst = burst
        self.checkpoint = checkpoint
        self.renewal = renewal
        self.limit = limit
    }
}
