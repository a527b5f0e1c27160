import Synchronization

/// Where held answers wait, so that tests need no sleeps.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    var isOpen: Bool { state.withLock { $0.isOpen } }

    /// Runs `then` once the gate is open: at once, or from whichever thread opens it.
    func pass(_ then: @escaping @Sendable () -> Void) {
        let isOpen = state.withLock {
            if !$0.isOpen { $0.waiting.append(then) }
            return $0.isOpen
        }
        if isOpen { then() }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for go in waiting { go() }
    }

    func close() {
        state.withLock { $0.isOpen = false }
    }
}
