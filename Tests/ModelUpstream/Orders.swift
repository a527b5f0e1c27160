import Foundation

/// What `POST /_control` may say. Fields that are not there change nothing; unknown ones are refused.
struct Orders: Decodable {
    /// A text, or the pieces in which it is to come.
    enum Answer: Decodable {
        case text(String)
        case pieces([String])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self = .text(text)
            } else {
                self = .pieces(try container.decode([String].self))
            }
        }
    }

    struct Tokens: Decodable {
        var input: Int
        var output: Int
        var cached: Int?
        var reasoning: Int?
    }

    struct Tool: Decodable {
        var name: String?
        var arguments: String
    }

    /// Of all calls; empty: as the model's name says.
    var behaviour: String?
    /// Of the next calls, one each.
    var next: [String]?
    /// A part of a question → its behaviour, before that of all calls. Takes the place of all faults of before.
    var faults: [String: String]?
    /// A part of a question → what to say to it. Takes the place of all answers of before.
    var answers: [String: Answer]?
    var pieceScalars: Int?
    /// Pieces a second; 0: all at once.
    var pace: Double?
    var firstTokenMilliseconds: Int?
    /// Pieces before a held answer waits.
    var holdAfter: Int?
    /// Whether faults that end an answer wait at the gate.
    var holdFaults: Bool?
    /// Whether the gate is open.
    var released: Bool?
    /// Whether connections are taken.
    var listening: Bool?
    var usage: Tokens?
    var tool: Tool?
    var forgetCalls: Bool?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case behaviour, next, faults, answers, pieceScalars = "piece_scalars", pace
        case firstTokenMilliseconds = "first_token_milliseconds", holdAfter = "hold_after", holdFaults = "hold_faults"
        case released, listening, usage, tool, forgetCalls = "forget_calls"
    }

    struct Wrong: Error, CustomStringConvertible {
        var description: String
    }

    init(_ body: String) throws {
        let data = Data(body.utf8)
        self = try JSONDecoder().decode(Orders.self, from: data)
        let known = Set(CodingKeys.allCases.map(\.rawValue))
        let given = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        for key in given?.keys.sorted() ?? [] where !known.contains(key) {
            throw Wrong(description: "no order \(key)")
        }
    }

    /// - Throws: before anything has changed, unless it cannot listen.
    func give(_ upstream: FakeUpstream) async throws {
        let behaviour = try behaviour.map { try $0.isEmpty ? nil : Self.behaviour($0) }
        let next = try next?.map(Self.behaviour)
        let faults = try faults?.mapValues(Self.behaviour)
        upstream.configure { settings in
            if let faults { settings.faults = faults }
            if let behaviour { settings.behaviour = behaviour }
            if let next { settings.next = next }
            if let pieceScalars { settings.pieceScalars = max(1, pieceScalars) }
            if let answers {
                settings.answers = answers.mapValues {
                    switch $0 {
                    case .text(let text): settings.pieces(of: text)
                    case .pieces(let pieces): pieces
                    }
                }
            }
            if let pace { settings.piecesPerSecond = pace > 0 ? pace : nil }
            if let firstTokenMilliseconds { settings.firstTokenMilliseconds = firstTokenMilliseconds }
            if let holdAfter { settings.holdAfter = max(0, holdAfter) }
            if let holdFaults { settings.holdsFaults = holdFaults }
            if let usage {
                settings.usage = Usage(
                    input: usage.input, output: usage.output, cached: usage.cached, reasoning: usage.reasoning)
            }
            if let tool { settings.tool = ToolCall(name: tool.name, arguments: tool.arguments) }
        }
        if let released { released ? upstream.release() : upstream.hold() }
        if forgetCalls == true { upstream.forgetCalls() }
        if let listening, listening != upstream.isListening {
            if listening { try await upstream.listen() } else { try await upstream.refuse() }
        }
    }

    private static func behaviour(_ text: String) throws -> Behaviour {
        guard let behaviour = Behaviour(text) else { throw Wrong(description: "no behaviour \(text)") }
        return behaviour
    }
}
