/// Answers from the articles alone, without any model: what works with no key and no network, and the last resort behind
/// every other provider.
///
/// It quotes; it never makes a sentence of its own up beyond ``Texts``. It streams in pieces like any other provider, as fast
/// as they are taken. It asks for no tools.
public struct BuiltinProvider: ReplyProvider {
    public let name = "builtin"
    public let model = "extractive-1"

    public init() {}

    public func reply(
        to prompt: ReplyPrompt, within deadlines: ReplyDeadlines,
        deliver: @escaping @Sendable (ReplyChunk) async throws -> Void
    ) async throws -> ReplyFinish {
        for piece in Self.pieces(of: Self.answer(to: prompt)) {
            try Task.checkCancellation()
            try await deliver(.text(piece))
        }
        return .stop
    }

    static func answer(to prompt: ReplyPrompt) -> String {
        if prompt.task == .summary { return ExtractiveSummary.text(of: prompt.turns, in: prompt.language) }
        if let kind = SmallTalk.detect(in: prompt.question) { return Texts.smallTalk(kind, in: prompt.language) }
        let quoted = prompt.answerability == .none ? nil : Quotation.answer(to: prompt.question, from: prompt.passages)
        guard let quoted else { return ReplyMarker.unknown + Texts.unknown(in: prompt.language) }
        if prompt.answerability == .answerable { return quoted }
        return [Texts.hedge(in: prompt.language), quoted, Texts.hedgeOffer(in: prompt.language)].joined(
            separator: "\n\n")
    }

    /// Scalars of a piece: about what a model sends at once.
    private static let pieceLength = 16

    static func pieces(of text: String) -> [String] {
        var pieces: [String] = []
        var rest = text.unicodeScalars[...]
        while !rest.isEmpty {
            pieces.append(String(rest.prefix(pieceLength)))
            rest = rest.dropFirst(pieceLength)
        }
        return pieces
    }
}
