import Domain
import Metrics

/// What is measured of this node's commits.
struct CommitFigures: Sendable {
    private let duration = Timer(label: "chat.commit.duration")
    private let batchSize = Recorder(label: "chat.commit.batch.size")
    private let failures = Counter(label: "chat.commit.failures")
    private let messages = Dictionary(
        uniqueKeysWithValues: Actor.Kind.allCases.map {
            ($0, Counter(label: "chat.messages", dimensions: [("sender", $0.rawValue)]))
        })

    /// - Parameters:
    ///   - commands: how many the batch had, those that were refused included.
    ///   - time: from the batch's start to its being on disk.
    func committed(_ batch: CommittedBatch, commands: Int, in time: Duration) {
        duration.record(duration: time)
        batchSize.record(commands)
        for event in batch.events {
            if case .messageCreated(let message) = event.body { messages[message.sender.kind]?.increment() }
        }
    }

    func failed() { failures.increment() }
}
