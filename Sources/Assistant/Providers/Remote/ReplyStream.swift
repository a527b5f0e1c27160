import Domain

/// Makes chunks of a reply out of the bytes of a stream, in any dialect. No I/O: bytes in, chunks out.
struct ReplyStream {
    enum Output: Equatable {
        case chunk(ReplyChunk)
        case failed(ProviderFailure)
    }

    private let provider: String
    private let dialect: any ModelDialect
    private let failures: FailureTable
    private(set) var requestId: String?
    private var reader = ServerSentEventReader()
    private var thinking = ThinkingFilter()
    private var repeated: CumulativeText?
    private var toolCalls = ToolCallAssembly()

    /// How the model said that it ended; without it, the end of the stream is a failure.
    private(set) var finish: ReplyFinish?
    /// Nothing follows.
    private(set) var isDone = false
    /// Something failed: what still comes belongs to no reply.
    private var hasFailed = false

    init(provider: String, dialect: any ModelDialect, vendor: ModelVendor, requestId: String?) {
        self.provider = provider
        self.dialect = dialect
        self.requestId = requestId
        failures = FailureTable.of(vendor)
        repeated = dialect.mayRepeatText ? CumulativeText() : nil
    }

    mutating func read(_ bytes: UnsafeRawBufferPointer) -> [Output] {
        do {
            return try reader.read(bytes).flatMap { read($0, isCut: false) }
        } catch {
            return [failed(.server, code: "line_too_long")]
        }
    }

    /// The stream ended. Without a sign that the reply is complete it was cut off, however cleanly it closed.
    mutating func end() -> [Output] {
        let outputs: [Output] = reader.finish().flatMap { read($0, isCut: true) }
        return hasFailed || finish != nil ? outputs : outputs + [failed(.truncated)]
    }

    /// A body labelled JSON though a stream was asked for: one object, or events all the same.
    mutating func readWhole(_ body: [UInt8]) -> [Output] {
        if JSONValue(lenient: body) == nil { return body.withUnsafeBytes { read($0) } }
        return read(ServerSentEvent(name: "", data: String(decoding: body, as: UTF8.self)), isCut: true)
    }

    private mutating func read(_ event: ServerSentEvent, isCut: Bool) -> [Output] {
        if isDone || hasFailed { return [] }
        if event.data == "[DONE]" {
            isDone = true
            return finish == nil ? end(as: .stop) : []
        }
        let value = JSONValue(lenient: event.data.utf8)
        let isError = event.name == "error"
        if let error = value.flatMap(ModelError.init(in:)) ?? (isError ? ModelError(message: event.data) : nil) {
            return fail(error, status: event.status)
        }
        guard let value else {
            // An event that the end of the stream cut in two is the end, not a fault of its own.
            return isCut ? [] : [failed(.server, code: "malformed_json")]
        }
        if requestId == nil { requestId = value["request_id"]?.stringValue.map { String($0.prefix(100)) } }
        return read(dialect.frame(in: value))
    }

    private mutating func read(_ frame: StreamFrame) -> [Output] {
        var outputs: [Output] = []
        // What comes behind the end belongs to no reply, but for the usage.
        if finish == nil {
            if frame.hasReasoning { outputs.append(.chunk(.reasoning)) }
            outputs += read(text: frame.text ?? "", isLast: frame.finish != nil)
            do throws(ToolCallAssembly.Overflow) {
                for fragment in frame.toolCalls { try toolCalls.add(fragment) }
            } catch {
                return outputs + [failed(.server, code: "tool_calls_too_long")]
            }
            // Nothing to show, but a sign of life.
            if !frame.toolCalls.isEmpty { outputs.append(.chunk(.reasoning)) }
        }
        if let usage = frame.usage { outputs.append(.chunk(.usage(usage))) }
        switch frame.finish {
        case nil: break
        case "content_filter": outputs.append(failed(.contentFilter, code: "content_filter"))
        case "length", "max_tokens": outputs += end(as: .length)
        default: outputs += end(as: .stop)
        }
        return outputs
    }

    private mutating func read(text: String, isLast: Bool) -> [Output] {
        let text = repeated?.push(text, isLast: isLast) ?? text
        if text.isEmpty { return [] }
        let (shown, hasThoughts) = thinking.push(text)
        return (hasThoughts ? [.chunk(.reasoning)] : []) + (shown.isEmpty ? [] : [.chunk(.text(shown))])
    }

    /// The model ended: what was held back is text after all, and its tool calls are whole, unless the limit of tokens cut
    /// them.
    private mutating func end(as end: ReplyFinish) -> [Output] {
        guard finish == nil else { return [] }
        finish = end
        let rest = thinking.push(repeated?.settle() ?? "").text + thinking.finish()
        let calls = end == .length ? [] : toolCalls.calls
        return (rest.isEmpty ? [] : [.chunk(.text(rest))]) + calls.map { .chunk(.toolCall($0)) }
    }

    private mutating func fail(_ error: ModelError, status: Int?) -> [Output] {
        let kind = failures.kind(error, status: status)
        if finish != nil, kind != .contentFilter {
            // The reply was complete. What failed afterwards is its usage, or the endpoint's own affair.
            isDone = true
            return []
        }
        requestId = requestId ?? error.requestId.map { String($0.prefix(100)) }
        return [failed(kind, status: status, code: error.code ?? error.type, detail: error.message)]
    }

    private mutating func failed(
        _ kind: ProviderFailure.Kind, status: Int? = nil, code: String? = nil, detail: String? = nil
    ) -> Output {
        hasFailed = true
        return .failed(
            ProviderFailure(
                kind, provider: provider, status: status, code: code.map { String($0.prefix(60)) },
                requestId: requestId, detail: detail))
    }
}
