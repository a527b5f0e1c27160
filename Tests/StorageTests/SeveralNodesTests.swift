import Domain
import Foundation
import Storage
import Synchronization
import Testing

@testable import StorageMySQL

/// Several nodes that write to one database.
@Suite(.databases, .enabled(if: MySQLTestServer.isThere)) struct SeveralNodesTests {
    /// Two nodes on a new database.
    private func nodes() async throws -> (StoreFixture, StoreFixture, MySQLAddress) {
        let scope = try #require(DatabaseScope.current)
        let address = try await #require(MySQLTestServer.environment).newDatabase()
        let first = try await StoreFixture(on: scope.driver(on: address))
        return (first, StoreFixture(besides: first, on: scope.driver(on: address), number: 1), address)
    }

    @Test func twoNodesLeaveNoHoleInAConversationThatBothWriteTo() async throws {
        let (first, second, _) = try await nodes()
        var conversations: [(ChatSession, Access)] = []
        for _ in 0..<3 { conversations.append(try await first.visitor()) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (session, visitor) in conversations {
                for index in 0..<40 {
                    for node in [first, second] {
                        // The same client id on both nodes: one message.
                        let id = index % 4 == 0 ? "both \(index)" : "\(index) of \(node === first ? 1 : 2)"
                        group.addTask {
                            _ = try await node.send("\(index)", clientId: id, to: session.conversationId, by: visitor)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        for (session, _) in conversations {
            let events = try await second.events(of: session.conversationId)
            #expect(events.map(\.seq) == Array(1...71))
            let ids = events.compactMap { $0.message?.clientMessageId }
            #expect(ids.count == 70 && Set(ids).count == 70)
            // Each was told by the node that committed it, and in the order of seq.
            let told = [first, second].map { node in
                node.commits.events.filter { $0.conversationId == session.conversationId }.map(\.seq)
            }
            #expect(told[0] == told[0].sorted() && told[1] == told[1].sorted())
            #expect((told[0] + told[1]).sorted() == Array(1...71))
        }
    }

    /// Senders that ask again under the same id until they hear of it, while every connection is killed again and again.
    @Test func whateverConnectionsAreLostNothingAcknowledgedIsLostOrDoubled() async throws {
        let (first, second, address) = try await nodes()
        let server = try #require(MySQLTestServer.environment)
        var conversations: [(ChatSession, Access)] = []
        for _ in 0..<4 { conversations.append(try await first.visitor()) }
        let (perSender, acknowledged) = (30, Acknowledged())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (session, visitor) in conversations {
                for (number, node) in [first, second].enumerated() {
                    group.addTask {
                        for index in 0..<perSender {
                            let id = "\(number).\(index)"
                            var tries = 0
                            while true {
                                tries += 1
                                do {
                                    let sent = try await node.send(
                                        id, clientId: id, to: session.conversationId, by: visitor)
                                    await acknowledged.add(sent.message)
                                    break
                                } catch StorageFailure.unavailable where tries < 200 {}
                            }
                        }
                    }
                }
            }
            group.addTask {
                // Paced by what gets through: after every few messages all connections go, whatever they do just then.
                for round in 1...12 {
                    await acknowledged.wait(for: round * 16)
                    let connections = try await server.run(
                        "SELECT id FROM information_schema.processlist WHERE db = '\(address.database)'")
                    for id in connections.compactMap({ $0.first ?? nil }) { _ = try? await server.run("KILL \(id)") }
                }
            }
            try await group.waitForAll()
        }
        let messages = await acknowledged.messages
        #expect(messages.count == 4 * 2 * perSender)
        for (session, _) in conversations {
            let events = try await second.events(of: session.conversationId)
            #expect(events.map(\.seq) == Array(1...Int64(1 + 2 * perSender)))
            let stored = events.compactMap(\.message)
            #expect(Set(stored.compactMap(\.clientMessageId)).count == stored.count)
            let mine = messages.filter { $0.conversationId == session.conversationId }
            #expect(Set(mine.map { "\($0.seq) \($0.id)" }) == Set(stored.map { "\($0.seq) \($0.id)" }))
            // A sender's messages stand in the order in which it sent them.
            for number in 0..<2 {
                let order = stored.filter { $0.content.hasPrefix("\(number).") }.map(\.content)
                #expect(order == (0..<perSender).map { "\(number).\($0)" })
            }
        }
    }

    @Test func aContactOfTheSameCustomerIsMadeOnceByTwoNodes() async throws {
        let (first, second, _) = try await nodes()
        let (workspaceId, inboxId) = (first.workspace.id, first.inbox.id)
        let contacts = try await withThrowingTaskGroup(of: Identifier<Contact>.self) { group in
            for index in 0..<20 {
                let node = index % 2 == 0 ? first : second
                group.addTask {
                    let request = SessionRequest(
                        inboxId: inboxId, visitor: .proven(externalId: "42", email: nil, name: "Eve"),
                        ticketDigest: StoreFixture.bytes())
                    return try await node.store.write { try $0.openSession(request, in: workspaceId).contactId }
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(contacts.count == 1)
    }

    /// Two batches that lock two rows in opposite order: the server ends one, which then runs again.
    @Test func aDeadlockIsRunAgain() async throws {
        let (first, second, _) = try await nodes()
        for name in ["a", "b"] { try await first.driver.commit { try Self.touch(name, 0, on: $0, insert: true) } }
        let (hasFirst, hasSecond) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let runs = Mutex([0, 0])
        @Sendable func batch(_ node: Int, _ names: [String]) -> @Sendable (any SQLConnection) throws -> Void {
            { connection in
                let run = runs.withLock { runs in
                    runs[node] += 1
                    return runs[node]
                }
                try Self.touch(names[0], UInt8(node), on: connection)
                if run == 1 {
                    (node == 0 ? hasFirst : hasSecond).signal()
                    #expect((node == 0 ? hasSecond : hasFirst).wait(timeout: .now() + 10) == .success)
                }
                try Self.touch(names[1], UInt8(node), on: connection)
            }
        }
        let (forward, backward) = (batch(0, ["a", "b"]), batch(1, ["b", "a"]))
        async let one: Void = first.driver.commit(forward)
        async let other: Void = second.driver.commit(backward)
        _ = try await (one, other)
        #expect(runs.withLock { $0 }.sorted() == [1, 2])
    }

    private static func touch(
        _ name: String, _ value: UInt8, on connection: any SQLConnection, insert: Bool = false
    ) throws {
        let sql =
            insert
            ? "INSERT INTO installation (value, name) VALUES (?, ?)"
            : "UPDATE installation SET value = ? WHERE name = ?"
        #expect(try connection.run(sql, [.blob([value]), .text(name)]) == 1)
    }

    @Test func aLockThatAnotherHoldsForAMomentIsWaitedForAndOneHeldForLongIsToldInTime() async throws {
        let (first, second, _) = try await nodes()
        try await first.driver.commit { try Self.touch("a", 0, on: $0, insert: true) }
        let (isHeld, mayGo) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        // Stands for a node that was frozen in mid transaction.
        async let holder: Void = first.driver.commit { connection in
            try Self.touch("a", 1, on: connection)
            isHeld.signal()
            mayGo.wait()
        }
        try await blocking { isHeld.wait() }
        let runs = Mutex(0)
        let began = ContinuousClock.now
        do {
            try await second.driver.commit { connection in
                runs.withLock { $0 += 1 }
                try Self.touch("a", 2, on: connection)
            }
            Issue.record("the row is locked")
        } catch StorageFailure.unavailable {
            #expect(runs.withLock { $0 } == 2)
            #expect((.seconds(5)...(.seconds(9))).contains(ContinuousClock.now - began))
        }
        // The second run gets what the first waited for in vain.
        runs.withLock { $0 = 0 }
        try await second.driver.commit { connection in
            let run = runs.withLock { runs in
                runs += 1
                return runs
            }
            if run == 2 { mayGo.signal() }
            try Self.touch("a", 3, on: connection)
        }
        #expect(runs.withLock { $0 } == 2)
        try await holder
        let value = try await second.driver.read { connection in
            var value: [UInt8]?
            try connection.each("SELECT value FROM installation WHERE name = 'a'", []) { row in
                value = row.optionalBlob(0)
                return true
            }
            return value
        }
        #expect(value == [3])
    }

    /// A node that stands still in mid transaction holds its rows. Whoever takes over ends its connection.
    @Test func theLocksOfAFrozenNodeAreFreedByItsNumber() async throws {
        let scope = try #require(DatabaseScope.current)
        let address = try await #require(MySQLTestServer.environment).newDatabase()
        let (frozen, other) = (scope.driver(on: address), scope.driver(on: address))
        try await frozen.migrate()
        try await frozen.takeNodeNumber(7)
        try await other.takeNodeNumber(8)
        try await frozen.commit { try Self.touch("a", 0, on: $0, insert: true) }
        let (isHeld, wakes) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let runs = Mutex(0)
        async let zombie: Void = frozen.commit { connection in
            let run = runs.withLock { runs in
                runs += 1
                return runs
            }
            // A fence, as every write of a leased piece of work has one.
            let matched = try connection.run(
                "UPDATE installation SET value = ? WHERE value = ?", [.blob([1]), .blob([0])])
            guard run == 1 else {
                #expect(matched == 0)
                return
            }
            isHeld.signal()
            wakes.wait()
            try Self.touch("a", 9, on: connection)
        }
        try await blocking { isHeld.wait() }
        #expect(try await !other.freeLocks(ofNode: 6), "nobody has that number")
        #expect(try await other.freeLocks(ofNode: 7))
        let began = ContinuousClock.now
        try await other.commit { try Self.touch("a", 2, on: $0) }
        #expect(ContinuousClock.now - began < .seconds(1), "the row is free")
        wakes.signal()
        // It finds its connection gone, runs on a new one, and its fence holds.
        try await zombie
        #expect(runs.withLock { $0 } == 2)
        #expect(try await other.freeLocks(ofNode: 7), "the new connection is found under the number, too")
        try await frozen.commit { try Self.touch("a", 4, on: $0) }
    }

    @Test func aNumberThatWasGivenOnIsNotTakenBack() async throws {
        let scope = try #require(DatabaseScope.current)
        let address = try await #require(MySQLTestServer.environment).newDatabase()
        let (old, new, third) = (scope.driver(on: address), scope.driver(on: address), scope.driver(on: address))
        try await old.migrate()
        try await old.takeNodeNumber(3)
        // Taken for dead; its number goes to another, which ends the old connection.
        try await new.takeNodeNumber(3)
        func connection(of driver: MySQLDriver) async throws -> Int64? {
            let id = Mutex<Int64?>(nil)
            try await driver.commit { connection in
                try connection.each("SELECT CONNECTION_ID()", []) { row in
                    id.withLock { $0 = row.optionalInteger(0) }
                    return true
                }
            }
            return id.withLock { $0 }
        }
        let held = try await connection(of: new)
        _ = try await connection(of: old)
        #expect(try await connection(of: new) == held, "the old one, awake again, leaves the new one's alone")
        #expect(try await third.freeLocks(ofNode: 3))
        #expect(try await connection(of: new) != held)
    }

    @Test func allNodesReadOneClock() async throws {
        let (first, _, address) = try await nodes()
        let scope = try #require(DatabaseScope.current)
        _ = first
        let driver = scope.driver(on: address)
        let now = Int64((Date.now.timeIntervalSince1970 * 1000).rounded())
        let told = try await driver.databaseTime()
        #expect(abs(told - now) < 5000)
        #expect(try await driver.databaseTime() >= told)
    }
}

/// Messages that their senders have heard of.
private actor Acknowledged {
    private(set) var messages: [Message] = []
    private var waiting: (count: Int, continuation: CheckedContinuation<Void, Never>)?

    func add(_ message: Message) {
        messages.append(message)
        guard let waiting, messages.count >= waiting.count else { return }
        self.waiting = nil
        waiting.continuation.resume()
    }

    func wait(for count: Int) async {
        guard messages.count < count else { return }
        await withCheckedContinuation { waiting = (count, $0) }
    }
}
