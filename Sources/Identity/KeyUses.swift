import Domain
import Storage
import Synchronization

/// Notes when API keys are used: to the minute, and beside the requests, which never wait for it.
final class KeyUses: Sendable {
    /// Keys whose last note is remembered. When there are more, some are noted more often than they need be.
    static let maximumRemembered = 10_000

    private let store: ChatStore
    private let noted = Mutex<[Identifier<APIKey>: Timestamp]>([:])

    init(store: ChatStore) {
        self.store = store
    }

    /// Takes note that a key was used now.
    func note(_ id: Identifier<APIKey>) {
        let now = store.clock.now()
        let isDue = noted.withLock { noted in
            if let last = noted[id], now < last.adding(seconds: APIKey.useGranularitySeconds) { return false }
            if noted.count >= Self.maximumRemembered { noted.removeAll(keepingCapacity: true) }
            noted[id] = now
            return true
        }
        guard isDue else { return }
        store.write(
            run: { try $0.noteUse(of: id, atMostEvery: APIKey.useGranularitySeconds) },
            // A use that could not be written down is no reason to trouble anybody; the next minute's will be.
            completion: { _ in })
    }
}
