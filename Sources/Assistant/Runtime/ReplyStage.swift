public import Domain

/// Where replies are shown while they grow: the readers of the conversation.
public protocol ReplyStage: Sendable {
    /// Begins a reply: the typing dots.
    func begin(_ job: ReplyJob, onCancel: @escaping @Sendable () -> Void)
    /// The reply was in sight before this node took it over.
    func resumed(_ job: ReplyJob)
    /// Shows more text.
    /// - Returns: false when the reply may not be shown any more.
    func append(_ text: String, to job: ReplyJob) -> Bool
    /// Shows what is still held back.
    func flush(_ job: ReplyJob)
    /// Starts a shown reply anew under a higher generation.
    func reset(to job: ReplyJob, reason: String)
    /// Stops showing and tells what was shown of this generation, exactly.
    func close(_ job: ReplyJob) -> String
    /// Tells the readers that no answer comes.
    func fail(_ job: ReplyJob, code: String)
    /// Forgets a reply that has ended.
    func end(_ job: ReplyJob)
}
