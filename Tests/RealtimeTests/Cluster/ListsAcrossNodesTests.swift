import Cluster
import Domain
import Storage
import Testing

@testable import Realtime

/// Lists of staff on a node that does not commit.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ListsAcrossNodesTests {
    @Test func aChangeOnAnotherNodeIsToldOnceWhetherItWasHeardOrFound() async throws {
        let fixture = try await ClusterFixture()
        let (session, visitor) = try await fixture.visitor()
        let (other, otherVisitor) = try await fixture.visitor()
        let node = fixture.nodes[1]
        let agent = try await SocketPort(node, .agent, as: fixture.staff()).connect()
        try await agent.next("synced")
        try await agent.send("subscribe", "{\"view\":{}}", request: "v")
        #expect(try await agent.answer(to: "v").type == "ack")
        // Heard.
        try await fixture.send("one", to: session.conversationId, by: visitor)
        try await agent.next("view.row")
        // Found again, and with it what was not heard.
        node.bus.cutOff()
        try await fixture.send("two", to: other.conversationId, by: otherVisitor)
        _ = try await node.watch.look(after: 0)
        let row = try await agent.next("view.row")
        let last = row.data["conversation"]?["last_message"]?["content"]?.stringValue
        #expect(last == "two", "the first is not told again")
        // Found once more, and by each look: nothing of it is read or told.
        let reads = fixture.driver.reads
        for _ in 0..<3 { _ = try await node.watch.look(after: 0) }
        try await agent.send("ping", "{}", request: "p")
        #expect(try await agent.answer(to: "p").type == "pong")
        #expect(agent.seen.filter { $0.type == "view.row" }.count == 2)
        #expect(fixture.driver.reads - reads == 3)
    }

    @Test func whatListsWereToldOfIsBounded() {
        var heads = RecentHeads()
        for round: Int64 in 1...2 {
            for id in 0..<Int64(3 * RecentHeads.generationSize) {
                let isNews = heads.isNews(round, in: Identifier(id))
                #expect(isNews)
            }
        }
        let isAgain = heads.isNews(2, in: Identifier(Int64(3 * RecentHeads.generationSize - 1)))
        let isOlder = heads.isNews(1, in: Identifier(Int64(3 * RecentHeads.generationSize - 1)))
        let isNewer = heads.isNews(3, in: Identifier(Int64(3 * RecentHeads.generationSize - 1)))
        #expect(!isAgain && !isOlder && isNewer)
    }
}
