import Foundation
import NIOCore

/// ``Operations`` done by the running server.
struct RemoteOperations: Operations {
    private let client: ControlClient

    init(_ client: ControlClient) {
        self.client = client
    }

    func migrate() async throws -> MigrationSummary { try await ask(.migrate, Nothing()) }

    func createWorkspace(_ workspace: NewWorkspace) async throws -> WorkspaceSummary {
        try await ask(.createWorkspace, workspace)
    }

    func createUser(_ user: NewUser) async throws -> UserSummary { try await ask(.createUser, user) }

    func setPassword(_ change: PasswordChange) async throws -> UserSummary { try await ask(.setPassword, change) }

    func rebuildStatistics() async throws -> StatisticsState { try await ask(.rebuildStatistics, Nothing()) }

    func continueStatistics() async throws -> StatisticsState { try await ask(.continueStatistics, Nothing()) }

    func doctor() async throws -> [DoctorCheck] { try await ask(.doctor, Nothing()) }

    func close() async {}

    func ask<Arguments: Codable & Sendable, Value: Codable & Sendable>(
        _ verb: ControlVerb, _ arguments: Arguments
    ) async throws -> Value {
        let request = try JSONEncoder().encode(ControlRequest(verb: verb, arguments: arguments))
        let answer = try await client.exchange(ByteBuffer(bytes: request))
        guard
            let reply = try? JSONDecoder().decode(ControlReply<Value>.self, from: Data(answer.readableBytesView))
        else { throw ControlUnreachable(reason: "its answer cannot be read; is it of another version?") }
        if let value = reply.value { return value }
        throw CommandFailure(
            reply.failure?.exitCode ?? ExitStatus.software, reply.failure?.message ?? "the server gave no answer")
    }
}
