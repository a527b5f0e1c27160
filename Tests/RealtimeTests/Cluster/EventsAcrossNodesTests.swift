import Cluster
import Domain
import Storage
import Testing

@testable import Realtime

/// Durable events on their way from the node that commits them to readers on others.
@Suite(.serialized, .timeLimit(.minutes(3))) struct EventsAcrossNodesTests {
    @Test func anEventOfOneNodeReachesReadersOfTheOtherOnceAndInOrder() async throws {
        let fixture = try await ClusterFixture()
        let (session, visitor) = try await fixture.visitor()
        let id = session.conversationId
        let readers = [
            try await fixture.nodes[0].read(id, by: fixture.staff()),
            try await fixture.nodes[1].read(id, by: fixture.staff()),
            try await fixture.nodes[1].read(id, by: visitor),
        ]
        for reader in readers { try await reader.reaches(1) }
        for index in 0..<60 {
            fixture.committers.choose(index % 2)
            try await fixture.send("\(index)", to: id, by: index % 3 == 0 ? fixture.staff() : visitor)
        }
        let all = try await fixture.seqs(of: id)
        for reader in readers {
            let seen = try await reader.reaches(all.count > 0 ? all[all.count - 1] : 0)
            #expect(seen.seqs == all && all == Array(1...Int64(all.count)))
        }
        // The same bytes, wherever they were read.
        #expect(
            readers[0].frames.filter { $0.seq ?? 0 > 1 }.map(\.json)
                == readers[1].frames.filter { $0.seq ?? 0 > 1 }.map(\.json))
    }

    @Test func aContactOnAnotherNodeSeesItsOwnFormAndOnlyThatThereWasANote() async throws {
        let fixture = try await ClusterFixture()
        let (session, visitor) = try await fixture.visitor()
        let id = session.conversationId
        let contact = try await fixture.nodes[1].read(id, by: visitor)
        let colleague = try await fixture.nodes[1].read(id, by: fixture.staff())
        try await contact.reaches(1)
        try await colleague.reaches(1)
        try await fixture.send("between us", to: id, by: fixture.staff(), kind: .note)
        let hidden = try await contact.reaches(2).frames.last
        #expect(hidden?.type == "event.hidden" && hidden?.data == .null)
        let note = try await colleague.reaches(2).frames.last
        #expect(note?.message?["content"]?.stringValue == "between us")
    }

    /// What is too long for the bus is read from the log, in its place.
    @Test func longEventsTakeTheirPlaceAmongShortOnes() async throws {
        let fixture = try await ClusterFixture()
        let (session, visitor) = try await fixture.visitor()
        let id = session.conversationId
        let reader = try await fixture.nodes[1].read(id, by: fixture.staff())
        try await reader.reaches(1)
        let long = String(repeating: "很长的文字", count: 3_000)
        for index in 0..<20 {
            try await fixture.send(index % 4 == 1 ? long + "\(index)" : "\(index)", to: id, by: visitor)
        }
        let seen = try await reader.reaches(21)
        #expect(seen.seqs == Array(1...21))
        let texts = seen.frames.compactMap { $0.message?["content"]?.stringValue }
        #expect(texts.enumerated().allSatisfy { $1 == ($0 % 4 == 1 ? long + "\($0)" : "\($0)") })
    }

    @Test func aHoleShowsWithTheNextEventAndIsRead() async throws {
        let fixture = try await ClusterFixture()
        let (session, visitor) = try await fixture.visitor()
        let id = session.conversationId
        let reader = try await fixture.nodes[1].read(id, by: fixture.staff())
        try await reader.reaches(1)
        fixture.nodes[1].bus.cutOff()
        for index in 0..<150 { try await fixture.send("\(index)", to: id, by: visitor) }
        fixture.nodes[1].bus.rejoin()
        #expect(reader.seen.value.seqs == [1])
        try await fixture.send("heard", to: id, by: visitor)
        #expect(try await reader.reaches(152).seqs == Array(1...152))
    }

    @Test func whatTheDoorbellDidNotRingForIsFoundInTheFeed() async throws {
        let fixture = try await ClusterFixture()
        let (session, visitor) = try await fixture.visitor()
        let id = session.conversationId
        let (other, otherVisitor) = try await fixture.visitor()
        let watch = fixture.nodes[1].watch
        var position = try await watch.look(after: nil)
        let reader = try await fixture.nodes[1].read(id, by: fixture.staff())
        let otherReader = try await fixture.nodes[1].read(other.conversationId, by: otherVisitor)
        try await reader.reaches(1)
        try await otherReader.reaches(1)
        fixture.nodes[1].bus.cutOff()
        for round in 0..<3 {
            for index in 0..<7 {
                try await fixture.send("\(round) \(index)", to: id, by: visitor)
                try await fixture.send("\(round) \(index)", to: other.conversationId, by: otherVisitor)
            }
            position = try await watch.look(after: position)
            let head = Int64(1 + (round + 1) * 7)
            #expect(try await reader.reaches(head).seqs == Array(1...head))
            #expect(try await otherReader.reaches(head).seqs == Array(1...head))
        }
        // Looking again finds nothing new, and tells nothing again.
        #expect(try await watch.look(after: position) == position)
        #expect(try await watch.look(after: 0) == position)
        try await fixture.send("last", to: id, by: visitor)
        _ = try await watch.look(after: position)
        #expect(try await reader.reaches(23).seqs == Array(1...23))
    }

    /// A page of the feed is full, so there is more.
    @Test func aLookReadsAllThatThereIs() async throws {
        let fixture = try await ClusterFixture()
        let (session, visitor) = try await fixture.visitor()
        let id = session.conversationId
        let reader = try await fixture.nodes[1].read(id, by: fixture.staff())
        try await reader.reaches(1)
        fixture.nodes[1].bus.cutOff()
        let head = Int64(FeedWatch.pageLimit + 30)
        await withTaskGroup(of: Void.self) { group in
            for index in 1..<head {
                group.addTask { _ = try? await fixture.send("\(index)", to: id, by: visitor) }
            }
        }
        let position = try await fixture.nodes[1].watch.look(after: 1)
        #expect(try await fixture.store.read { try $0.feedHead() } == position)
        #expect(try await reader.reaches(head).seqs == Array(1...head))
    }

    /// Whatever is lost: with a look at the feed now and then, every reader sees every event once and in order.
    @Test(arguments: 0..<12)
    func lossOfDoorbellsAtRandomLosesNoEvent(seed: UInt64) async throws {
        let fixture = try await ClusterFixture(nodes: 3) { index, bus in
            LossyBus(bus, seed: seed &* 31 &+ UInt64(index), lossPercent: [0, 20, 60, 95][Int(seed) % 4])
        }
        // A batch is of whichever node; with one writer that is all the same to the readers.
        fixture.committers.choose { Int($0.events.first?.id.rawValue ?? 0) % 3 }
        var random = SeededGenerator(seed: seed)
        var visits: [(session: ChatSession, access: Access)] = []
        for _ in 0..<3 { visits.append(try await fixture.visitor()) }
        var positions: [Int64] = []
        for node in fixture.nodes { positions.append(try await node.watch.look(after: nil)) }
        var readers: [(reader: Reader, after: Int64, of: Identifier<Conversation>)] = []
        for _ in 0..<120 {
            let visit = visits[Int.random(in: 0..<visits.count, using: &random)]
            let id = visit.session.conversationId
            switch Int.random(in: 0..<12, using: &random) {
            case 0..<7:
                let long = Int.random(in: 0..<6, using: &random) == 0
                try await fixture.send(
                    String(repeating: "长", count: long ? 4_000 : 1), to: id, by: visit.access)
            case 7:
                try await fixture.send("note", to: id, by: fixture.staff(), kind: .note)
            case 8 where readers.count < 24:
                let head = try await fixture.store.read { try $0.head(of: id, by: visit.access).seq }
                let after = Int64.random(in: 0...head, using: &random)
                let node = fixture.nodes[Int.random(in: 0..<3, using: &random)]
                readers.append((try await node.read(id, after: after, by: visit.access), after, id))
            case 9:
                let index = Int.random(in: 0..<3, using: &random)
                positions[index] = try await fixture.nodes[index].watch.look(after: positions[index])
            default: await Task.yield()
            }
        }
        for (index, node) in fixture.nodes.enumerated() {
            positions[index] = try await node.watch.look(after: positions[index])
        }
        for (reader, after, id) in readers {
            let head = try await fixture.store.read { [access = fixture.staff()] in try $0.head(of: id, by: access).seq
            }
            guard after < head else { continue }
            #expect(try await reader.reaches(head).seqs == Array((after + 1)...head))
        }
    }

    /// A database that was set back does not have what was announced; it is asked again, but not without end.
    @Test func anEventThatTheLogDoesNotHaveIsAskedForWithPauses() async throws {
        let fixture = try await ClusterFixture()
        let (session, visitor) = try await fixture.visitor()
        let id = session.conversationId
        let reader = try await fixture.nodes[1].read(id, by: visitor)
        try await reader.reaches(1)
        let bogus = RungEvent(
            workspaceId: fixture.workspaceId, conversationId: id, seq: .max, kind: .messageCreated, message: nil,
            owners: nil, isHiddenFromContacts: false, json: nil)
        let (reads, began) = (fixture.driver.reads, ContinuousClock.now)
        fixture.nodes[0].link.tell(.events([bogus]))
        // It goes on with what comes, though it looks for what never does.
        for index in 2...6 {
            try await fixture.send("\(index)", to: id, by: visitor)
            try await reader.reaches(Int64(index))
        }
        #expect(reader.seen.value.seqs == Array(1...6))
        let looks = (ContinuousClock.now - began) / Duration.milliseconds(250)
        #expect(Double(fixture.driver.reads - reads) <= 20 + 2 * looks)
    }
}
