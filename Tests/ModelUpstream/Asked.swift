import Foundation

/// Which of the three ways of asking a model was used.
public enum Dialect: String, Sendable, CaseIterable {
    case openAI = "openai"
    /// DashScope's compatible mode.
    case compatible
    /// DashScope's own.
    case native

    /// The dialect that is spoken at a path.
    init?(path: String) {
        switch path.split(separator: "?", maxSplits: 1).first.map(String.init) ?? "" {
        case "/v1/chat/completions": self = .openAI
        case "/compatible-mode/v1/chat/completions": self = .compatible
        case "/api/v1/services/aigc/text-generation/generation": self = .native
        default: return nil
        }
    }
}

/// A request to a model, whatever its dialect.
struct Asked: Sendable {
    struct Message: Sendable, Decodable {
        var role: String
        var text: String

        private enum CodingKeys: String, CodingKey { case role, content }
        private struct Part: Decodable { var text: String? }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            role = try container.decode(String.self, forKey: .role)
            if let text = try? container.decode(String.self, forKey: .content) {
                self.text = text
            } else {
                let parts = try? container.decode([Part].self, forKey: .content)
                text = (parts ?? []).compactMap(\.text).joined()
            }
        }

        init(role: String, text: String) {
            self.role = role
            self.text = text
        }
    }

    struct Tool: Sendable, Decodable {
        struct Function: Sendable, Decodable { var name: String }
        var function: Function
    }

    var dialect: Dialect
    var model: String
    var messages: [Message] = []
    var tools: [String] = []
    var isStreaming: Bool
    /// `stream_options.include_usage`; the native dialect always tells.
    var wantsUsage: Bool
    /// Native: each event brings what is new, not the whole text so far.
    var isIncremental = true
    /// Native: `output.choices` instead of `output.text`.
    var hasChoices = true

    /// The newest user message, whatever the prompt wraps around it.
    var question: String { messages.last { $0.role == "user" }?.text ?? "" }
}

extension Asked {
    private struct Completions: Decodable {
        struct StreamOptions: Decodable {
            var includeUsage: Bool?
            enum CodingKeys: String, CodingKey { case includeUsage = "include_usage" }
        }

        var model: String
        var messages: [Message]
        var stream: Bool?
        var streamOptions: StreamOptions?
        var tools: [Tool]?

        enum CodingKeys: String, CodingKey {
            case model, messages, stream, streamOptions = "stream_options", tools
        }
    }

    private struct Generation: Decodable {
        struct Input: Decodable {
            var messages: [Message]?
            var prompt: String?
        }

        struct Parameters: Decodable {
            var resultFormat: String?
            var incrementalOutput: Bool?
            var tools: [Tool]?

            enum CodingKeys: String, CodingKey {
                case resultFormat = "result_format", incrementalOutput = "incremental_output", tools
            }
        }

        var model: String
        var input: Input
        var parameters: Parameters?
    }

    /// - Parameter streamsByHeader: `X-DashScope-SSE: enable`, which alone makes the native dialect stream.
    /// - Throws: what is wrong with the body.
    init(_ dialect: Dialect, body: String, streamsByHeader: Bool) throws {
        let decoder = JSONDecoder()
        let data = Data(body.utf8)
        switch dialect {
        case .openAI, .compatible:
            let request = try decoder.decode(Completions.self, from: data)
            self.init(
                dialect: dialect, model: request.model, messages: request.messages,
                tools: (request.tools ?? []).map(\.function.name), isStreaming: request.stream ?? false,
                wantsUsage: request.streamOptions?.includeUsage ?? false)
        case .native:
            let request = try decoder.decode(Generation.self, from: data)
            let messages = request.input.messages ?? request.input.prompt.map { [Message(role: "user", text: $0)] }
            self.init(
                dialect: dialect, model: request.model, messages: messages ?? [],
                tools: (request.parameters?.tools ?? []).map(\.function.name), isStreaming: streamsByHeader,
                wantsUsage: true, isIncremental: request.parameters?.incrementalOutput ?? false,
                hasChoices: request.parameters?.resultFormat == "message")
        }
    }
}
