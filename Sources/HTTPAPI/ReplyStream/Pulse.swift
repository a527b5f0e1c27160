import Synchronization

/// Joins a sequence with a beat, so that a loop that waits for the one also wakes up for the other.
///
/// The next element is only asked for once the last one was taken: whatever bound the sequence puts on a slow reader
/// holds.
struct Pulse<Element: Sendable>: Sendable {
    enum Beat: Sendable {
        case element(Element)
        case tick
    }

    /// Runs `body` for each element and each tick until it returns false or the sequence ends.
    static func run<Source: AsyncSequence & Sendable>(
        _ source: Source, every interval: Duration, _ body: (Beat) async throws -> Bool
    ) async throws where Source.Element == Element, Source.Failure == Never {
        // One element, one tick.
        let (beats, beatsIn) = AsyncStream<Beat>.makeStream(bufferingPolicy: .bufferingOldest(2))
        let (demands, demandsIn) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingOldest(1))
        let isTickWaiting = TickFlag()
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                var elements = source.makeAsyncIterator()
                for await _ in demands {
                    guard let element = await elements.next(isolation: nil) else { break }
                    beatsIn.yield(.element(element))
                }
                beatsIn.finish()
            }
            group.addTask {
                while !Task.isCancelled {
                    try await Task.sleep(for: interval)
                    if isTickWaiting.raise() { beatsIn.yield(.tick) }
                }
            }
            demandsIn.yield()
            for await beat in beats {
                if case .tick = beat { isTickWaiting.lower() }
                guard try await body(beat) else { break }
                if case .element = beat { demandsIn.yield() }
            }
            demandsIn.finish()
        }
    }
}

/// Whether a tick waits to be taken: a second one would say nothing new.
private final class TickFlag: Sendable {
    private let isRaised = Atomic(false)

    /// - Returns: false when it was raised already.
    func raise() -> Bool { !isRaised.exchange(true, ordering: .acquiringAndReleasing) }
    func lower() { isRaised.store(false, ordering: .releasing) }
}
