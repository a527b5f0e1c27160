import NIOCore

/// The answers to commands that were sent together. Used on the connection's event loop only, which is what makes the
/// unchecked conformance sound.
final class ReplyBatch: @unchecked Sendable {
    typealias Completion = @Sendable (Result<[RESPValue], RedisFault>) -> Void

    private let count: Int
    private var values: [RESPValue] = []
    private var completion: Completion?

    /// - Parameter completion: called once, on the event loop. An error that the server answers is a value.
    init(count: Int, completion: @escaping Completion) {
        self.count = count
        self.completion = completion
        values.reserveCapacity(count)
    }

    var isDone: Bool { completion == nil }

    func take(_ value: RESPValue) {
        guard completion != nil else { return }
        values.append(value)
        if values.count == count { finish(.success(values)) }
    }

    func fail(_ fault: RedisFault) { finish(.failure(fault)) }

    private func finish(_ result: Result<[RESPValue], RedisFault>) {
        guard let completion else { return }
        self.completion = nil
        values = []
        completion(result)
    }
}

/// A command whose answer is awaited.
struct PendingReply {
    /// Who waits for it; nobody for what is published.
    let batch: ReplyBatch?
    /// Bytes of the command that the outbox counts; 0 for what did not come from it.
    let bytes: Int
}
