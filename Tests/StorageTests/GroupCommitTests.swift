import Domain
import Storage
import Synchronization
import Testing

@Suite(.databases) struct GroupCommitTests {
    @Test(arguments: TestDatabase.all)
    func aRefusedCommandLeavesNoTraceAndDoesNotDisturbItsNeighbours(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for index in 0..<60 {
                group.addTask {
                    do {
                        try await fixture.store.write { transaction in
                            _ = try transaction.send(
                                MessageDraft(content: "\(index)"), to: session.conversationId, by: visitor)
                            // Refused after it has written.
                            if index % 3 == 0 { throw Refusal.forbidden }
                        }
                        return true
                    } catch {
                        return false
                    }
                }
            }
            return await group.reduce(into: [Bool]()) { $0.append($1) }
        }
        #expect(outcomes.filter { $0 }.count == 40)
        let events = try await fixture.events(of: session.conversationId)
        #expect(events.map(\.seq) == Array(1...41))
        #expect(events.compactMap { $0.message.flatMap { Int($0.content) } }.allSatisfy { $0 % 3 != 0 })
    }

    @Test(arguments: TestDatabase.all)
    func aFailedCommitAcknowledgesNothingPublishesNothingAndTheRetrySucceedsOnce(on database: TestDatabase) async throws
    {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let published = fixture.commits.events.count
        for failure in [StorageFailure.unavailable("disk I/O error"), .full] {
            fixture.driver.failCommits(with: failure)
            await #expect(throws: failure) {
                try await fixture.send("x", clientId: "a", to: session.conversationId, by: visitor)
            }
            #expect(fixture.commits.events.count == published)
            #expect(try await fixture.events(of: session.conversationId).count == 1)
        }
        fixture.driver.failCommits(with: nil)
        #expect(try await !fixture.send("x", clientId: "a", to: session.conversationId, by: visitor).isDuplicate)
        #expect(try await fixture.events(of: session.conversationId).count == 2)
    }

    @Test(arguments: TestDatabase.all)
    func aCallerThatIsCancelledDoesNotUndoItsCommand(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await fixture.send("kept", clientId: "a", to: session.conversationId, by: visitor)
        }
        _ = try await task.value
        #expect(try await fixture.send("kept", clientId: "a", to: session.conversationId, by: visitor).isDuplicate)
    }

    @Test(arguments: TestDatabase.all)
    func theSenderHearsOfItsCommitBeforeTheReadersDo(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let published = fixture.commits.events.count
        let seenAtAck = Mutex<[Int]>([])
        await withCheckedContinuation { continuation in
            fixture.store.write {
                try $0.send(MessageDraft(content: "x"), to: session.conversationId, by: visitor)
            } completion: { _ in
                seenAtAck.withLock { $0.append(fixture.commits.events.count) }
                continuation.resume()
            }
        }
        #expect(seenAtAck.withLock { $0 } == [published])
    }

    @Test(arguments: TestDatabase.all)
    func closingWritesWhatWasTakenAndRefusesTheRest(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let accepted = Mutex(0)
        for index in 0..<200 {
            fixture.store.write {
                try $0.send(MessageDraft(content: "\(index)"), to: session.conversationId, by: visitor)
            } completion: { result in
                if case .success = result { accepted.withLock { $0 += 1 } }
            }
        }
        await fixture.store.close()
        #expect(accepted.withLock { $0 } == 200)
        await #expect(throws: StorageFailure.self) {
            try await fixture.send("late", to: session.conversationId, by: visitor)
        }
    }
}
