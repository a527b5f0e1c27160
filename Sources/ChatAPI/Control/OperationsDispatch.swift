import Foundation
import NIOCore

/// Answers lines of the control socket with ``Operations``.
struct OperationsDispatch: Sendable {
    /// The part of a request that says how to read the rest.
    private struct Head: Decodable {
        let verb: ControlVerb
    }

    private let operations: any Operations

    init(_ operations: any Operations) {
        self.operations = operations
    }

    /// The answer to one line; whatever the line holds, there is one.
    func answer(_ line: ByteBuffer) async -> ByteBuffer {
        let data = Data(line.readableBytesView)
        guard let verb = try? JSONDecoder().decode(Head.self, from: data).verb else {
            return ControlReply<Nothing>.malformed("not a request that this version knows").encoded()
        }
        return switch verb {
        case .migrate: await answer(data) { (_: Nothing) in try await operations.migrate() }
        case .doctor: await answer(data) { (_: Nothing) in try await operations.doctor() }
        case .createWorkspace: await answer(data) { try await operations.createWorkspace($0) }
        case .createUser: await answer(data) { try await operations.createUser($0) }
        case .setPassword: await answer(data) { try await operations.setPassword($0) }
        case .rebuildStatistics: await answer(data) { (_: Nothing) in try await operations.rebuildStatistics() }
        case .continueStatistics: await answer(data) { (_: Nothing) in try await operations.continueStatistics() }
        case .importArticles: await answer(data) { try await operations.importArticles($0) }
        case .importedSources: await answer(data) { try await operations.importedSources($0) }
        case .draftArticles: await answer(data) { try await operations.draftArticles($0) }
        }
    }

    private func answer<Arguments: Codable & Sendable, Value: Codable & Sendable>(
        _ data: Data, _ operation: (Arguments) async throws -> Value
    ) async -> ByteBuffer {
        guard let request = try? JSONDecoder().decode(ControlRequest<Arguments>.self, from: data) else {
            return ControlReply<Value>.malformed("the arguments are not those of the verb").encoded()
        }
        do {
            return ControlReply(value: try await operation(request.arguments)).encoded()
        } catch {
            return ControlReply<Value>.failed(error).encoded()
        }
    }
}
