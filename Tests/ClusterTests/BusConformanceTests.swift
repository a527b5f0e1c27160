import Cluster
import NIOCore
import Testing

/// What every bus must do, in memory and over Redis.
@Suite struct BusConformanceTests {
    @Test(.enabled(if: SharedRedis.isThere, SharedRedis.comment))
    func conformanceRunsOnRedisToo() { #expect(ClusterKind.available.contains(.redis)) }

    @Test(arguments: ClusterKind.available)
    func whatANodePublishesReachesAllAndItself(_ kind: ClusterKind) async throws {
        try await withNodes(3, kind) { nodes in
            let inboxes = nodes.map { _ in Inbox() }
            for (node, inbox) in zip(nodes, inboxes) {
                try await node.untilSubscribed(inbox, to: Topic("events"), from: nodes[0])
            }
            nodes[0].publish("hello", to: Topic("events"))
            for inbox in inboxes { try await eventually("hello") { inbox.texts == ["hello"] } }
        }
    }

    @Test(arguments: ClusterKind.available)
    func payloadsOfASenderKeepTheirOrderOverAllTopics(_ kind: ClusterKind) async throws {
        try await withNodes(2, kind) { nodes in
            let inbox = Inbox()
            let topics = (0..<7).map { Topic("t.\($0)") }
            for topic in topics { try await nodes[1].untilSubscribed(inbox, to: topic, from: nodes[0]) }
            for index in 0..<5000 { nodes[0].publish("\(index)", to: topics[index % 7]) }
            try await eventually("all") { inbox.count == 5000 }
            #expect(inbox.texts == (0..<5000).map { "\($0)" })
            #expect(inbox.topics == (0..<5000).map { "t.\($0 % 7)" })
        }
    }

    @Test(arguments: ClusterKind.available)
    func sendersAtOnceEachKeepTheirOrder(_ kind: ClusterKind) async throws {
        try await withNodes(3, kind) { nodes in
            let inbox = Inbox()
            try await nodes[2].untilSubscribed(inbox, to: Topic("events"), from: nodes[0])
            await withTaskGroup { group in
                for sender in 0..<4 {
                    let node = nodes[sender % 2]
                    group.addTask { for index in 0..<1000 { node.publish("\(sender) \(index)", to: Topic("events")) } }
                }
            }
            try await eventually("all") { inbox.count == 4000 }
            for sender in 0..<4 {
                let texts = inbox.texts.filter { $0.hasPrefix("\(sender) ") }
                #expect(texts == (0..<1000).map { "\(sender) \($0)" })
            }
        }
    }

    @Test(arguments: ClusterKind.available)
    func afterUnsubscribingNothingComes(_ kind: ClusterKind) async throws {
        try await withNodes(2, kind) { nodes in
            let (left, stayed) = (Inbox(), Inbox())
            try await nodes[1].untilSubscribed(left, to: Topic("left"), from: nodes[0])
            try await nodes[1].untilSubscribed(stayed, to: Topic("stayed"), from: nodes[0])
            nodes[1].unsubscribe(from: Topic("left"))
            // Handled in order by the bus's loop: when this one is in effect, so is the one before.
            try await nodes[1].untilSubscribed(Inbox(), to: Topic("after"), from: nodes[0])
            nodes[0].publish("gone", to: Topic("left"))
            nodes[0].publish("here", to: Topic("stayed"))
            try await eventually("here") { stayed.texts == ["here"] }
            #expect(left.texts == [])
        }
    }

    @Test(arguments: ClusterKind.available)
    func subscribingAgainReplacesTheHandler(_ kind: ClusterKind) async throws {
        try await withNodes(1, kind) { nodes in
            let (first, second) = (Inbox(), Inbox())
            try await nodes[0].untilSubscribed(first, to: Topic("events"), from: nodes[0])
            try await nodes[0].untilSubscribed(second, to: Topic("events"), from: nodes[0])
            nodes[0].publish("one", to: Topic("events"))
            try await eventually("one") { second.texts == ["one"] }
            #expect(first.texts == [])
        }
    }

    @Test(arguments: ClusterKind.available)
    func aSubscriptionThatIsTakenUpAgainWorks(_ kind: ClusterKind) async throws {
        try await withNodes(1, kind) { nodes in
            for _ in 0..<5 {
                let inbox = Inbox()
                try await nodes[0].untilSubscribed(inbox, to: Topic("c.1"), from: nodes[0])
                nodes[0].unsubscribe(from: Topic("c.1"))
            }
        }
    }

    @Test(arguments: ClusterKind.available)
    func tenThousandTopicsComeAndGo(_ kind: ClusterKind) async throws {
        try await withNodes(2, kind) { nodes in
            let inbox = Inbox()
            for index in 0..<10_000 { inbox.listen(to: Topic("c.\(index)"), on: nodes[1]) }
            try await nodes[1].untilSubscribed(Inbox(), to: Topic("after"), from: nodes[0])
            for index in stride(from: 0, to: 10_000, by: 10) { nodes[0].publish("\(index)", to: Topic("c.\(index)")) }
            try await eventually("one of each ten") { inbox.count == 1000 }
            #expect(inbox.topics == stride(from: 0, to: 10_000, by: 10).map { "c.\($0)" })

            for index in 0..<9_999 { nodes[1].unsubscribe(from: Topic("c.\(index)")) }
            try await nodes[1].untilSubscribed(Inbox(), to: Topic("after all"), from: nodes[0])
            inbox.clear()
            for index in 0..<10_000 { nodes[0].publish("\(index)", to: Topic("c.\(index)")) }
            try await eventually("the one that is left") { inbox.topics == ["c.9999"] }
        }
    }

    @Test(arguments: ClusterKind.available)
    func payloadsMayHoldAnyBytes(_ kind: ClusterKind) async throws {
        try await withNodes(2, kind) { nodes in
            let inbox = Inbox()
            try await nodes[1].untilSubscribed(inbox, to: Topic("events"), from: nodes[0])
            let texts = [
                "", "\r\n", "\0", "a\0b", "\r\n$5\r\nhello\r\n", "*1\r\n$8\r\nFLUSHALL\r\n", "$-1\r\n", "+OK\r\n",
                "-ERR\r\n",
                "x\r\n*3\r\n$7\r\nPUBLISH\r\n$6\r\nevents\r\n$4\r\nfake\r\n", "\"'; DROP TABLE messages; --",
                "\u{1F469}\u{200D}\u{1F4BB} 你好 مرحبا", "{\"type\":\"message\"}",
            ]
            let payloads = texts.map { ByteBuffer(string: $0) } + [ByteBuffer(bytes: 0...255)]
            for payload in payloads { nodes[0].publish(payload, to: Topic("events")) }
            try await eventually("all") { inbox.count == payloads.count }
            #expect(inbox.payloads == payloads)
        }
    }

    @Test(arguments: ClusterKind.available)
    func topicsMayHaveAnyName(_ kind: ClusterKind) async throws {
        try await withNodes(2, kind) { nodes in
            let names = ["a b", "*", "c.[1]", "x\r\nSUBSCRIBE y", "\"", "话题", "", String(repeating: "t", count: 1000)]
            let inbox = Inbox()
            for name in names { try await nodes[1].untilSubscribed(inbox, to: Topic(name), from: nodes[0]) }
            for name in names { nodes[0].publish(name, to: Topic(name)) }
            nodes[0].publish("nobody's", to: Topic("y"))
            try await eventually("all") { inbox.count == names.count }
            #expect(inbox.texts == names)
            #expect(inbox.topics == names)
        }
    }

    @Test(arguments: ClusterKind.available)
    func largePayloadsArriveWhole(_ kind: ClusterKind) async throws {
        try await withNodes(2, kind) { nodes in
            let inbox = Inbox()
            try await nodes[1].untilSubscribed(inbox, to: Topic("events"), from: nodes[0])
            let sizes = [16_000, 65_535, 65_536, 262_144, 1_048_576]
            for size in sizes {
                nodes[0].publish(
                    ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }), to: Topic("events"))
                try await eventually("\(size) bytes") { inbox.payloads.last?.readableBytes == size }
            }
            for payload in inbox.payloads {
                let isWhole = payload.readableBytesView.enumerated().allSatisfy {
                    $1 == UInt8(truncatingIfNeeded: $0 &* 31)
                }
                #expect(isWhole)
            }
        }
    }

    @Test(arguments: ClusterKind.available)
    func joinedNodesAreHealthyAndSaySoAtOnce(_ kind: ClusterKind) async throws {
        try await withNodes(2, kind) { nodes in
            for node in nodes {
                let log = HealthLog(node)
                try await eventually("the health as of now") { !log.all.isEmpty }
                // A machine that is busy with other tests may miss beats, and finds them again.
                try await eventually("healthy") { log.all.last == .healthy && node.health == .healthy }
            }
        }
    }

    @Test(arguments: ClusterKind.available)
    func aClosedNodeHearsAndSaysNothing(_ kind: ClusterKind) async throws {
        try await withNodes(2, kind) { nodes in
            let (closed, open) = (Inbox(), Inbox())
            try await nodes[0].untilSubscribed(closed, to: Topic("events"), from: nodes[1])
            try await nodes[1].untilSubscribed(open, to: Topic("events"), from: nodes[1])
            await nodes[0].close()
            nodes[0].publish("too late", to: Topic("events"))
            nodes[1].publish("on time", to: Topic("events"))
            try await eventually("on time") { open.texts == ["on time"] }
            #expect(closed.texts == [])
            await nodes[0].close()
        }
    }
}
