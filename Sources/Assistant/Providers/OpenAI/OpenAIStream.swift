import Foundation

/// Makes chunks of a reply out of the bytes of a chat completions stream. No I/O: bytes in, chunks out.
struct OpenAIStream {
    enum Output: Equatable {
        case chunk(ReplyChunk)
        case failed(ProviderFailure)
    }

    private let provider: String
    private let vendor: OpenAIEndpoint.Vendor
    let requestId: String?
    private var reader = ServerSentEventReader()
    private var thinking = ThinkingFilter()
    private let decoder = JSONDecoder()

    /// How the model said that it ended; without it, the end of the stream is a failure.
    private(set) var finish: ReplyFinish?
    /// `[DONE]` came: nothing follows.
    private(set) var isDone = false
    /// Something failed: what still comes belongs to no reply.
    private var hasFailed = false

    init(provider: String, vendor: OpenAIEndpoint.Vendor, requestId: String?) {
        self.provider = provider
        self.vendor = vendor
        self.requestId = requestId
    }

    mutating func read(_ bytes: UnsafeRawBufferPointer) -> [Output] {
        do {
            return try reader.read(bytes).flatMap { read($0, isCut: false) }
        } catch {
            return [.failed(failure(.server, code: "line_too_long"))]
        }
    }

    /// The stream ended. Without a sign that the reply is complete it was cut off, however cleanly it closed.
    mutating func end() -> [Output] {
        var outputs: [Output] = reader.finish().flatMap { read($0, isCut: true) }
        if hasFailed { return outputs }
        let rest = thinking.finish()
        if !rest.isEmpty { outputs.append(.chunk(.text(rest))) }
        if finish == nil { outputs.append(.failed(failure(.truncated))) }
        return outputs
    }

    /// A body that is one JSON object though a stream was asked for.
    mutating func readWhole(_ body: [UInt8]) -> [Output] {
        read(ServerSentEvent(name: "", data: String(decoding: body, as: UTF8.self)), isCut: true)
    }

    private mutating func read(_ event: ServerSentEvent, isCut: Bool) -> [Output] {
        if isDone || hasFailed { return [] }
        if event.data == "[DONE]" {
            isDone = true
            finish = finish ?? .stop
            return []
        }
        guard let chunk = try? decoder.decode(OpenAIChunk.self, from: Data(event.data.utf8)) else {
            // An event that the end of the stream cut in two is the end, not a fault of its own.
            return isCut ? [] : [.failed(failure(.server, code: "malformed_json"))]
        }
        if let error = chunk.error ?? (event.name == "error" ? OpenAIError(message: event.data) : nil) {
            let kind = OpenAIFailure.kind(error, status: event.status, vendor: vendor)
            return [.failed(failure(kind, status: event.status, code: error.code ?? error.type, detail: error.message))]
        }
        return read(chunk)
    }

    private mutating func read(_ chunk: OpenAIChunk) -> [Output] {
        var outputs: [Output] = []
        // Only the first choice: more are never asked for. Usage comes with none.
        if let choice = chunk.choices?.first {
            let content = choice.delta ?? choice.message
            if content?.reasoning?.isEmpty == false { outputs.append(.chunk(.reasoning)) }
            if let text = content?.text, !text.isEmpty {
                let (shown, hasThoughts) = thinking.push(text)
                if hasThoughts { outputs.append(.chunk(.reasoning)) }
                if !shown.isEmpty { outputs.append(.chunk(.text(shown))) }
            }
            switch choice.finishReason {
            case nil: break
            case "length", "max_tokens": finish = .length
            case "content_filter":
                outputs.append(.failed(failure(.contentFilter, code: "content_filter")))
                return outputs
            default: finish = .stop
            }
        }
        if let usage = chunk.usage { outputs.append(.chunk(.usage(usage))) }
        return outputs
    }

    private mutating func failure(
        _ kind: ProviderFailure.Kind, status: Int? = nil, code: String? = nil, detail: String? = nil
    ) -> ProviderFailure {
        hasFailed = true
        return ProviderFailure(
            kind, provider: provider, status: status, code: code, requestId: requestId, detail: detail)
    }
}
