import DequeModule
import Domain
import Synchronization

/// Short reads that share their snapshots: what is asked for while others are being read is read together next.
///
/// Such a read takes less time than the way to the database's thread and back. When thousands of clients come back at once,
/// many share the way; a read that is alone waits for nobody. Each is asked for before the snapshot that answers it begins,
/// so what it sees is never older than the question.
public final class GatheredReads: Sendable {
    /// Snapshots that are read at the same time: one may be on its way back while the next is being read, and a database
    /// beyond the network reads several at once.
    static let maximumUnderWay = 4
    /// Reads of one snapshot: some milliseconds of a database's time, so that none waits for long behind the others.
    static let maximumGathered = 32

    /// Of its closures one is called, once.
    private struct Job: Sendable {
        /// Returns what tells the asker.
        /// - Throws: what is no outcome of this read alone: the database's own failures.
        var read: @Sendable (Snapshot) throws -> @Sendable () -> Void
        var fail: @Sendable (any Error) -> Void
    }

    private struct State {
        var waiting = Deque<Job>()
        var underWay = 0
    }

    private let readTogether:
        @Sendable (@escaping @Sendable (Snapshot) throws -> [@Sendable () -> Void]) async throws
            -> [@Sendable () -> Void]
    private let state = Mutex(State())

    /// - Parameter read: reads in one snapshot.
    init(
        read:
            @escaping @Sendable (@escaping @Sendable (Snapshot) throws -> [@Sendable () -> Void]) async throws
            -> [@Sendable () -> Void]
    ) {
        readTogether = read
    }

    /// Reads, and calls `completion` on a thread of the global pool.
    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (Snapshot) throws -> Value,
        completion: @escaping @Sendable (Result<Value, any Error>) -> Void
    ) {
        let job = Job(
            read: { snapshot in
                let result: Result<Value, any Error>
                do {
                    result = .success(try body(snapshot))
                } catch let refusal as Refusal {
                    result = .failure(refusal)
                }
                return { completion(result) }
            },
            fail: { completion(.failure($0)) })
        let mayRead = state.withLock { state in
            state.waiting.append(job)
            guard state.underWay < Self.maximumUnderWay else { return false }
            state.underWay += 1
            return true
        }
        if mayRead { Task { await readWaiting() } }
    }

    /// - Throws: ``StorageFailure``, or what `body` throws.
    public func read<Value: Sendable>(_ body: @escaping @Sendable (Snapshot) throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            read(body) { continuation.resume(with: $0) }
        }
    }

    private func readWaiting() async {
        while let jobs = take() { await read(jobs) }
    }

    private func take() -> [Job]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.underWay -= 1
                return nil
            }
            let jobs = Array(state.waiting.prefix(Self.maximumGathered))
            state.waiting.removeFirst(jobs.count)
            return jobs
        }
    }

    private func read(_ jobs: [Job]) async {
        do {
            for tell in try await readTogether({ snapshot in try jobs.map { try $0.read(snapshot) } }) { tell() }
        } catch {
            guard jobs.count > 1 else {
                for job in jobs { job.fail(error) }
                return
            }
            // One that fails must not take the others with it.
            for job in jobs { await read([job]) }
        }
    }
}
