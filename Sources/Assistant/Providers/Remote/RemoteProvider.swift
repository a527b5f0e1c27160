public import AsyncHTTPClient
import Domain
import Foundation
public import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// A model behind an HTTP interface, in whatever dialect: OpenAI's chat completions or DashScope's own.
///
/// Connections, clocks, refusals and repetition are the same for all and are here; what differs is a ``ModelDialect``.
public final class RemoteProvider: ReplyProvider {
    public struct Settings: Sendable {
        public var endpoint: ModelEndpoint
        /// Nil for a local server that asks for none: then no `Authorization` is sent.
        public var key: ProviderKey?
        public var model: String
        /// Tokens that the model reads and writes together, `AI_CONTEXT_TOKENS`.
        public var contextTokens: Int
        /// Low, because an answer from sources leaves little to invent.
        public var temperature = 0.3

        public init(endpoint: ModelEndpoint, key: ProviderKey?, model: String, contextTokens: Int) {
            self.endpoint = endpoint
            self.key = key
            self.model = model
            self.contextTokens = contextTokens
        }
    }

    public let name: String
    public var model: String { settings.model }

    private let settings: Settings
    private let client: HTTPClient
    private let calibrations: TokenCalibrations
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let dialect: Mutex<any ModelDialect>

    /// - Parameters:
    ///   - name: for logs, metrics and receipts.
    ///   - client: made with ``clientConfiguration(pace:)``. Shared by all providers, and shut down by whoever made it.
    ///   - calibrations: what is known of how far estimates of tokens are off; learns from the replies.
    public init(
        name: String, settings: Settings, client: HTTPClient, calibrations: TokenCalibrations = TokenCalibrations(),
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) {
        self.name = name
        self.settings = settings
        self.client = client
        self.calibrations = calibrations
        self.clock = clock
        self.logger = logger
        let spoken: any ModelDialect =
            switch settings.endpoint.dialect {
            case .chatCompletions: ChatCompletions(vendor: settings.endpoint.vendor)
            case .dashScopeNative: DashScopeGeneration()
            }
        dialect = Mutex(spoken)
    }

    /// How an HTTP client for providers is to be configured.
    /// - Parameter pace: how often its streams are read.
    public static func clientConfiguration(pace: ReadingPace = ReadingPace()) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            // A redirect would carry the key to another host.
            redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(3)),
            decompression: .disabled)
        // The default of 8 would make the ninth customer wait for the first one's answer to end.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1024
        configuration.connectionPool.idleTimeout = .seconds(30)
        // A refused connection is the next provider's turn, not something to wait out.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.http1_1ConnectionDebugInitializer = { channel in
            channel.eventLoop.submit { try PacedReads.add(toConnection: channel, pace) }
        }
        configuration.http2StreamChannelDebugInitializer = { channel in
            channel.eventLoop.submit { try PacedReads.add(toStream: channel, pace) }
        }
        return configuration
    }

    /// Bytes of an error's body, or of an answer that does not stream, that are read.
    static let maximumBody = 1 << 20
    /// Once the model said that it ended, how long the usage may still take to come.
    static let patienceForUsage = Duration.seconds(2)
    /// Requests for one reply: the first, and those after a refused parameter, an overflow or a stale connection.
    static let maximumRequests = 6
    /// How much shorter the prompt becomes that was too long. More than is remembered of it
    /// (``Domain/TokenCalibration/overflow``), because there is no third try.
    static let overflowShare = 1.5

    public func reply(
        to prompt: ReplyPrompt, within deadlines: ReplyDeadlines,
        deliver: @escaping @Sendable (ReplyChunk) async throws -> Void
    ) async throws -> ReplyFinish {
        let watch = TokenWatch(deadlines, clock: clock)
        do {
            return try await TokenWatch.run(watch) {
                try await self.attempts(prompt, watch, deadlines, deliver)
            }
        } catch let expired as TokenWatch.Expired {
            if let finish = expired.finish { return finish }
            throw failure(expired.kind)
        } catch let failed as DeliveryFailed {
            throw failed.error
        } catch {
            // What the HTTP client throws when the task that it runs in was cancelled is its own affair.
            if Task.isCancelled { throw CancellationError() }
            throw error
        }
    }

    /// What `deliver` threw, kept apart from what the provider's connection throws.
    private struct DeliveryFailed: Error {
        var error: any Error
    }

    private func attempts(
        _ prompt: ReplyPrompt, _ watch: TokenWatch, _ deadlines: ReplyDeadlines,
        _ deliver: @escaping @Sendable (ReplyChunk) async throws -> Void
    ) async throws -> ReplyFinish {
        let calibration = calibrations.multiplier(provider: name, model: model)
        var share = 1.0
        var isStale = false
        for _ in 1..<Self.maximumRequests {
            do {
                return try await attempt(prompt, calibration * share, watch, deadlines, deliver)
            } catch let refused as RefusedParameter {
                guard adapt(to: refused) else { throw refused.failure }
            } catch let failure as ProviderFailure where failure.kind == .contextOverflow && !watch.hasToken {
                calibrations.overflowed(provider: name, model: model)
                // Leave out more of the conversation, once.
                guard share == 1 else { throw failure }
                share = Self.overflowShare
            } catch is StaleConnection where !isStale {
                // A pooled connection that the server had closed meanwhile: nothing was answered, nothing is lost.
                isStale = true
            } catch is StaleConnection {
                throw failure(.connect, code: "closed")
            }
        }
        do {
            return try await attempt(prompt, calibration * share, watch, deadlines, deliver)
        } catch let refused as RefusedParameter {
            throw refused.failure
        } catch is StaleConnection {
            throw failure(.connect, code: "closed")
        }
    }

    private struct StaleConnection: Error {}

    private struct RefusedParameter: Error {
        var parameter: String
        var failure: ProviderFailure
    }

    private func adapt(to refused: RefusedParameter) -> Bool {
        dialect.withLock { dialect in
            guard let adapted = dialect.without(refused.parameter) else { return false }
            dialect = adapted
            logger.info(
                "provider refused a parameter, which is left out from now on",
                metadata: ["provider": "\(name)", "model": "\(model)", "parameter": "\(refused.parameter)"])
            return true
        }
    }

    // MARK: One request

    private func attempt(
        _ prompt: ReplyPrompt, _ calibration: Double, _ watch: TokenWatch, _ deadlines: ReplyDeadlines,
        _ deliver: @escaping @Sendable (ReplyChunk) async throws -> Void
    ) async throws -> ReplyFinish {
        let dialect = dialect.withLock { $0 }
        let asked = await ReplyLoops.aside { request(for: prompt, calibration, dialect) }
        let response = try await send(asked, dialect, deadlines)
        let requestId = response.headers.first(name: "x-request-id").map { String($0.prefix(100)) }
        guard response.status == .ok else { throw try await refusal(response, of: asked, dialect, requestId) }
        let isJSON = response.headers.first(name: "content-type")?.lowercased().hasPrefix("application/json") ?? false
        var stream = ReplyStream(
            provider: name, dialect: dialect, vendor: settings.endpoint.vendor, requestId: requestId)
        var passage = Passage(estimate: asked.estimate, watch: watch, deliver: deliver)
        if isJSON {
            try await pass(stream.readWhole(try await body(of: response)), &passage)
            try await pass(stream.end(), &passage)
        } else {
            try await read(response.body, &stream, &passage)
        }
        guard let finish = stream.finish else { throw failure(.truncated, requestId: requestId) }
        return finish
    }

    /// The way of chunks to the reader.
    private struct Passage {
        /// Of the prompt's tokens; nil once it was compared with the real ones. Some endpoints tell them with every event.
        var estimate: Int?
        var watch: TokenWatch
        var deliver: @Sendable (ReplyChunk) async throws -> Void
    }

    private func read(
        _ body: HTTPClientResponse.Body, _ stream: inout ReplyStream, _ passage: inout Passage
    ) async throws {
        var iterator = body.makeAsyncIterator()
        while !stream.isDone {
            let buffer: ByteBuffer?
            do {
                buffer = try await iterator.next()
            } catch {
                // The reply was complete; only the usage, or the closing line, is missing.
                if stream.finish != nil { break }
                if Task.isCancelled { throw CancellationError() }
                throw failure(.truncated, code: Self.name(of: error), requestId: stream.requestId)
            }
            guard let buffer else { break }
            let outputs = buffer.withUnsafeReadableBytes { stream.read($0) }
            try await pass(outputs, &passage)
            if let finish = stream.finish { passage.watch.replyEnded(finish, patience: Self.patienceForUsage) }
        }
        try await pass(stream.end(), &passage)
    }

    private func pass(_ outputs: [ReplyStream.Output], _ passage: inout Passage) async throws {
        // What came together is shown together.
        var text = ""
        for output in outputs {
            if case .chunk(.text(let more)) = output {
                text += more
                continue
            }
            try await pass(&text, passage)
            switch output {
            case .failed(var failure):
                failure.detail = failure.detail.map(redacted)
                throw failure
            case .chunk(let chunk):
                if case .usage(let usage) = chunk {
                    if let estimate = passage.estimate, usage.input > 0 {
                        calibrations.observe(provider: name, model: model, real: usage.input, estimated: estimate)
                        passage.estimate = nil
                    }
                    do { try await passage.deliver(chunk) } catch { throw DeliveryFailed(error: error) }
                } else {
                    try await pass(token: chunk, passage)
                }
            }
        }
        try await pass(&text, passage)
    }

    private func pass(_ text: inout String, _ passage: Passage) async throws {
        guard !text.isEmpty else { return }
        try await pass(token: .text(text), passage)
        text = ""
    }

    private func pass(token chunk: ReplyChunk, _ passage: Passage) async throws {
        passage.watch.tokenArrived()
        do { try await passage.deliver(chunk) } catch { throw DeliveryFailed(error: error) }
        passage.watch.tokenDelivered()
    }

    private func send(
        _ asked: AssembledRequest, _ dialect: any ModelDialect, _ deadlines: ReplyDeadlines
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: settings.endpoint.url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.headers.add(name: "accept", value: "text/event-stream")
        // A compressed stream arrives in blocks.
        request.headers.add(name: "accept-encoding", value: "identity")
        for header in dialect.headers { request.headers.add(name: header.name, value: header.value) }
        if let key = settings.key { request.headers.add(name: "authorization", value: "Bearer \(key.secret)") }
        request.body = .bytes(asked.body)
        do {
            let whole = Int64(deadlines.whole.components.seconds) + 5
            return try await client.execute(request, timeout: .seconds(whole), logger: Self.silent)
        } catch {
            if Task.isCancelled { throw CancellationError() }
            if let error = error as? HTTPClientError, error == .remoteConnectionClosed { throw StaleConnection() }
            throw failure(.connect, code: Self.name(of: error))
        }
    }

    /// The HTTP client's own lines would hold nothing that an attempt's record does not.
    private static let silent = Logger(label: "provider.http") { _ in SwiftLogNoOpLogHandler() }

    private struct AssembledRequest {
        var request: ModelRequest
        var body: ByteBuffer
        /// Tokens of the prompt, tools included.
        var estimate: Int
    }

    private func request(
        for prompt: ReplyPrompt, _ calibration: Double, _ dialect: any ModelDialect
    ) -> AssembledRequest {
        let tools = prompt.tools.reduce(0) { $0 + TokenEstimate.tokens(in: $1) }
        let assembly = PromptAssembly(
            // What the tools take is real tokens of the context, as the model counts them.
            contextTokens: settings.contextTokens - Int(Double(tools) * calibration), calibration: calibration)
        let nonce = String(UInt32.random(in: 0x1000_0000 ... .max), radix: 16)
        let messages = assembly.messages(for: prompt, nonce: nonce)
        let request = ModelRequest(
            model: settings.model, messages: messages, tools: prompt.tools,
            maximumOutputTokens: prompt.maximumOutputTokens, temperature: settings.temperature)
        return AssembledRequest(
            request: request, body: ByteBuffer(bytes: dialect.body(of: request).serializedBytes()),
            estimate: messages.reduce(tools + TokenEstimate.perRequest) {
                $0 + TokenEstimate.tokens(in: $1.content) + TokenEstimate.perMessage
            })
    }

    // MARK: Failures

    private func refusal(
        _ response: HTTPClientResponse, of asked: AssembledRequest, _ dialect: any ModelDialect, _ requestId: String?
    ) async throws -> any Error {
        let status = Int(response.status.code)
        let error = ModelError.read(try await body(of: response))
        let kind = FailureTable.of(settings.endpoint.vendor).kind(error, status: status)
        let retryAfter = RetryAfter.read(
            milliseconds: response.headers.first(name: "retry-after-ms"),
            seconds: response.headers.first(name: "retry-after"), now: Date())
        let failure = failure(
            kind, status: status, code: error?.code ?? error?.type, retryAfter: retryAfter,
            requestId: requestId ?? error?.requestId.map { String($0.prefix(100)) }, detail: error?.message)
        guard let error, let parameter = dialect.parameter(in: error, of: asked.request) else { return failure }
        // llama.cpp says 500 to tools that it was not started for.
        guard kind == .badRequest || kind == .server && parameter == "tools" else { return failure }
        return RefusedParameter(parameter: parameter, failure: failure)
    }

    /// The body as far as it comes and is not too long; what is missing of an error's text matters to nobody.
    private func body(of response: HTTPClientResponse) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            for try await buffer in response.body {
                bytes.append(contentsOf: buffer.readableBytesView.prefix(Self.maximumBody - bytes.count))
                if bytes.count >= Self.maximumBody { break }
            }
        } catch {
            if Task.isCancelled { throw CancellationError() }
        }
        return bytes
    }

    private func failure(
        _ kind: ProviderFailure.Kind, status: Int? = nil, code: String? = nil, retryAfter: Duration? = nil,
        requestId: String? = nil, detail: String? = nil
    ) -> ProviderFailure {
        ProviderFailure(
            kind, provider: name, status: status, code: code.map { String($0.prefix(60)) }, retryAfter: retryAfter,
            requestId: requestId, detail: detail.map(redacted))
    }

    private static let longestDetail = 300

    private func redacted(_ text: String) -> String {
        String((settings.key?.redacted(text) ?? ProviderKey.redacted(text)).prefix(Self.longestDetail))
    }

    /// The kind of an error of the network, without addresses.
    private static func name(of error: any Error) -> String {
        switch error {
        case let error as HTTPClientError: error.shortDescription
        case let error as IOError: "errno \(error.errnoCode)"
        default: String(describing: type(of: error))
        }
    }
}

extension TokenEstimate {
    /// Tokens of a byte of a tool's description: JSON is dense with symbols.
    static let perToolByte = 0.35

    static func tokens(in tool: ReplyTool) -> Int {
        let described = ChatCompletions.described([tool]).serializedBytes().count
        return Int((Double(described) * perToolByte).rounded(.up))
    }
}
