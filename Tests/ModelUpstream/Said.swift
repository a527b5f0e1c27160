/// What a call is answered with.
struct Said: Sendable {
    /// The text, as it comes.
    var pieces: [String]
    var usage = Usage()
    /// Nil: all at once.
    var piecesPerSecond: Double?
    /// Before the first piece.
    var firstToken: Duration?
    /// What is called, if anything is.
    var tool = ToolCall()
    /// Whether faults wait at the gate.
    var holdsFaults = false
    /// Pieces before a held answer waits.
    var holdAfter = 2

    var text: String { pieces.joined() }
}

/// The tokens of a call.
public struct Usage: Sendable, Equatable {
    public var input: Int
    public var output: Int
    /// Of the input; left out when nil, as with most models.
    public var cached: Int?
    /// Of the output; likewise.
    public var reasoning: Int?

    public init(input: Int = 31, output: Int = 12, cached: Int? = nil, reasoning: Int? = nil) {
        self.input = input
        self.output = output
        self.cached = cached
        self.reasoning = reasoning
    }

    /// As far as an answer has come that still goes on.
    func after(pieces: Int) -> Usage {
        Usage(input: input, output: min(pieces, output))
    }
}

/// A call of a tool.
public struct ToolCall: Sendable, Equatable {
    /// Nil: the first one offered.
    public var name: String?
    /// JSON.
    public var arguments: String

    public init(name: String? = nil, arguments: String = "{\"reason\":\"客户要求 asked\"}") {
        self.name = name
        self.arguments = arguments
    }
}

/// The names under which a provider keeps a call.
struct Identity: Sendable {
    /// Counted from 0.
    var number: Int
    /// Seconds since 1970.
    var created: Int

    init(number: Int, created: Int = 1_760_000_000) {
        self.number = number
        self.created = created
    }

    /// `x-request-id`, and `request_id` in the bodies of DashScope.
    var requestId: String { "fa4e0000-0000-4000-8000-" + Self.padded(number, to: 12) }
    /// `id` of a chat completion.
    var completionId: String { "chatcmpl-" + requestId }

    private static func padded(_ number: Int, to width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
