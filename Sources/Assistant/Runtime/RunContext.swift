import Domain
import Logging
import Storage

/// The runtime's own limit on a reply.
struct ReplyTookTooLong: Error {}

/// What all runs of a node share.
struct RunContext: Sendable {
    /// Tries of a write that must not be missed, while the database does not answer.
    static let maximumTries = 5

    var store: ChatStore
    var stage: any ReplyStage
    var compose: ReplyComposing
    var times: ReplyTimes
    var clock: ContinuousClock
    var logger: Logger

    func metadata(of job: ReplyJob, error: (any Error)? = nil) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["reply": "\(job.id.rawValue)", "generation": "\(job.generation)"]
        if let error { metadata["error"] = "\(error)" }
        return metadata
    }

    /// Repeats a write that the database could not take, with growing pauses.
    func retrying(
        isolation: isolated (any _Concurrency.Actor)? = #isolation, _ work: () async throws -> Void
    ) async throws {
        var tries = 1
        while true {
            do {
                return try await work()
            } catch let failure as StorageFailure where tries < Self.maximumTries {
                logger.warning("the database did not answer", metadata: ["error": "\(failure)"])
                try? await clock.sleep(for: .milliseconds(200 << tries))
                tries += 1
            }
        }
    }
}
