public import Domain

/// What a reply is asked for.
public struct ReplyQuestion: Sendable {
    public var workspaceId: Identifier<Workspace>
    public var conversationId: Identifier<Conversation>
    /// What was said before the question, oldest first. No notes.
    public var history: [Message]
    /// The contact's messages that wait for an answer, oldest first. Never empty.
    public var asked: [Message]
    /// Language of the visit, when the client told it.
    public var locale: String?

    public init(
        workspaceId: Identifier<Workspace>, conversationId: Identifier<Conversation>, history: [Message],
        asked: [Message], locale: String?
    ) {
        self.workspaceId = workspaceId
        self.conversationId = conversationId
        self.history = history
        self.asked = asked
        self.locale = locale
    }

    /// The question as one text.
    public var text: String { asked.map(\.content).joined(separator: "\n") }

    /// The same as a model is told it: with the names of files, which is all that it learns of them.
    var told: String { asked.map(\.told).joined(separator: "\n") }
}

extension Message {
    /// The text and, a line each, the names of the files beside it.
    var told: String {
        ([content] + attachments.map { "[\($0.name)]" }).filter { !$0.isEmpty }.joined(separator: "\n")
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
    /// How it came about; nil where nobody wrote it down.
    public var receipt: ReplyReceipt?

    public init(
        text: String, sources: [Message.Source], finish: Event.FinishReason, isAnswered: Bool,
        receipt: ReplyReceipt? = nil
    ) {
        self.receipt = receipt
        self.text = text
        self.sources = sources
        self.finish = finish
        self.isAnswered = isAnswered
    }
}

/// Makes a reply: hands over its pieces as they come, each awaited, and returns it whole. Cancelling its task stops the
/// provider at once.
public typealias ReplyComposing =
    @Sendable (ReplyQuestion, _ deliver: @escaping @Sendable (ReplyPiece) async throws -> Void) async throws ->
    ComposedReply

/// What the runtime says in the system's name, by language.
public struct ReplyAnnouncements: Sendable {
    /// The customer asked for a human.
    public var requested: @Sendable (_ question: String, _ locale: String?) -> String
    /// No answer could be made.
    public var failed: @Sendable (_ question: String, _ locale: String?) -> String
    /// The second question in a row without an answer.
    public var unanswered: @Sendable (_ question: String, _ locale: String?) -> String

    public init(
        requested: @escaping @Sendable (String, String?) -> String,
        failed: @escaping @Sendable (String, String?) -> String,
        unanswered: @escaping @Sendable (String, String?) -> String
    ) {
        self.requested = requested
        self.failed = failed
        self.unanswered = unanswered
    }
}

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
