import Domain
import Logging
import ServiceLifecycle
import Storage
import StorageMySQL

/// This process's place among those that use the database: a name that no other has, and a number for the keys it makes.
struct NodeMembership: Sendable {
    /// A node that shows no sign of life for so long is taken for dead: its locks are freed.
    static let leaseSeconds: Int64 = 10
    static let renewal = Duration.seconds(2)
    /// A process enters its name first and makes its connection findable then; so long it is not looked for.
    static let settlingSeconds: Int64 = 3

    let store: ChatStore
    let driver: MySQLDriver
    let record: NodeRecord
    let logger: Logger

    /// Enters the process, once its former life is over.
    /// - Throws: ``CommandFailure`` with 78 when a living process has the name.
    static func join(
        _ store: ChatStore, _ driver: MySQLDriver, components: String, logger: Logger
    ) async throws -> NodeMembership {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(leaseSeconds + 5)
        let nodeId = store.settings.nodeId
        while true {
            let former = try await store.read { try $0.nodes().first { $0.nodeId == nodeId } }
            if let former {
                // The connection of a process that was killed is gone at once; one that stands still keeps its own.
                let isOver =
                    if former.leaseUntil < store.clock.now() {
                        true
                    } else if store.clock.now() < former.startedAt.adding(seconds: settlingSeconds) {
                        false
                    } else {
                        try await !driver.hasConnection(ofNode: former.number)
                    }
                guard isOver else {
                    guard clock.now < end else {
                        throw CommandFailure(
                            ExitStatus.configuration,
                            """
                            NODE_ID: \(nodeId) is the name of another process, started \(former.startedAt.rfc3339); \
                            give this one a name of its own, such as NODE_ID=\(nodeId)-2
                            """)
                    }
                    logger.notice("waiting for the end of another process of this name")
                    try await clock.sleep(for: .seconds(1))
                    continue
                }
                try await driver.freeLocks(ofNode: former.number)
            }
            do {
                let record = try await store.write {
                    try $0.enrolNode(components: components, seconds: leaseSeconds, replacing: former)
                }
                try await driver.takeNodeNumber(record.number)
                logger.debug("enrolled", metadata: ["node_number": "\(record.number)"])
                return NodeMembership(store: store, driver: driver, record: record, logger: logger)
            } catch Refusal.conflict(let detail) {
                // Another process took the name or the number at the same moment.
                guard clock.now < end else { throw CommandFailure(ExitStatus.configuration, "NODE_ID: \(detail)") }
                try await clock.sleep(for: .milliseconds(200))
            }
        }
    }

    /// Takes the process off the list.
    func leave() async {
        let record = record
        do {
            try await store.write { try $0.retireNode(record) }
        } catch {
            logger.warning("this node could not sign off", metadata: ["error": "\(error)"])
        }
    }

    /// Forgets nodes that died, and frees what those that stand still have locked.
    func forgetLapsedNodes() async throws {
        for lapsed in try await store.read({ try $0.lapsedNodes() }) where lapsed.number != record.number {
            let hadConnection: Bool
            do {
                hadConnection = try await driver.freeLocks(ofNode: lapsed.number)
            } catch {
                // It stays on the list for the next look; the others, and what else is swept, must not wait for it.
                logger.warning(
                    "a lost node's locks could not be freed",
                    metadata: ["lost_node_id": "\(lapsed.nodeId)", "error": "\(error)"])
                continue
            }
            guard try await store.write(run: { try $0.forgetNode(lapsed) }) else { continue }
            logger.warning(
                "a node is gone",
                metadata: [
                    "lost_node_id": "\(lapsed.nodeId)", "node_number": "\(lapsed.number)",
                    "stood_still": "\(hadConnection)",
                ])
        }
    }

    /// Says that the process is alive.
    /// - Returns: nil, or, when another process has its name or number by now, which. Two of a name would take each other's
    ///   replies for their own.
    func renew() async -> String? {
        let record = record
        do {
            try await store.write { try $0.renewNode(record, seconds: Self.leaseSeconds) }
        } catch Refusal.conflict(let detail) {
            return detail
        } catch {
            logger.warning("this node's sign of life was not taken", metadata: ["error": "\(error)"])
        }
        return nil
    }
}

/// Says every other second that this node is alive; ends the server when another process has taken its place.
struct NodeRenewal: Service {
    let membership: NodeMembership

    func run() async throws {
        let successor: String? = await cancelWhenGracefulShutdown {
            while (try? await ContinuousClock().sleep(for: NodeMembership.renewal)) != nil {
                if let successor = await membership.renew() { return successor }
            }
            return nil
        }
        if let successor { throw CommandFailure(ExitStatus.configuration, "NODE_ID: \(successor)") }
    }
}
