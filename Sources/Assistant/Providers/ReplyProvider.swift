/// Something that writes replies: a model behind an API, or the built-in one.
public protocol ReplyProvider: Sendable {
    /// Such as `builtin` or `openai`: for logs, metrics and receipts, never for contacts.
    var name: String { get }
    var model: String { get }

    /// Streams one reply.
    ///
    /// Text may hold markers that a ``ReplyFilter`` reads: `[1]` for source 1, ``ReplyMarker/unknown``.
    ///
    /// - Parameters:
    ///   - deadlines: how long the provider may be silent.
    ///   - deliver: awaited for each chunk, so that a slow reader slows the provider down. The time it takes is not held
    ///     against the provider. What it throws ends the reply and is thrown on.
    /// - Returns: how the reply ended. Cancelling the task closes the connection to the provider at once.
    /// - Throws: ``ProviderFailure``, `CancellationError`, or what `deliver` threw.
    func reply(
        to prompt: ReplyPrompt, within deadlines: ReplyDeadlines,
        deliver: @escaping @Sendable (ReplyChunk) async throws -> Void
    ) async throws -> ReplyFinish
}

/// A part of a reply as it arrives.
public enum ReplyChunk: Sendable, Equatable {
    case text(String)
    /// The model thinks, or writes a tool call; there is nothing to show, but it is alive.
    case reasoning
    /// The model asks for a tool. Comes when the model has finished, once for each call.
    case toolCall(ReplyToolCall)
    /// What the reply used so far. A later one replaces an earlier one.
    case usage(TokenUsage)
}

/// How a reply ended that did not fail.
public enum ReplyFinish: String, Sendable, Equatable {
    case stop
    /// The limit of output tokens was reached: the text ends in the middle.
    case length
}

/// Tokens that a reply used.
public struct TokenUsage: Sendable, Equatable {
    public var input: Int
    public var output: Int
    /// Of the input, what came from the provider's cache.
    public var cachedInput: Int
    /// Of the output, what was thought and not shown.
    public var reasoning: Int
    /// Whether we counted, because the provider did not say.
    public var isEstimated: Bool

    public init(input: Int, output: Int, cachedInput: Int = 0, reasoning: Int = 0, isEstimated: Bool = false) {
        self.input = input
        self.output = output
        self.cachedInput = cachedInput
        self.reasoning = reasoning
        self.isEstimated = isEstimated
    }

    public static let none = TokenUsage(input: 0, output: 0)
}

/// Markers in a reply's text, besides the numbers of sources.
public enum ReplyMarker {
    /// Says that the text is no answer because the sources hold none. Never shown.
    public static let unknown = "[[unknown]]"
}
