import Synchronization

/// A flag that is set once, from anywhere.
final class FlagBox: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .acquiring) }

    func set() {
        value.store(true, ordering: .releasing)
    }
}

/// A count that anybody may add to.
final class Counter: Sendable {
    private let count = Atomic(0)

    var value: Int { count.load(ordering: .acquiring) }

    func add(_ number: Int) {
        count.add(number, ordering: .acquiringAndReleasing)
    }
}
