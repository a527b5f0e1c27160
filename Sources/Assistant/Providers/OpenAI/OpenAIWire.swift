import Foundation

/// The body of `POST /chat/completions`.
struct OpenAIRequest: Encodable, Sendable {
    struct Message: Encodable, Sendable {
        var role: String
        var content: String
    }

    struct StreamOptions: Encodable, Sendable {
        var includeUsage = true
    }

    var model: String
    var messages: [Message]
    var stream = true
    var streamOptions: StreamOptions?
    var temperature: Double?
    var maxTokens: Int?
    var maxCompletionTokens: Int?

    /// JSON, its keys in snake case and sorted, so that equal prompts are equal bytes.
    func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self))
    }
}

/// What an endpoint is known not to take. Learnt from its refusals, because "OpenAI-compatible" means something else at each.
struct OpenAIDialect: Sendable, Equatable {
    /// Newer OpenAI models only take the long name, others only the short one.
    var usesCompletionTokens: Bool
    /// Reasoning models take no temperature.
    var sendsTemperature = true
    var sendsStreamOptions = true

    init(vendor: OpenAIEndpoint.Vendor) {
        usesCompletionTokens = vendor == .openAI
    }

    /// The dialect to try after the endpoint refused `parameter`, or nil when that is none of ours.
    func without(_ parameter: String) -> OpenAIDialect? {
        var dialect = self
        switch parameter {
        case "temperature" where sendsTemperature: dialect.sendsTemperature = false
        case "max_tokens" where !usesCompletionTokens: dialect.usesCompletionTokens = true
        case "max_completion_tokens" where usesCompletionTokens: dialect.usesCompletionTokens = false
        case "stream_options", "stream_options.include_usage":
            guard sendsStreamOptions else { return nil }
            dialect.sendsStreamOptions = false
        default: return nil
        }
        return dialect
    }

    /// The parameter of ours that an error is about.
    static func parameter(in error: OpenAIError) -> String? {
        if let parameter = error.parameter { return parameter }
        let message = (error.message ?? "").lowercased()
        return ["max_completion_tokens", "max_tokens", "stream_options", "temperature"].first(where: message.contains)
    }
}

/// One `data:` of the stream, or the whole body of an answer that does not stream. Everything is optional and of any type:
/// a field of the wrong type is as good as none.
struct OpenAIChunk: Decodable, Sendable {
    struct Choice: Decodable, Sendable {
        var delta: Content?
        var message: Content?
        var finishReason: String?

        enum CodingKeys: String, CodingKey {
            case delta, message, finishReason = "finish_reason"
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            delta = try? container.decode(Content.self, forKey: .delta)
            message = try? container.decode(Content.self, forKey: .message)
            // DashScope's native stream says "null" until it ends.
            finishReason = (try? container.decode(String.self, forKey: .finishReason)).flatMap {
                $0 == "null" ? nil : $0
            }
        }
    }

    struct Content: Decodable, Sendable {
        var text: String?
        var reasoning: String?

        enum CodingKeys: String, CodingKey {
            case content, refusal, reasoning, reasoningContent = "reasoning_content"
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            text =
                (try? container.decode(String.self, forKey: .content))
                ?? (try? container.decode(String.self, forKey: .refusal))
            reasoning =
                (try? container.decode(String.self, forKey: .reasoningContent))
                ?? (try? container.decode(String.self, forKey: .reasoning))
        }
    }

    struct Usage: Decodable, Sendable {
        struct Details: Decodable, Sendable {
            var cached: Int?
            var reasoning: Int?

            enum CodingKeys: String, CodingKey {
                case cached = "cached_tokens", reasoning = "reasoning_tokens"
            }
        }

        var input: Int?
        var output: Int?
        var inputDetails: Details?
        var outputDetails: Details?

        enum CodingKeys: String, CodingKey {
            case input = "prompt_tokens", output = "completion_tokens", inputDetails = "prompt_tokens_details"
            case outputDetails = "completion_tokens_details"
        }

        var tokens: TokenUsage? {
            guard let input, let output, input >= 0, output >= 0 else { return nil }
            return TokenUsage(
                input: input, output: output, cachedInput: inputDetails?.cached ?? 0,
                reasoning: outputDetails?.reasoning ?? 0)
        }
    }

    var choices: [Choice]?
    var usage: TokenUsage?
    var error: OpenAIError?

    enum CodingKeys: String, CodingKey {
        case choices, usage, error, code, message
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        choices = try? container.decode([Choice].self, forKey: .choices)
        usage = (try? container.decode(Usage.self, forKey: .usage))?.tokens
        if let nested = try? container.decode(OpenAIError.self, forKey: .error) {
            error = nested
        } else if let text = try? container.decode(String.self, forKey: .error), !text.isEmpty {
            error = OpenAIError(message: text)
        } else if choices == nil, container.contains(.code) {
            // DashScope's native errors leak into its compatible streams: `{"code":"…","message":"…"}`.
            error = try? OpenAIError(from: decoder)
        }
    }
}

/// An error object: `{"message","type","param","code"}`, where servers put numbers into `code` as well.
struct OpenAIError: Decodable, Sendable, Equatable {
    var message: String?
    var type: String?
    var parameter: String?
    var code: String?

    enum CodingKeys: String, CodingKey {
        case message, type, parameter = "param", code
    }

    init(message: String? = nil, type: String? = nil, parameter: String? = nil, code: String? = nil) {
        self.message = message
        self.type = type
        self.parameter = parameter
        self.code = code
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        message = try? container.decode(String.self, forKey: .message)
        type = try? container.decode(String.self, forKey: .type)
        parameter = try? container.decode(String.self, forKey: .parameter)
        code =
            (try? container.decode(String.self, forKey: .code))
            ?? (try? container.decode(Int.self, forKey: .code)).map(String.init)
    }

    /// Reads an error's body: wrapped or flat JSON, JSON in an array, or framed as an event though labelled JSON.
    static func read(_ body: [UInt8]) -> OpenAIError? {
        if let error = parse(body) { return error }
        var reader = ServerSentEventReader()
        let events = ((try? reader.read(body)) ?? []) + reader.finish()
        return events.lazy.compactMap { parse(Array($0.data.utf8)) }.first
    }

    private static func parse(_ body: [UInt8]) -> OpenAIError? {
        let decoder = JSONDecoder()
        let data = Data(body)
        if let chunk = try? decoder.decode(OpenAIChunk.self, from: data), let error = chunk.error { return error }
        if let chunks = try? decoder.decode([OpenAIChunk].self, from: data), let error = chunks.first?.error {
            return error
        }
        guard let flat = try? decoder.decode(OpenAIError.self, from: data), flat.message != nil || flat.code != nil
        else {
            return nil
        }
        return flat
    }
}
