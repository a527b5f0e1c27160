import NIOCore
import Synchronization

/// Where a bus's health is read from any thread, and told to observers on the bus's event loop.
final class HealthBoard: Sendable {
    private struct State {
        var health: BusHealth
        var observers: [@Sendable (BusHealth) -> Void] = []
    }

    private let eventLoop: any EventLoop
    private let state: Mutex<State>

    init(_ health: BusHealth, eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        state = Mutex(State(health: health))
    }

    var health: BusHealth { state.withLock { $0.health } }

    /// - Returns: whether that is a change.
    @discardableResult
    func set(_ health: BusHealth) -> Bool {
        state.withLock { state in
            guard state.health != health else { return false }
            state.health = health
            // Handed to the loop within the lock: observers hear of changes in their order.
            let observers = state.observers
            if !observers.isEmpty { eventLoop.execute { for observer in observers { observer(health) } } }
            return true
        }
    }

    func observe(_ observer: @escaping @Sendable (BusHealth) -> Void) {
        state.withLock { state in
            state.observers.append(observer)
            let health = state.health
            eventLoop.execute { observer(health) }
        }
    }
}
