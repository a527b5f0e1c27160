public import Domain
import NIOCore
import Synchronization

/// The directory of a node that is alone, or of several in one process.
public final class InProcessSessionDirectory: SessionDirectory {
    /// What the nodes of one process share.
    public final class Store: Sendable {
        /// Sessions that are remembered at once.
        static let maximumKept = 50_000

        struct Remembered {
            let session: KnownSession
            let until: Timestamp
        }

        struct Contents {
            var sessions: [Identifier<ChatSession>: Remembered] = [:]
            var ofContact: [Identifier<Contact>: Set<Identifier<ChatSession>>] = [:]
            var removed = RemovedSessions()
            var holders: [Identifier<ChatSession>: [String: Int]] = [:]
            var observers: [@Sendable (Identifier<ChatSession>) -> Void] = []

            mutating func forget(_ id: Identifier<ChatSession>) {
                guard let contact = sessions.removeValue(forKey: id)?.session.contactId else { return }
                ofContact[contact]?.remove(id)
                if ofContact[contact]?.isEmpty == true { ofContact[contact] = nil }
            }

            /// Forgets what has run out; when that is little, any half.
            mutating func makeRoom(now: Timestamp) {
                for id in sessions.filter({ $0.value.until <= now }).keys { forget(id) }
                guard sessions.count > Store.maximumKept / 2 else { return }
                for id in Array(sessions.keys.prefix(Store.maximumKept / 2)) { forget(id) }
            }
        }

        let contents = Mutex(Contents())

        public init() {}
    }

    private let nodeId: String
    private let store: Store
    private let clock: any WallClock

    public init(nodeId: String, store: Store = Store(), clock: any WallClock) {
        self.nodeId = nodeId
        self.store = store
        self.clock = clock
    }

    public func put(_ session: KnownSession) {
        let now = clock.now()
        guard session.expiresAt > now, session.state.readableBytes <= KnownSession.maximumStateBytes else { return }
        store.contents.withLock { contents in
            contents.forget(session.id)
            if contents.sessions.count >= Store.maximumKept { contents.makeRoom(now: now) }
            let until = min(session.expiresAt, now.adding(milliseconds: SessionMemory.session))
            contents.sessions[session.id] = Store.Remembered(session: session, until: until)
            contents.ofContact[session.contactId, default: []].insert(session.id)
        }
    }

    public func session(_ id: Identifier<ChatSession>) async -> SessionLookup {
        let now = clock.now()
        return store.contents.withLock { contents in
            if contents.removed.contains(id, now: now) { return .removed }
            guard let known = contents.sessions[id], known.until > now else { return .unknown }
            return .found(known.session)
        }
    }

    public func sessions(of contact: Identifier<Contact>) async -> Set<Identifier<ChatSession>>? {
        let now = clock.now()
        return store.contents.withLock { contents in
            (contents.ofContact[contact] ?? []).filter { id in
                guard let known = contents.sessions[id] else { return false }
                return known.session.expiresAt > now && !contents.removed.contains(id, now: now)
            }
        }
    }

    public func remove(_ id: Identifier<ChatSession>, of contact: Identifier<Contact>) {
        let now = clock.now()
        let observers = store.contents.withLock { contents in
            contents.removed.insert(id, now: now)
            contents.forget(id)
            return contents.observers
        }
        for observer in observers { observer(id) }
    }

    public func observeRemovals(_ observer: @escaping @Sendable (Identifier<ChatSession>) -> Void) {
        store.contents.withLock { $0.observers.append(observer) }
    }

    public func enter(_ id: Identifier<ChatSession>) {
        store.contents.withLock { $0.holders[id, default: [:]][nodeId, default: 0] += 1 }
    }

    public func leave(_ id: Identifier<ChatSession>) {
        store.contents.withLock { contents in
            guard let count = contents.holders[id]?[nodeId] else { return }
            contents.holders[id]?[nodeId] = count > 1 ? count - 1 : nil
            if contents.holders[id]?.isEmpty == true { contents.holders[id] = nil }
        }
    }

    public func nodes(holding id: Identifier<ChatSession>) async -> Set<String>? {
        store.contents.withLock { Set(($0.holders[id] ?? [:]).keys) }
    }

    public func close() async {
        store.contents.withLock { contents in
            for id in Array(contents.holders.keys) {
                contents.holders[id]?[nodeId] = nil
                if contents.holders[id]?.isEmpty == true { contents.holders[id] = nil }
            }
        }
    }
}
