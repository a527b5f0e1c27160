import Domain
import Storage
import Testing

@Suite(.databases) struct GatheredReadsTests {
    private struct Damage: Error, Equatable {
        var number: Int
    }

    /// Whoever reads together with others gets its own answer: what it asked for, its own refusal, its own failure.
    @Test(arguments: TestDatabase.all)
    func eachOfManyGetsItsOwnAnswer(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let gathered = fixture.store.gathered
        await withTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    do {
                        let read = try await gathered.read { snapshot in
                            switch number % 5 {
                            case 3: throw Refusal.conflict("\(number)")
                            case 4: throw Damage(number: number)
                            default: (number, try snapshot.head(of: session.conversationId, by: visitor).seq)
                            }
                        }
                        return number % 5 < 3 && read == (number, 1)
                    } catch Refusal.conflict(let detail) {
                        return number % 5 == 3 && detail == "\(number)"
                    } catch let damage as Damage {
                        return number % 5 == 4 && damage.number == number
                    } catch {
                        return false
                    }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }

    /// The snapshot of a read begins after the read was asked for.
    @Test(arguments: TestDatabase.all)
    func whatIsCommittedBeforeAReadIsSeenByIt(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let store = fixture.store
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Others that keep reading, so that what follows is gathered with them.
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<100 { _ = try await store.gathered.read { try $0.feedHead() } }
                }
            }
            for number in 0..<20 {
                let sent = try await fixture.send("\(number)", to: session.conversationId, by: visitor)
                let seq = try await store.gathered.read {
                    try $0.head(of: session.conversationId, by: visitor).seq
                }
                #expect(seq >= sent.message.seq)
            }
            try await group.waitForAll()
        }
    }
}
