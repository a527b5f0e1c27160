import Cluster
import Foundation
import Logging
import NIOCore
import NIOPosix
import Testing

/// What the conformance tests run on.
enum ClusterKind: String, CaseIterable, CustomTestStringConvertible, Sendable {
    case memory
    case redis

    var testDescription: String { rawValue }

    /// Memory always; Redis when one is given.
    static var available: [ClusterKind] { SharedRedis.isThere ? allCases : [.memory] }
}

/// Several nodes of one installation, joined by memory or by Redis.
final class TestCluster: Sendable {
    let kind: ClusterKind
    let installation = "test-\(UUID().uuidString)"
    private let exchange = InProcessBus.Exchange()

    init(_ kind: ClusterKind) { self.kind = kind }

    /// A node's bus, connected.
    func bus(_ name: String) async throws -> any MessageBus {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        switch kind {
        case .memory: return InProcessBus(eventLoop: loop, exchange: exchange)
        case .redis:
            // Patient: the machine may be busy with other tests.
            let bus = RedisBus(
                settings: try #require(SharedRedis.settings), installation: installation, nodeId: name,
                eventLoop: loop, timing: RedisTiming(connect: .seconds(30), reply: .seconds(60)), logger: .quiet)
            let reach = await bus.connect()
            #expect(reach == .connected)
            return bus
        }
    }
}

/// Runs a test with connected nodes, and closes them also when it fails.
func withNodes(
    _ count: Int, _ kind: ClusterKind, _ body: ([any MessageBus]) async throws -> Void
) async throws {
    let cluster = TestCluster(kind)
    var nodes: [any MessageBus] = []
    do {
        for index in 0..<count { nodes.append(try await cluster.bus("node-\(index)")) }
        try await body(nodes)
    } catch {
        for node in nodes { await node.close() }
        throw error
    }
    for node in nodes { await node.close() }
}

extension MessageBus {
    func publish(_ text: String, to topic: Topic) { publish(ByteBuffer(string: text), to: topic) }

    /// Waits until what other nodes publish to the topic arrives here: a subscription takes some time.
    func untilSubscribed(_ inbox: Inbox, to topic: Topic, from publisher: any MessageBus) async throws {
        inbox.listen(to: topic, on: self)
        try await eventually("subscribed to \(topic.name)") {
            publisher.publish(Inbox.question, to: topic)
            return inbox.wasAsked(in: topic)
        }
    }
}

extension Logger {
    /// Says nothing: the tests look at what happens.
    static var quiet: Logger {
        Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    }
}
