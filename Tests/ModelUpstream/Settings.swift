import Foundation

/// How calls are answered that say nothing else.
public struct Settings: Sendable {
    /// Over the model's name.
    public var behaviour: Behaviour?
    /// Each for one call, in turn, before ``behaviour``.
    public var next: [Behaviour] = []
    /// A part of a question, and what happens to it, before ``behaviour``. So that many conversations may go wrong in
    /// different ways beside each other.
    public var faults: [String: Behaviour] = [:]
    /// A part of a question, and the pieces of what to say to it.
    public var answers: [String: [String]] = [:]
    /// Of the answers that no question fits, in the language of the question.
    public var english =
        "Chat API is a self-hosted customer service platform that answers first and hands over to people [1]."
    public var chinese = "Chat API 是一个可以自己部署的客服平台，先由智能助手回答，再转给人工 [1]。"
    /// Characters of a piece, where an answer is given as one text.
    public var pieceScalars = 6
    /// Nil: all at once.
    public var piecesPerSecond: Double?
    /// Before the first piece of each answer.
    public var firstTokenMilliseconds = 0
    /// Pieces before a held answer waits.
    public var holdAfter = 2
    /// Whether faults that end an answer wait at the gate first.
    public var holdsFaults = false
    public var usage = Usage()
    public var tool = ToolCall()

    public init() {}

    /// What is said to a call.
    func said(to asked: Asked) -> Said {
        var said = Said(pieces: pieces(for: asked), usage: usage)
        said.piecesPerSecond = piecesPerSecond
        said.firstToken = firstTokenMilliseconds > 0 ? .milliseconds(firstTokenMilliseconds) : nil
        said.tool = tool
        said.holdsFaults = holdsFaults
        said.holdAfter = holdAfter
        return said
    }

    /// What happens to a call that nothing else decides.
    func behaviour(for asked: Asked) -> Behaviour? {
        Self.last(of: faults, in: asked.question) ?? behaviour
    }

    /// What belongs to the part that stands last: in a prompt that is the newest question.
    private static func last<Value>(of known: [String: Value], in question: String) -> Value? {
        known.compactMap { part, value in
            question.range(of: part, options: .backwards).map { (place: $0.lowerBound, value: value) }
        }.max { $0.place < $1.place }?.value
    }

    private func pieces(for asked: Asked) -> [String] {
        let question = asked.question
        let isChinese = question.unicodeScalars.contains { (0x4E00...0x9FFF).contains($0.value) }
        let pieces = Self.last(of: answers, in: question) ?? self.pieces(of: isChinese ? chinese : english)
        // Asked first: a search through a whole prompt takes milliseconds, in which no other answer goes on.
        guard pieces.joined().contains("[1]"),
            let marker = asked.messages.lazy.compactMap({ Self.marker(in: $0.text) }).first, marker != "[1]"
        else {
            return pieces
        }
        return self.pieces(of: pieces.joined().replacingOccurrences(of: "[1]", with: marker))
    }

    func pieces(of text: String) -> [String] {
        Array(text.unicodeScalars).inPieces(of: pieceScalars).map {
            var piece = String.UnicodeScalarView()
            piece.append(contentsOf: $0)
            return String(piece)
        }
    }

    /// The first marker of a source in a prompt, such as `[1]`, `[[1]]` or `[[s1]]`: what a model copies when it cites.
    private static func marker(in text: String) -> String? {
        text.firstMatch(of: /\[\[?[sS]?\d+\]?\]/).map { String($0.output) }
    }
}
