import Assistant
import Cluster
import Domain
import Storage
import Synchronization
import Testing

@testable import Realtime

@Suite(.serialized, .timeLimit(.minutes(3)), .enabled(if: MySQLCluster.isThere)) struct TwoNodesOnMySQLTests {
    /// Both nodes write to one conversation with many hands; every reader sees the log, whatever the bus loses.
    @Test(arguments: ["healthy", "cut off now and then", "silent"])
    func readersOfBothNodesSeeTheLogOnceAndInOrder(bus: String) async throws {
        try await MySQLCluster.run { cluster in
            let nodes = [cluster.node("a"), cluster.node("b")]
            for node in nodes {
                node.sequence()
                node.watch()
            }
            let (id, visitor) = try await cluster.visitor(on: nodes[0])
            let (otherId, otherVisitor) = try await cluster.visitor(on: nodes[1])
            var readers: [(Identifier<Conversation>, FrameLog)] = []
            for node in nodes {
                readers.append((id, try await node.read(id, by: visitor)))
                readers.append((id, try await node.read(id, by: cluster.admin)))
                readers.append((otherId, try await node.read(otherId, by: cluster.admin)))
            }
            if bus == "silent" { for node in nodes { node.bus.cutOff() } }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for hand in 0..<12 {
                    group.addTask {
                        for round in 0..<20 {
                            let node = nodes[(hand + round) % 2]
                            if bus == "cut off now and then", hand == 0 {
                                round.isMultiple(of: 3) ? nodes[round % 2].bus.cutOff() : nodes[round % 2].bus.rejoin()
                            }
                            let long = round % 7 == 3 ? String(repeating: "长", count: 4_000) : ""
                            if hand < 9 {
                                _ = try await node.send("\(hand) \(round) \(long)", to: id, by: visitor)
                            } else {
                                _ = try await node.send("\(hand) \(round)", to: otherId, by: otherVisitor)
                            }
                        }
                    }
                }
                // One that comes in the middle.
                try await group.waitForAll()
            }
            if bus == "cut off now and then" { for node in nodes { node.bus.rejoin() } }
            readers.append((id, try await nodes[1].read(id, by: cluster.admin)))
            let logs = [
                id: try await cluster.log(of: id, by: nodes[0]),
                otherId: try await cluster.log(of: otherId, by: nodes[1]),
            ]
            for (conversation, events) in logs {
                #expect(events.map(\.seq) == Array(1...Int64(events.count)))
                #expect(events.count == (conversation == id ? 181 : 61))
            }
            for (conversation, reader) in readers {
                let events = logs[conversation] ?? []
                let isWhole = await eventually { reader.seqs.count >= events.count }
                #expect(isWhole, "\(reader.seqs.count) of \(events.count)")
                #expect(reader.seqs == events.map(\.seq))
                let texts = reader.frames.filter { $0.seq != nil }.compactMap { $0.message?["content"]?.stringValue }
                #expect(texts == events.compactMap { $0.message?.content })
            }
        }
    }

    /// G2: one send that reaches both nodes at once is one message, with the same answer.
    @Test func aSendThatIsTriedOnBothNodesIsOneMessage() async throws {
        try await MySQLCluster.run { cluster in
            let nodes = [cluster.node("a"), cluster.node("b")]
            let (id, visitor) = try await cluster.visitor(on: nodes[0])
            for round in 0..<20 {
                async let one = nodes[0].send("same", to: id, by: visitor, clientId: "\(round)")
                async let other = nodes[1].send("same", to: id, by: visitor, clientId: "\(round)")
                let (first, second) = try await (one, other)
                #expect(first.message.id == second.message.id && first.message.seq == second.message.seq)
                #expect(first.isDuplicate != second.isDuplicate)
            }
            #expect(try await cluster.log(of: id, by: nodes[0]).count == 21)
        }
    }

    @Test func knowledgeThatIsChangedOnOneNodeIsKnownOnTheOther() async throws {
        try await MySQLCluster.run { cluster in
            let nodes = [cluster.node("a"), cluster.node("b")]
            let library = KnowledgeLibrary(store: nodes[0].store)
            let (workspaceId, admin) = (cluster.workspaceId, cluster.admin)
            func finds(_ words: String) async throws -> Bool {
                let index = try await library.index(of: workspaceId)
                return !index.search(words, after: nil, in: .english, limit: 3).passages.isEmpty
            }
            #expect(try await !finds("zeppelin repair"))
            let article = try await nodes[1].store.write {
                try $0.createArticle(
                    title: "Zeppelin repair", content: "A zeppelin is repaired within three days.", locale: "en",
                    questions: ["How long does zeppelin repair take?"], status: .published, by: admin)
            }
            #expect(try await finds("zeppelin repair"))
            try await nodes[1].store.write { try $0.deleteArticle(article.id, by: admin) }
            #expect(try await !finds("zeppelin repair"))
        }
    }
}
