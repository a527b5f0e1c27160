import Dispatch
import Domain
import Synchronization
import Testing

@testable import Storage

/// The feed of the whole installation, in which every event has one place.
@Suite(.databases, .serialized, .timeLimit(.minutes(5))) struct FeedTests {
    private func nodes(_ count: Int = 2) async throws -> [StoreFixture] {
        let scope = try #require(DatabaseScope.current)
        let address = try await #require(MySQLTestServer.environment).newDatabase()
        let first = try await StoreFixture(on: scope.driver(on: address))
        return [first] + (1..<count).map { StoreFixture(besides: first, on: scope.driver(on: address), number: $0) }
    }

    /// Whoever follows the places while several nodes commit, and the stamping changes hands, sees every event once.
    @Test(.enabled(if: MySQLTestServer.isThere)) func followingThePlacesShowsEveryEventOnceAndInOrder() async throws {
        let nodes = try await nodes(3)
        var visits: [(ChatSession, Access)] = []
        for _ in 0..<4 { visits.append(try await nodes[0].visitor()) }
        let (isOver, isStamped) = (Shared(false), Shared(false))
        let stamping = Task {
            var round = 0
            while true {
                // Asked before the last stamping: then all that was committed is stamped.
                let isLast = isOver.value
                let node = nodes[round % 2]
                round += 1
                let generation = try #require(try await node.store.write { try $0.takeLease(.sequencer, seconds: 60) })
                while try await node.store.write(run: { try $0.stampFeed(generation: generation, limit: 7) }) == 7 {}
                try await node.store.write { try $0.releaseLease(.sequencer) }
                if isLast { return }
            }
        }
        let following = Task {
            var entries: [FeedEntry] = []
            while true {
                let isLast = isStamped.value
                let position = entries.last?.position ?? 0
                let page = try await nodes[2].store.read { try $0.feed(after: position, limit: 5) }
                entries += page
                if isLast, page.isEmpty { return entries }
                await Task.yield()
            }
        }
        let visitsMade = visits
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, node) in nodes.enumerated() {
                for (session, visitor) in visitsMade {
                    for round in 0..<25 {
                        group.addTask {
                            _ = try await node.send(
                                "\(round) of \(index)", to: session.conversationId, by: visitor)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        isOver.set(true)
        try await stamping.value
        isStamped.set(true)
        let entries = try await following.value
        #expect(entries.map(\.position) == Array(1...Int64(entries.count)))
        for (session, _) in visits {
            let seqs = entries.filter { $0.conversationId == session.conversationId }.map(\.seq)
            #expect(seqs == Array(1...76))
        }
        #expect(entries.count == 4 * 76)
        #expect(try await nodes[1].store.read { try $0.feedHead() } == 4 * 76)
        #expect(try await !nodes[1].store.read { try $0.hasUnstampedEvents() })
    }

    /// An event whose commit takes long has a smaller key than those that were committed since, and a later place.
    @Test(.enabled(if: MySQLTestServer.isThere)) func whatCommitsLateIsNotSkipped() async throws {
        let nodes = try await nodes()
        let (slow, visitor) = try await nodes[0].visitor()
        let (quick, other) = try await nodes[0].visitor()
        let generation = try #require(try await nodes[1].store.write { try $0.takeLease(.sequencer, seconds: 60) })
        @Sendable func stamp() async throws -> Int {
            try await nodes[1].store.write { try $0.stampFeed(generation: generation, limit: 100) }
        }
        #expect(try await stamp() == 2)
        let (isWritten, mayCommit) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        async let late = nodes[0].store.write { transaction in
            let sent = try transaction.send(MessageDraft(content: "late"), to: slow.conversationId, by: visitor)
            isWritten.signal()
            mayCommit.wait()
            return sent
        }
        try await blocking { isWritten.wait() }
        _ = try await nodes[1].send("quick", to: quick.conversationId, by: other)
        #expect(try await stamp() == 1)
        let seen = try await nodes[1].store.read { try $0.feed(after: 2, limit: 10) }
        #expect(seen.map(\.conversationId) == [quick.conversationId])
        mayCommit.signal()
        _ = try await late
        #expect(try await stamp() == 1)
        let more = try await nodes[1].store.read { try $0.feed(after: 3, limit: 10) }
        #expect(more.map(\.conversationId) == [slow.conversationId] && more.map(\.position) == [4])
    }

    @Test(.enabled(if: MySQLTestServer.isThere)) func aSequencerWhoseLeaseHasGoneStampsNothing() async throws {
        let nodes = try await nodes()
        _ = try await nodes[0].visitor()
        let old = try #require(try await nodes[0].store.write { try $0.takeLease(.sequencer, seconds: 5) })
        nodes[0].clock.advance(seconds: 6)
        // It has run out, but nobody has taken it: still nobody else stamps.
        #expect(try await nodes[0].store.write { try $0.stampFeed(generation: old, limit: 100) } == 1)
        _ = try await nodes[0].visitor()
        let new = try #require(try await nodes[1].store.write { try $0.takeLease(.sequencer, seconds: 5) })
        #expect(try await nodes[0].store.write { try $0.stampFeed(generation: old, limit: 100) } == 0)
        #expect(try await nodes[0].store.write { try $0.stampFeed(generation: new, limit: 100) } == 0, "not its own")
        #expect(try await nodes[1].store.read { try $0.hasUnstampedEvents() })
        #expect(try await nodes[1].store.write { try $0.stampFeed(generation: new, limit: 100) } == 1)
    }

    /// Whoever takes the lease waits for a stamping that is under way, and goes on behind it.
    @Test(.enabled(if: MySQLTestServer.isThere)) func twoSequencersNeverGiveOnePlaceTwice() async throws {
        let nodes = try await nodes()
        for _ in 0..<5 { _ = try await nodes[0].visitor() }
        let old = try #require(try await nodes[0].store.write { try $0.takeLease(.sequencer, seconds: 5) })
        nodes[0].clock.advance(seconds: 6)
        let (hasStamped, mayCommit) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        async let slow = nodes[0].store.write { transaction in
            let count = try transaction.stampFeed(generation: old, limit: 2)
            hasStamped.signal()
            mayCommit.wait()
            return count
        }
        try await blocking { hasStamped.wait() }
        async let taken = nodes[1].store.write { transaction -> (Int64?, Int) in
            let generation = try transaction.takeLease(.sequencer, seconds: 5)
            return (generation, try transaction.stampFeed(generation: generation ?? 0, limit: 100))
        }
        mayCommit.signal()
        #expect(try await slow == 2)
        let (generation, count) = try await taken
        #expect(generation == 2 && count == 3)
        let positions = try await nodes[0].store.read { try $0.feed(after: 0, limit: 10).map(\.position) }
        #expect(positions == [1, 2, 3, 4, 5])
    }

    @Test(arguments: TestDatabase.all)
    func whatHasEndedIsFoundByItsTime(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let (other, _) = try await fixture.visitor()
        guard case .staff(let admin) = fixture.admin.principal else { return }
        let (_, login) = try await fixture.store.write {
            try $0.beginLogin(of: admin.userId, refreshDigest: StoreFixture.bytes())
        }
        let start = fixture.clock.now()
        #expect(try await fixture.store.read { try $0.endedAccess(since: start) } == EndedAccess())
        fixture.clock.advance(seconds: 1)
        try await fixture.store.write { try $0.closeSession(session.id, by: visitor) }
        try await fixture.store.write { try $0.revokeLogin(login.id) }
        let changed = try await fixture.store.write { try $0.changeAccess(of: admin.userId, role: .agent) }
        let ended = try await fixture.store.read { try $0.endedAccess(since: start) }
        #expect(ended.sessions == [session.id] && ended.logins == [login.id])
        #expect(ended.users.map(\.access) == [ChangedAccess(userId: admin.userId, version: changed.accessVersion)])
        let now = fixture.clock.now()
        #expect(try await fixture.store.read { try $0.endedAccess(since: now) } == ended)
        #expect(
            try await fixture.store.read { try $0.endedAccess(since: now.adding(milliseconds: 1)) } == EndedAccess())
        // One that ran out is found once the sweep has written it down.
        fixture.clock.advance(seconds: 100_000)
        let later = fixture.clock.now()
        _ = try await fixture.store.write { try $0.sweepSessions(limit: 10) }
        #expect(try await fixture.store.read { try $0.endedAccess(since: later) }.sessions == [other.id])
    }
}

/// A value behind a lock, shared with closures.
private final class Shared<Value: Sendable>: Sendable {
    private let kept: Mutex<Value>

    init(_ value: Value) { kept = Mutex(value) }

    var value: Value { kept.withLock { $0 } }

    func set(_ value: Value) { kept.withLock { $0 = value } }
}
