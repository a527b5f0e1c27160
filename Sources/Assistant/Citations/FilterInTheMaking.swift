import Synchronization

/// A reply's filter, made while the model reads the prompt: preparing what the reply is compared with takes most of a
/// millisecond, which the customer need not wait for.
final class FilterInTheMaking: Sendable {
    private let making: Task<ReplyFilter, Never>
    private let current = Mutex<ReplyFilter?>(nil)

    init(_ make: @escaping @Sendable () -> ReplyFilter) {
        making = Task { make() }
    }

    /// Takes the next piece. See ``ReplyFilter/push(_:)``.
    func push(_ text: String) async -> String { await change { $0.push(text) } }

    /// See ``ReplyFilter/finish()``.
    func finish() async -> String { await change { $0.finish() } }

    var state: ReplyFilter {
        get async { await change { $0 } }
    }

    /// Begins anew: what was pushed is void.
    func restart() { current.withLock { $0 = nil } }

    private func change<Value: Sendable>(_ work: @Sendable (inout ReplyFilter) -> Value) async -> Value {
        let fresh = await making.value
        return current.withLock { current in
            // Taken out, so that it is changed where it is and not in a copy.
            var filter = current ?? fresh
            current = nil
            defer { current = filter }
            return work(&filter)
        }
    }
}
