import Cluster
import Domain
import Storage
import Testing

@testable import Realtime

/// Rights that end on one node end sockets and streams on all.
@Suite(.serialized, .timeLimit(.minutes(3))) struct EndedRightsTests {
    /// How the other node learns of it.
    enum Way: CaseIterable { case message, feed }

    /// A node's readers: those who must go with `ended`, and those who may stay.
    private func tellAndCheck(
        _ way: Way, _ fixture: ClusterFixture, end: () async throws -> Void, code: Int, goes: ChatClient,
        goesToo: [Reader], stays: [ChatClient], staysToo: [Reader], in id: Identifier<Conversation>
    ) async throws {
        let watch = fixture.nodes[1].watch
        let began = fixture.clock.now()
        if way == .feed { fixture.nodes[1].bus.cutOff() }
        try await end()
        if way == .feed { _ = try await watch.lookForEndedRights(knowing: EndedAccess(), since: began) }
        #expect(try await goes.closed() == code)
        for reader in goesToo { try await reader.wait("the stream's end") { $0.hasEnded } }
        for client in stays {
            try await client.send("ping", "{}", request: "still here")
            #expect(try await client.answer(to: "still here").type == "pong")
        }
        fixture.nodes[1].hub.typing(in: id, by: Actor(kind: .agent, id: 99, name: "Zoe"))
        for reader in staysToo {
            try await reader.wait("a sign of life") { $0.types.contains("typing") && !$0.hasEnded }
        }
    }

    @Test(arguments: Way.allCases)
    func aClosedSessionEndsItsOwnSocketsAndStreams(way: Way) async throws {
        let fixture = try await ClusterFixture()
        let (node, (session, visitor), (other, otherVisitor)) = (
            fixture.nodes[1], try await fixture.visitor(), try await fixture.visitor()
        )
        let id = session.conversationId
        let goes = try await SocketPort(node, .session(session.id), as: visitor).connect()
        let stays = try await SocketPort(node, .session(other.id), as: otherVisitor).connect()
        let agent = try await SocketPort(node, .agent, as: fixture.staff()).connect()
        for client in [goes, stays, agent] { try await client.next("synced") }
        let streams = [try await node.read(id, by: visitor), try await node.read(id, by: fixture.staff())]
        for stream in streams { try await stream.reaches(1) }
        try await tellAndCheck(
            way, fixture,
            end: { try await fixture.store.write { try $0.closeSession(session.id, by: visitor) } }, code: 4505,
            goes: goes, goesToo: [streams[0]], stays: [stays, agent], staysToo: [streams[1]], in: id)
    }

    @Test(arguments: Way.allCases)
    func aSignOutEndsTheSocketsOfThatSignInAlone(way: Way) async throws {
        let fixture = try await ClusterFixture()
        let (node, (session, visitor)) = (fixture.nodes[1], try await fixture.visitor())
        let (user, first) = try await fixture.store.write { [id = fixture.agent.id] in
            try $0.beginLogin(of: id, refreshDigest: Array(0..<32))
        }
        let second = try await fixture.store.write { [id = fixture.agent.id] in
            try $0.beginLogin(of: id, refreshDigest: Array(32..<64)).1
        }
        let (firstAccess, secondAccess) = (
            fixture.staff(login: first.id.rawValue, version: user.accessVersion),
            fixture.staff(login: second.id.rawValue, version: user.accessVersion)
        )
        let goes = try await SocketPort(node, .agent, as: firstAccess).connect()
        let stays = try await SocketPort(node, .agent, as: secondAccess).connect()
        let contact = try await SocketPort(node, .session(session.id), as: visitor).connect()
        for client in [goes, stays, contact] { try await client.next("synced") }
        let id = session.conversationId
        let streams = [try await node.read(id, by: firstAccess), try await node.read(id, by: secondAccess)]
        for stream in streams { try await stream.reaches(1) }
        try await tellAndCheck(
            way, fixture, end: { try await fixture.store.write { try $0.revokeLogin(first.id) } }, code: 4503,
            goes: goes, goesToo: [streams[0]], stays: [stays, contact], staysToo: [streams[1]], in: id)
    }

    @Test(arguments: Way.allCases)
    func changedRightsEndWhatRestsOnTheOldOnes(way: Way) async throws {
        let fixture = try await ClusterFixture()
        let (node, (session, _)) = (fixture.nodes[1], try await fixture.visitor())
        let old = fixture.staff(version: 1)
        let goes = try await SocketPort(node, .agent, as: old).connect()
        try await goes.next("synced")
        let id = session.conversationId
        let stream = try await node.read(id, by: old)
        try await stream.reaches(1)
        // One that has the new rights already.
        let stays = fixture.staff(login: 2, version: 2)
        let newStream = try await node.read(id, by: stays)
        try await newStream.reaches(1)
        try await tellAndCheck(
            way, fixture,
            end: { [agent = fixture.agent.id] in
                _ = try await fixture.store.write { try $0.changeAccess(of: agent, role: .agent) }
            }, code: 4503, goes: goes, goesToo: [stream], stays: [], staysToo: [newStream], in: id)
        let client = try await SocketPort(node, .agent, as: stays).connect()
        try await client.next("synced")
    }

    /// Between the look at a token and the opening of its socket lies time: what ends in it is found at the opening.
    @Test func whatEndedBeforeTheSocketWasOpenIsFoundAtItsOpening() async throws {
        let fixture = try await ClusterFixture()
        let (node, (session, visitor)) = (fixture.nodes[1], try await fixture.visitor())
        let (user, login) = try await fixture.store.write { [id = fixture.agent.id] in
            try $0.beginLogin(of: id, refreshDigest: Array(0..<32))
        }
        let access = fixture.staff(login: login.id.rawValue, version: user.accessVersion)
        try await fixture.store.write { try $0.revokeLogin(login.id) }
        #expect(try await SocketPort(node, .agent, as: access).connect().closed() == 4503)
        await #expect(throws: Refusal.forbidden) { try await node.read(session.conversationId, by: access) }
        try await fixture.store.write { try $0.closeSession(session.id, by: visitor) }
        #expect(try await SocketPort(node, .session(session.id), as: visitor).connect().closed() == 4505)
        await #expect(throws: Refusal.sessionOver) { try await node.read(session.conversationId, by: visitor) }
        let suspended = fixture.staff(login: 7)
        _ = try await fixture.store.write { [agent = fixture.agent.id] in
            try $0.changeAccess(of: agent, status: .suspended)
        }
        #expect(try await SocketPort(node, .agent, as: suspended).connect().closed() == 4503)
    }

    /// A node that stood still, or could not reach the database, for longer than the looks overlap.
    @Test func whatEndedWhileANodeStoodStillIsFound() async throws {
        let fixture = try await ClusterFixture()
        let (node, (session, visitor)) = (fixture.nodes[1], try await fixture.visitor())
        let client = try await SocketPort(node, .session(session.id), as: visitor).connect()
        try await client.next("synced")
        let lastLook = fixture.clock.now()
        node.bus.cutOff()
        try await fixture.store.write { try $0.closeSession(session.id, by: visitor) }
        fixture.clock.advance(seconds: 10 * FeedWatch.rightsOverlapSeconds)
        _ = try await node.watch.lookForEndedRights(knowing: EndedAccess(), since: lastLook)
        #expect(try await client.closed() == 4505)
    }

    @Test func aLookTellsOnlyWhatIsNew() async throws {
        let fixture = try await ClusterFixture()
        let (session, visitor) = try await fixture.visitor()
        let watch = fixture.nodes[1].watch
        let start = fixture.clock.now()
        let none = try await watch.lookForEndedRights(knowing: EndedAccess(), since: start)
        #expect(none == EndedAccess())
        try await fixture.store.write { try $0.closeSession(session.id, by: visitor) }
        let found = try await watch.lookForEndedRights(knowing: none, since: start)
        #expect(found.sessions == [session.id])
        #expect(try await watch.lookForEndedRights(knowing: found, since: start) == found)
        fixture.clock.advance(seconds: FeedWatch.rightsOverlapSeconds + 1)
        #expect(try await watch.lookForEndedRights(knowing: found, since: fixture.clock.now()) == EndedAccess())
    }

    /// The watch itself: it begins where it was told to, polls while the bus is silent, and ends with its task.
    @Test func theWatchBeginsAtItsPlaceAndEndsWithItsTask() async throws {
        let fixture = try await ClusterFixture()
        let (session, visitor) = try await fixture.visitor()
        let id = session.conversationId
        let place = try await fixture.store.read { try $0.feedHead() }
        let reader = try await fixture.nodes[1].read(id, by: visitor)
        try await reader.reaches(1)
        fixture.nodes[1].bus.cutOff()
        // Committed before the first look is made.
        try await fixture.send("unheard", to: id, by: visitor)
        let watch = FeedWatch(hub: fixture.nodes[1].hub, from: place, logger: .quiet)
        let running = Task { await watch.run() }
        try await reader.reaches(2)
        try await fixture.send("unheard, too", to: id, by: visitor)
        let began = ContinuousClock.now
        try await reader.reaches(3)
        #expect(ContinuousClock.now - began < .seconds(2))
        running.cancel()
        await running.value
    }
}
