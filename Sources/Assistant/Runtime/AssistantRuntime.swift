public import Domain
public import Logging
public import Storage
import Synchronization

/// Makes the replies that this node owes: those it hears of with a commit, and those it takes over from nodes that died.
public final class AssistantRuntime: CommitObserver {
    /// Jobs that one look at the leases takes over.
    static let takeOverLimit = 100

    private struct State {
        var runs: [Identifier<Message>: ReplyRun] = [:]
        var isDraining = false
        /// Replies in a row that no provider could give.
        var failuresInARow = 0
        var waitingForQuiet: [CheckedContinuation<Void, Never>] = []
    }

    private let context: RunContext
    private let nodeId: String
    private let loops: ReplyLoops?
    private let state = Mutex(State())

    /// - Parameters:
    ///   - compose: makes the text of a reply.
    ///   - loops: where replies are made; nil for the pool of tasks.
    public init(
        store: ChatStore, stage: any ReplyStage, compose: @escaping ReplyComposing, times: ReplyTimes,
        loops: ReplyLoops? = nil, logger: Logger
    ) {
        self.loops = loops
        nodeId = store.settings.nodeId
        context = RunContext(
            store: store, stage: stage, compose: compose, times: times, clock: ContinuousClock(), logger: logger)
    }

    /// Failures in a row from which on customers notice that something is wrong.
    static let failuresOfATroubledAssistant = 3

    /// Whether the last replies of this node have all failed.
    public var isTroubled: Bool { state.withLock { $0.failuresInARow >= Self.failuresOfATroubledAssistant } }

    /// Replies under way on this node.
    public var runningReplies: Int { state.withLock { $0.runs.count } }

    public func committed(_ batch: CommittedBatch) {
        for job in batch.replyJobs where job.leaseOwner == nodeId && job.state == .running { take(job) }
    }

    /// Another node told of replies that are owed.
    /// - Parameters:
    ///   - grown: of this node, whose question has grown.
    ///   - isAnyFree: whether some belong to nobody yet.
    public func heard(grown: [Identifier<Message>], isAnyFree: Bool) {
        let known = state.withLock { state in grown.compactMap { state.runs[$0] } }
        for run in known {
            Task { [self] in
                // A missed word costs nothing: the database refuses to show an answer to the shorter question. And told to the
                // run, which may have ended meanwhile: of a reply that has, no second run must be begun.
                guard let job = try? await context.store.read({ try $0.openJob(run.id) }) else { return }
                await run.grew(job)
            }
        }
        if isAnyFree { Task { await takeOver() } }
    }

    /// Takes over replies that nobody makes any more. To be called about once a second.
    /// - Parameter includingOwn: true once, before the node takes requests: its replies from before it died.
    public func takeOver(includingOwn: Bool = false) async {
        guard !state.withLock({ $0.isDraining }) else { return }
        do {
            let isAnyDue = try await context.store.read { try $0.hasRepliesToTakeOver(includingOwn: includingOwn) }
            guard isAnyDue else { return }
            let jobs = try await context.store.write { [self] transaction in
                // Asked here, behind all commits so far: each has told of its jobs.
                let running = state.withLock { Set($0.runs.keys) }
                return try transaction.takeOverReplies(
                    includingOwn: includingOwn, except: running, limit: Self.takeOverLimit)
            }
            for job in jobs {
                context.logger.info("took over a reply", metadata: context.metadata(of: job))
                take(job)
            }
        } catch {
            context.logger.warning("could not look for replies to take over", metadata: ["error": "\(error)"])
        }
    }

    private func take(_ job: ReplyJob) {
        let (known, fresh): (ReplyRun?, ReplyRun?) = state.withLock { state in
            if let run = state.runs[job.id] { return (run, nil) }
            // A reply that comes too late to be made here is released with the others.
            guard !state.isDraining else { return (nil, nil) }
            let run = ReplyRun(job, on: loops?.next(), context: context)
            state.runs[job.id] = run
            return (nil, run)
        }
        if let known { Task { await known.grew(job) } }
        if let fresh {
            Task(executorPreference: fresh.executor) {
                let outcome = await fresh.make()
                self.finished(job.id, outcome)
            }
        }
    }

    private func finished(_ id: Identifier<Message>, _ outcome: ReplyRun.Outcome) {
        let waiting: [CheckedContinuation<Void, Never>] = state.withLock { state in
            state.runs[id] = nil
            switch outcome {
            case .given: state.failuresInARow = 0
            case .failed: state.failuresInARow += 1
            case .stopped: break
            }
            guard state.runs.isEmpty else { return [] }
            defer { state.waitingForQuiet = [] }
            return state.waitingForQuiet
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Lets running replies end for up to `limit`, then hands the leases of the others over.
    public func drain(limit: Duration) async {
        state.withLock { $0.isDraining = true }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.quiet() }
            group.addTask { try? await self.context.clock.sleep(for: limit) }
            await group.next()
            let left = state.withLock { Array($0.runs.values) }
            for run in left { await run.stop(.abandoned) }
            group.cancelAll()
        }
        do {
            try await context.store.write { try $0.releaseReplies() }
        } catch {
            context.logger.warning("could not hand over the leases", metadata: ["error": "\(error)"])
        }
    }

    private func quiet() async {
        await withCheckedContinuation { continuation in
            let isQuiet = state.withLock { state in
                if !state.runs.isEmpty { state.waitingForQuiet.append(continuation) }
                return state.runs.isEmpty
            }
            if isQuiet { continuation.resume() }
        }
    }
}
