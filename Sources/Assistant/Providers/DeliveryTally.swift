import Synchronization

/// Counts what one call of a provider delivers on its way to the reader.
final class DeliveryTally: Sendable {
    private struct State {
        var scalars = 0
        var firstToken: Duration?
        var usage: TokenUsage?
        var toolCalls: [ReplyToolCall] = []
    }

    private let stopwatch: Stopwatch
    private let start: Duration
    private let deliver: @Sendable (ReplyChunk) async throws -> Void
    private let state = Mutex(State())

    init(_ stopwatch: Stopwatch, deliver: @escaping @Sendable (ReplyChunk) async throws -> Void) {
        self.stopwatch = stopwatch
        start = stopwatch.elapsed()
        self.deliver = deliver
    }

    /// Unicode scalars of text that were delivered.
    var deliveredScalars: Int { state.withLock { $0.scalars } }

    /// Tool calls that came. They are held back: of a reply that fails nothing must be run, and the next provider may ask for
    /// the same once more.
    var toolCalls: [ReplyToolCall] { state.withLock { $0.toolCalls } }

    func pass(_ chunk: ReplyChunk) async throws {
        switch chunk {
        case .usage(let usage): state.withLock { $0.usage = usage }
        case .reasoning: noteToken()
        case .toolCall(let call):
            noteToken()
            state.withLock { $0.toolCalls.append(call) }
            return
        case .text(let text):
            noteToken()
            // Space alone shows nothing, and a reply must not count as begun by it.
            let isFirst = deliveredScalars == 0
            let shown = isFirst ? String(text.drop(while: \.isWhitespace)) : text
            if shown.isEmpty { return }
            state.withLock { $0.scalars += shown.unicodeScalars.count }
            try await deliver(.text(shown))
            return
        }
        try await deliver(chunk)
    }

    func attempt(_ provider: any ReplyProvider, failure: ProviderFailure?) -> ProviderChain.Attempt {
        let state = state.withLock { $0 }
        // A stream that broke off never said what it used; half a character a token is on the safe side.
        let estimate = TokenUsage(input: 0, output: state.scalars / 2, isEstimated: true)
        return ProviderChain.Attempt(
            provider: provider.name, model: provider.model, failure: failure, firstToken: state.firstToken,
            duration: stopwatch.elapsed() - start, usage: state.usage ?? estimate, deliveredScalars: state.scalars)
    }

    private func noteToken() {
        let now = stopwatch.elapsed() - start
        state.withLock { $0.firstToken = $0.firstToken ?? now }
    }
}
