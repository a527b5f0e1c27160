import Assistant
import Logging
import ServiceLifecycle

/// Makes the indexes of the knowledge before they are asked for, and keeps them up to date with what is changed on any node.
struct KnowledgeUpkeep: Service {
    let library: KnowledgeLibrary
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await attempt { try await library.prepare() }
            while (try? await ContinuousClock().sleep(for: KnowledgeLibrary.interval)) != nil {
                await attempt { try await library.refresh() }
            }
        }
    }

    /// A failure is the database's, which tells of itself; the next look is soon.
    private func attempt(_ work: () async throws -> Void) async {
        do {
            try await work()
        } catch {
            logger.debug("the knowledge could not be read", metadata: ["error": "\(error)"])
        }
    }
}
