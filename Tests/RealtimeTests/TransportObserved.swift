import Foundation
import Synchronization

/// A value that a test waits on: `wait` returns as soon as a condition holds, and throws when it does not in time.
final class Observed<Value: Sendable>: Sendable {
    struct TimedOut: Error, CustomStringConvertible {
        let description: String
    }

    private struct Waiter {
        let condition: @Sendable (Value) -> Bool
        let continuation: CheckedContinuation<Value, any Error>
    }

    private struct State {
        var value: Value
        var waiters: [UUID: Waiter] = [:]
    }

    private let state: Mutex<State>

    init(_ value: sending Value) {
        state = Mutex(State(value: value))
    }

    var value: Value { state.withLock { $0.value } }

    @discardableResult
    func update<Result: Sendable>(_ change: @Sendable (inout Value) -> Result) -> Result {
        let (result, value, ready) = state.withLock { state in
            let result = change(&state.value)
            let value = state.value
            let ready = state.waiters.filter { $0.value.condition(value) }
            for id in ready.keys { state.waiters[id] = nil }
            return (result, value, ready)
        }
        for waiter in ready.values { waiter.continuation.resume(returning: value) }
        return result
    }

    @discardableResult
    func wait(
        _ what: String, within limit: Duration = .seconds(60), until condition: @escaping @Sendable (Value) -> Bool
    ) async throws -> Value {
        let id = UUID()
        let timer = Task {
            try await Task.sleep(for: limit)
            let (waiter, value) = self.state.withLock { ($0.waiters.removeValue(forKey: id), $0.value) }
            waiter?.continuation.resume(
                throwing: TimedOut(
                    description: "\(what): not within \(limit), but \(String(describing: value).prefix(400))"))
        }
        defer { timer.cancel() }
        return try await withCheckedThrowingContinuation { continuation in
            let now: Value? = state.withLock { state in
                if condition(state.value) { return state.value }
                state.waiters[id] = Waiter(condition: condition, continuation: continuation)
                return nil
            }
            if let now { continuation.resume(returning: now) }
        }
    }
}
