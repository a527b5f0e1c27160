public import Domain
public import Logging

/// The truth: everything durable goes in and out here, in the verbs of the domain.
///
/// ```swift
/// let sent = try await store.write { try $0.send(draft, to: conversationId, by: access) }
/// let page = try await store.read { try $0.messages(of: conversationId, page, by: access) }
/// ```
public final class ChatStore: Sendable {
    public let settings: StoreSettings
    public let clock: any WallClock
    public let identifiers: IdentifierGenerator
    private let driver: any DatabaseDriver
    private let commits: GroupCommit
    /// For short reads of which many may come at the same time.
    public let gathered: GatheredReads

    /// - Parameter observer: hears of every commit, on the writer's thread.
    public init(
        driver: any DatabaseDriver, settings: StoreSettings, clock: any WallClock, identifiers: IdentifierGenerator,
        observer: any CommitObserver, logger: Logger
    ) {
        self.driver = driver
        self.settings = settings
        self.clock = clock
        self.identifiers = identifiers
        self.commits = GroupCommit(driver: driver, observer: observer, logger: logger)
        gathered = GatheredReads { body in
            try await driver.read { try body(Snapshot(connection: $0, now: clock.now(), settings: settings)) }
        }
    }

    /// Short name of the database, such as `sqlite`.
    public var kind: String { driver.kind }

    /// Reads in one snapshot.
    /// - Throws: ``StorageFailure``, or the ``Refusal`` of the verb.
    public func read<Value: Sendable>(_ body: @escaping @Sendable (Snapshot) throws -> Value) async throws -> Value {
        let (clock, settings) = (clock, settings)
        return try await driver.read { connection in
            try body(Snapshot(connection: connection, now: clock.now(), settings: settings))
        }
    }

    /// Reads a few rows by their keys in one snapshot: at once and on the caller's thread where the database is part of the
    /// process, and as ``read(_:)`` otherwise. An event loop may wait for that; it must not for a search or a long list.
    /// - Throws: ``StorageFailure``, or the ``Refusal`` of the verb.
    public func lookUp<Value: Sendable>(_ body: @escaping @Sendable (Snapshot) throws -> Value) async throws -> Value {
        if let found = try lookUpInPlace(body) { return found }
        return try await read(body)
    }

    /// Looks up like ``lookUp(_:)``, or together with others, and calls `completion`: before it returns, or later on another
    /// thread.
    public func lookUp<Value: Sendable>(
        _ body: @escaping @Sendable (Snapshot) throws -> Value,
        completion: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        do {
            if let found = try lookUpInPlace(body) { return completion(.success(found)) }
        } catch {
            return completion(.failure(error))
        }
        gathered.read(body, completion: completion)
    }

    private func lookUpInPlace<Value>(_ body: (Snapshot) throws -> Value) throws -> Value? {
        try driver.readInPlace { connection in
            try body(Snapshot(connection: connection, now: clock.now(), settings: settings))
        }
    }

    /// Whether other processes may use the database at the same time.
    public var isShared: Bool { driver.isShared }

    /// Runs a command and returns once it is on disk. Cancelling the caller does not undo it. The first command of a request
    /// with an `Idempotency-Key` makes the key its own: see ``IdempotencyClaim``.
    /// - Parameter conversations: those that it will write to, as far as they are known: they are locked with the others of
    ///   the batch. One that is not named here is locked when the command comes to it, which costs a round trip.
    /// - Throws: the ``Refusal`` of the verb, which changed nothing, or ``StorageFailure``: then it is not known to be
    ///   committed and may be sent again under the same idempotency key.
    public func write<Value: Sendable>(
        to conversations: Identifier<Conversation>..., run body: @escaping @Sendable (Transaction) throws -> Value
    ) async throws -> Value {
        guard let claim = IdempotencyClaim.current, claim.begin() else {
            return try await withCheckedThrowingContinuation { continuation in
                write(to: conversations, run: body) { continuation.resume(with: $0) }
            }
        }
        return try await withCheckedThrowingContinuation { continuation in
            write(to: conversations) { transaction in
                try transaction.claim(claim.key, requestDigest: claim.requestDigest)
                return try body(transaction)
            } completion: { result in
                claim.settle(isCommitted: (try? result.get()) != nil)
                continuation.resume(with: result)
            }
        }
    }

    /// Runs a command and calls `completion` on the writer's thread: after the commit, and before its events are
    /// handed to the observer.
    public func write<Value: Sendable>(
        to conversations: [Identifier<Conversation>] = [], run body: @escaping @Sendable (Transaction) throws -> Value,
        completion: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        let (clock, settings, identifiers) = (clock, settings, identifiers)
        commits.submit(
            GroupCommit.Command(
                conversations: conversations,
                run: { connection, locks in
                    let transaction = Transaction(
                        connection: connection, locks: locks, now: clock.now(), settings: settings,
                        identifiers: identifiers)
                    let value = try body(transaction)
                    return (transaction.committed, { completion(.success(value)) })
                },
                fail: { completion(.failure($0)) }))
    }

    /// Writes what is queued and closes the database.
    public func close() async {
        await commits.close()
        await driver.close()
    }
}
