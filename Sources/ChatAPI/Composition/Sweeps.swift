import Assistant
import Logging
import ServiceLifecycle
import Storage

/// What has to be done from time to time, on one node at a time: ended sessions, ended snoozes, nodes that died.
struct Sweeps: Service {
    /// How often is looked.
    static let interval = Duration.seconds(1)
    /// How long a node that died keeps the others from sweeping.
    static let leaseSeconds: Int64 = 5
    /// Rows of one sweep.
    static let limit = 500
    /// Old rows that are given their words at a time, and how many times in a row: each step holds the writer for some
    /// milliseconds.
    static let indexingLimit = 200
    static let indexingSteps = 20

    let database: OpenDatabase
    let logger: Logger
    private let files: AttachmentSweeps
    private let handoffs: HandoffSweeps
    private var store: ChatStore { database.store }

    /// - Parameter silence: see ``HandoffSweeps/init(store:silence:logger:)``.
    init(database: OpenDatabase, attachments: AttachmentFolder, silence: Duration, logger: Logger) {
        self.database = database
        handoffs = HandoffSweeps(store: database.store, silence: silence, logger: logger)
        files = AttachmentSweeps(AttachmentUpkeep(store: database.store, folder: attachments))
        self.logger = logger
    }

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try await ContinuousClock().sleep(for: Self.interval)
                await sweep()
            }
        }
        guard store.isShared else { return }
        try? await store.write { try $0.releaseLease(.sweeps) }
    }

    /// After an upgrade: until it is done, searches do not find all rows. Some each second, so that the senders do not
    /// wait.
    private func indexOldRows() async throws {
        guard try await store.read({ try $0.hasUnindexedRows() }) else { return }
        for _ in 0..<Self.indexingSteps {
            guard try await store.write(run: { try $0.indexOldRows(limit: Self.indexingLimit) }) > 0 else {
                logger.debug("all rows can be searched")
                return
            }
        }
    }

    private func sweep() async {
        do {
            if store.isShared {
                guard try await store.write(run: { try $0.takeLease(.sweeps, seconds: Self.leaseSeconds) }) != nil
                else {
                    return
                }
                try await database.membership?.forgetLapsedNodes()
            }
            try await handoffs.handOverIfSilent()
            try await indexOldRows()
            try await handoffs.returnIfDue()
            try await files.sweepIfDue()
            guard try await store.read({ try $0.hasSweepWork() }) else { return }
            // Apart: the one locks sessions, the other conversations, and a send locks both in the other order.
            try await store.write { _ = try $0.sweepSessions(limit: Self.limit) }
            try await store.write { _ = try $0.wakeSnoozedConversations(limit: Self.limit) }
            try await store.write { _ = try $0.sweepIdempotencyKeys(limit: Self.limit) }
            try await store.write { try $0.sweepSignIns() }
            try await store.write { try $0.sweepSpending(limit: Self.limit) }
        } catch {
            logger.warning("a sweep failed", metadata: ["error": "\(error)"])
        }
    }
}

/// Takes over replies that nobody makes any more.
struct Takeovers: Service {
    /// How often is looked. A lease of 12 s and a look each second: another takes over within 16 s.
    static let interval = Duration.seconds(1)

    let runtime: AssistantRuntime

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try await ContinuousClock().sleep(for: Self.interval)
                await runtime.takeOver()
            }
        }
    }
}
