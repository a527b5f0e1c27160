import Domain
import Storage
import Testing

/// A conversation as a replay of its beginning shows it.
@Suite(.databases) struct ReplayedConversationTests {
    /// The conversation of a replayed `conversation.created` is the contact's own view of it, as it is now.
    @Test(arguments: TestDatabase.all)
    func aReplayedBeginningShowsTheLastMessageThatItsReaderMaySee(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let sent = try await fixture.send("hello", to: session.conversationId, by: visitor)
        _ = try await fixture.send("hm", kind: .note, to: session.conversationId, by: fixture.admin)
        let events = try await fixture.store.read {
            try $0.events(of: session.conversationId, SeqPage(.after(0), limit: 1), by: visitor).items
        }
        guard case .conversationCreated(let conversation)? = events.first?.body else {
            Issue.record("the first event is the conversation's beginning")
            return
        }
        #expect(conversation.lastMessage?.id == sent.message.id)
        #expect(conversation.unread == 0)
    }
}
