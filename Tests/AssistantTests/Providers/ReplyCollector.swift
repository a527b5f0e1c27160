import Synchronization

@testable import Assistant

/// Takes a reply's chunks as a runtime does.
final class ReplyCollector: Sendable {
    private struct State {
        var text = ""
        var usage: TokenUsage?
        var reasoning = 0
        var pieces = 0
        var toolCalls: [ReplyToolCall] = []
    }

    private let state = Mutex(State())

    var text: String { state.withLock { $0.text } }
    var usage: TokenUsage? { state.withLock { $0.usage } }
    var reasoning: Int { state.withLock { $0.reasoning } }
    var pieces: Int { state.withLock { $0.pieces } }

    var toolCalls: [ReplyToolCall] { state.withLock { $0.toolCalls } }

    func take(_ chunk: ReplyChunk) {
        state.withLock {
            switch chunk {
            case .text(let text):
                $0.text += text
                $0.pieces += 1
            case .usage(let usage): $0.usage = usage
            case .reasoning: $0.reasoning += 1
            case .toolCall(let call): $0.toolCalls.append(call)
            }
        }
    }
}

/// Waits until `condition` holds, at most a minute: on a busy machine hundreds of tests share two
/// threads.
func eventually(_ condition: @Sendable () -> Bool) async throws -> Bool {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(60)
    while clock.now < end {
        if condition() { return true }
        try await clock.sleep(for: .milliseconds(5))
    }
    return condition()
}
