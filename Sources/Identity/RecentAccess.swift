public import Domain
import Synchronization

/// Who stands behind tokens that came lately, so that a busy client's rows are not read with each request.
///
/// It forgets whom a commit here or a word of another node concerns, before the change is acknowledged here and within the
/// time of a message there. It is used only while such words are sure to come; otherwise the rows are read each time. So a
/// right that has ended is never honoured for longer than it takes to notice that the words do not come.
public final class RecentAccess: Sendable {
    /// Seconds after which the rows are asked again, whatever was or was not heard.
    static let lifetimeSeconds: Int64 = 30
    /// Sessions and sign-ins that are remembered at once, some 5 MB.
    public static let capacity = 20_000

    enum Key: Hashable, Sendable {
        case session(Identifier<ChatSession>)
        case login(Identifier<Login>)
        case apiKey(TokenDigest)
    }

    private struct Known {
        var access: Access
        var until: Timestamp
    }

    /// Two generations, of which the older is dropped when the younger is full.
    private struct State {
        var young: [Key: Known] = [:]
        var old: [Key: Known] = [:]
        /// Grows with everything that is forgotten: what was read before may be what is to be forgotten.
        var changes: UInt64 = 0
    }

    private let generationSize: Int
    private let clock: any WallClock
    private let isInformed: @Sendable () -> Bool
    private let state = Mutex(State())

    /// - Parameter isInformed: whether every change of rights is sure to be heard of.
    public init(
        capacity: Int = RecentAccess.capacity, clock: any WallClock, isInformed: @escaping @Sendable () -> Bool
    ) {
        generationSize = max(1, capacity / 2)
        self.clock = clock
        self.isInformed = isInformed
    }

    /// To be taken before the rows are read, for ``remember(_:as:until:since:)``.
    var changes: UInt64 { state.withLock { $0.changes } }

    func access(of key: Key) -> Access? {
        guard isInformed() else { return nil }
        let now = clock.now()
        return state.withLock { state in
            if let known = state.young[key] { return known.until > now ? known.access : nil }
            guard let known = state.old[key], known.until > now else { return nil }
            insert(known, key, &state)
            return known.access
        }
    }

    /// - Parameters:
    ///   - end: of the session, sign-in or key by itself; nil for a key that has none.
    ///   - changes: as it was before the rows were read.
    func remember(_ access: Access, as key: Key, until end: Timestamp?, since changes: UInt64) {
        guard isInformed() else { return }
        let limit = clock.now().adding(seconds: Self.lifetimeSeconds)
        let until = end.map { min($0, limit) } ?? limit
        state.withLock { state in
            guard state.changes == changes else { return }
            insert(Known(access: access, until: until), key, &state)
        }
    }

    /// Forgets sessions, sign-ins and keys that have ended, and users whose rights have changed.
    public func forget(
        sessions: [Identifier<ChatSession>], logins: [Identifier<Login>], keys: [Identifier<APIKey>] = [],
        users: some Collection<Identifier<User>>
    ) {
        state.withLock { state in
            state.changes &+= 1
            for key in sessions.map(Key.session) + logins.map(Key.login) {
                state.young[key] = nil
                state.old[key] = nil
            }
            guard !users.isEmpty || !keys.isEmpty else { return }
            let (changed, ended) = (Set(users), Set(keys.map(Access.Credential.apiKey)))
            func concerns(_ known: Known) -> Bool {
                known.access.staff.map { changed.contains($0.userId) || ended.contains($0.credential) } ?? false
            }
            state.young = state.young.filter { !concerns($0.value) }
            state.old = state.old.filter { !concerns($0.value) }
        }
    }

    /// Forgets everybody: words may have been lost.
    public func forgetAll() {
        state.withLock { state in
            state.changes &+= 1
            state.young = [:]
            state.old = [:]
        }
    }

    private func insert(_ known: Known, _ key: Key, _ state: inout State) {
        if state.young[key] == nil, state.young.count >= generationSize {
            state.old = state.young
            state.young = [:]
        }
        state.young[key] = known
    }
}
