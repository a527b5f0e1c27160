/// Everything that a provider needs for one reply. What is not in here cannot reach a model: private notes and other
/// customers' data never are.
public struct ReplyPrompt: Sendable, Equatable {
    public enum Role: Sendable, Equatable {
        case customer
        /// An AI provider's earlier answer.
        case assistant
        /// A colleague, who also speaks for the company but is no model.
        case humanAgent
    }

    /// One message of the conversation so far.
    public struct Turn: Sendable, Equatable {
        public var role: Role
        public var text: String

        public init(_ role: Role, _ text: String) {
            self.role = role
            self.text = text
        }
    }

    /// What is wanted of the provider.
    public enum Task: Sendable, Equatable {
        /// An answer to ``question``, for the customer.
        case answer
        /// A summary of ``turns``, for the staff.
        case summary
    }

    public var task: Task
    /// The assistant's role and rules; the same bytes for every reply of a workspace, so that providers can cache it.
    public var system: String
    /// What was said before ``turns``, in short; nil when that is all. Data, like everything that follows from it.
    public var summary: String?
    /// Earlier messages, oldest first, without the question.
    public var turns: [Turn]
    /// What was said while a human colleague answered, since the assistant's last turn; empty when nothing was. It stands in
    /// ``turns`` as well, as far as there is room.
    public var interlude: [Turn]
    /// What is to be answered. Several messages that arrived as a burst are joined by line feeds.
    public var question: String
    /// Pieces of articles, best first. The first one is source 1.
    public var passages: [Passage]
    public var answerability: Answerability
    /// Share of the question's meaning that the best passage covers, 0…1.
    public var coverage: Double
    /// The language to answer in.
    public var language: Language
    /// Most tokens that the answer may have.
    public var maximumOutputTokens: Int
    /// What the model may ask for. A provider whose model takes no tools leaves them out.
    public var tools: [ReplyTool]

    /// Tokens of an answer: 600 are about 450 words or 700 Chinese characters, more than anybody reads in a chat.
    public static let defaultOutputTokens = 600

    public init(
        system: String = SystemPrompt.text(company: nil), summary: String? = nil, turns: [Turn] = [],
        interlude: [Turn] = [], question: String, knowledge: KnowledgeAnswer, language: Language,
        maximumOutputTokens: Int = defaultOutputTokens, task: Task = .answer, tools: [ReplyTool] = []
    ) {
        self.system = system
        self.summary = summary
        self.turns = turns
        self.interlude = interlude
        self.question = question
        self.passages = knowledge.passages
        self.answerability = knowledge.answerability
        self.coverage = knowledge.coverage
        self.task = task
        self.language = language
        self.maximumOutputTokens = maximumOutputTokens
        self.tools = tools
    }
}
