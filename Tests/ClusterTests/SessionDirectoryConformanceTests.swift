import Domain
import NIOCore
import Synchronization
import Testing

@testable import Cluster

/// What every session directory must do.
@Suite struct SessionDirectoryConformanceTests {
    private func withDirectories(
        _ kind: ClusterKind, clock: ManualClock = ManualClock(SystemClock().now()),
        _ body: (_ one: any SessionDirectory, _ other: any SessionDirectory) async throws -> Void
    ) async throws {
        try await withNodes(2, kind) { nodes in
            let store = InProcessSessionDirectory.Store()
            let directories = nodes.enumerated().map { index, node -> any SessionDirectory in
                guard let bus = node as? RedisBus else {
                    return InProcessSessionDirectory(nodeId: "node-\(index)", store: store, clock: clock)
                }
                // No renewals by time, and patience with a machine that is busy with other tests.
                let directory = RedisSessionDirectory(
                    bus: bus, nodeId: "node-\(index)", clock: clock, renewal: .hours(1), deadline: .seconds(60))
                directory.start()
                return directory
            }
            try await body(directories[0], directories[1])
            for directory in directories { await directory.close() }
        }
    }

    private func session(
        _ id: Int64, contact: Int64 = 7, state: String = "state", expiresAt: Timestamp? = nil
    ) -> KnownSession {
        KnownSession(
            id: Identifier(id), contactId: Identifier(contact), conversationId: Identifier(id * 10),
            workspaceId: Identifier(1), state: ByteBuffer(string: state),
            expiresAt: expiresAt ?? SystemClock().now().adding(seconds: 86_400))
    }

    @Test(arguments: ClusterKind.available)
    func whatOneNodePutsTheOthersFind(_ kind: ClusterKind) async throws {
        try await withDirectories(kind) { one, other in
            let session = session(1, state: "a\r\n\0b")
            #expect(await other.session(Identifier(1)) == .unknown)
            one.put(session)
            try await eventually("found") { await other.session(Identifier(1)) == .found(session) }
            var changed = session
            changed.state = ByteBuffer(string: "changed")
            other.put(changed)
            try await eventually("changed") { await one.session(Identifier(1)) == .found(changed) }
        }
    }

    @Test(arguments: ClusterKind.available)
    func theSessionsOfAContactAreFound(_ kind: ClusterKind) async throws {
        try await withDirectories(kind) { one, other in
            for id in 1...5 { one.put(session(Int64(id))) }
            one.put(session(6, contact: 8))
            try await eventually("five") {
                await other.sessions(of: Identifier(7)) == Set((1...5).map { Identifier($0) })
            }
            #expect(await other.sessions(of: Identifier(9)) == [])
        }
    }

    @Test(arguments: ClusterKind.available)
    func aRemovedSessionIsFoundByNobodyAndEverybodyHears(_ kind: ClusterKind) async throws {
        try await withDirectories(kind) { one, other in
            let heard = Mutex<[[Int64]]>([[], []])
            one.observeRemovals { id in heard.withLock { $0[0].append(id.rawValue) } }
            other.observeRemovals { id in heard.withLock { $0[1].append(id.rawValue) } }
            one.put(session(1))
            try await eventually("found") { await other.session(Identifier(1)) != .unknown }
            try await eventually("heard") {
                // Told again: a subscription takes some time.
                one.remove(Identifier(1), of: Identifier(7))
                #expect(await one.session(Identifier(1)) == .removed)
                return heard.withLock { $0.allSatisfy { $0.contains(1) } }
            }
            #expect(await other.session(Identifier(1)) == .removed)
            #expect(await other.sessions(of: Identifier(7)) == [])
        }
    }

    @Test(arguments: ClusterKind.available)
    func aSessionThatIsPutLateDoesNotComeBack(_ kind: ClusterKind) async throws {
        try await withDirectories(kind) { one, other in
            one.put(session(1))
            one.remove(Identifier(1), of: Identifier(7))
            try await eventually("removed") { await other.session(Identifier(1)) == .removed }
            other.put(session(1))
            other.put(session(2))
            try await eventually("put") { await one.session(Identifier(2)) != .unknown }
            #expect(await one.session(Identifier(1)) == .removed)
            #expect(await other.session(Identifier(1)) == .removed)
            #expect(await one.sessions(of: Identifier(7)) == [Identifier(2)])
        }
    }

    @Test(arguments: ClusterKind.available)
    func anExpiredOrTooLargeSessionIsNotRemembered(_ kind: ClusterKind) async throws {
        let clock = ManualClock(SystemClock().now())
        try await withDirectories(kind, clock: clock) { one, other in
            one.put(session(1, expiresAt: clock.now()))
            one.put(session(2, state: String(repeating: "x", count: KnownSession.maximumStateBytes + 1)))
            one.put(session(3, expiresAt: clock.now().adding(seconds: 60)))
            try await eventually("found") { await other.session(Identifier(3)) != .unknown }
            #expect(await other.session(Identifier(1)) == .unknown)
            #expect(await other.session(Identifier(2)) == .unknown)
            clock.advance(seconds: 61)
            #expect(await other.session(Identifier(3)) == .unknown)
            #expect(await other.sessions(of: Identifier(7)) == [])
        }
    }

    @Test(arguments: ClusterKind.available)
    func nodesThatHoldSocketsAreNamedUntilTheLastIsGone(_ kind: ClusterKind) async throws {
        try await withDirectories(kind) { one, other in
            let id = Identifier<ChatSession>(1)
            #expect(await one.nodes(holding: id) == [])
            one.enter(id)
            one.enter(id)
            other.enter(id)
            try await eventually("both") { await one.nodes(holding: id) == ["node-0", "node-1"] }
            one.leave(id)
            other.leave(id)
            try await eventually("one") { await other.nodes(holding: id) == ["node-0"] }
            one.leave(id)
            one.leave(id)
            try await eventually("none") { await other.nodes(holding: id) == [] }
            one.enter(id)
            try await eventually("again") { await other.nodes(holding: id) == ["node-0"] }
        }
    }

    @Test(arguments: ClusterKind.available)
    func aNodeThatClosesHoldsNothing(_ kind: ClusterKind) async throws {
        try await withDirectories(kind) { one, other in
            for id in 1...1200 { one.enter(Identifier(Int64(id))) }
            try await eventually("held") { await other.nodes(holding: Identifier(1200)) == ["node-0"] }
            await one.close()
            for id in [1, 600, 1200] { #expect(await other.nodes(holding: Identifier(Int64(id))) == []) }
        }
    }

    @Test func bytesOfAnotherBuildAreUnknown() {
        let session = session(1)
        #expect(KnownSession(bytes: session.bytes) == session)
        for length in 0..<41 {
            #expect(KnownSession(bytes: session.bytes.getSlice(at: 0, length: length) ?? ByteBuffer()) == nil)
        }
        var other = session.bytes
        other.setInteger(UInt8(2), at: 0)
        #expect(KnownSession(bytes: other) == nil)
    }
}
