import Cluster
import Logging
import NIOPosix

/// What `doctor` finds of Redis: sign-in, rights, publishing and writing are tried.
struct RedisCheck {
    private let bus: RedisBus

    init(_ address: RedisAddress, _ nodeId: String) {
        // Tried under a name of its own, so that no node hears of it.
        bus = RedisBus(
            settings: address.settings(for: nodeId), installation: "doctor", nodeId: nodeId,
            eventLoop: MultiThreadedEventLoopGroup.singleton.any(), logger: Logger(label: "command"))
    }

    func run() async -> DoctorCheck {
        switch await bus.probe() {
        case .connected: DoctorCheck(name: "redis", status: .ok, detail: "publishes and counts")
        case .outOfReach(let reason):
            DoctorCheck(
                name: "redis", status: .warning,
                detail: "out of reach: \(reason); the server goes on without it, nodes hear of each other by polling")
        case .misconfigured(let reason):
            DoctorCheck(name: "redis", status: .failed, detail: "\(reason); see REDIS_URL")
        }
    }
}
