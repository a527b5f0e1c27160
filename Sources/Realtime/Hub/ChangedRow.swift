import Domain

/// A row of the lists that has changed.
struct ChangedRow: Sendable, Equatable {
    var workspaceId: Identifier<Workspace>
    var conversationId: Identifier<Conversation>
    /// Who answered it before the changes: whoever saw it through one of them may have to see it go.
    var formerOwners: [Owner]
}
