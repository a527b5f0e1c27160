import Foundation
import NIOCore

/// What a client asks for: `{"verb":"workspace create","arguments":{…}}`.
struct ControlRequest<Arguments: Codable & Sendable>: Codable, Sendable {
    let verb: ControlVerb
    let arguments: Arguments
}

/// The operations by their names on the command line.
enum ControlVerb: String, Codable, Sendable {
    case migrate
    case doctor
    case createWorkspace = "workspace create"
    case createUser = "user create"
    case setPassword = "user set-password"
    case rebuildStatistics = "stats rebuild"
    case continueStatistics = "stats continue"
    case importArticles = "knowledge import"
    case importedSources = "knowledge sources"
    case draftArticles = "knowledge draft"
}

/// No arguments, no value.
struct Nothing: Codable, Sendable {}

/// What the server answers: `{"value":…}` or `{"failure":{"exit_code":65,"message":"…"}}`.
struct ControlReply<Value: Codable & Sendable>: Codable, Sendable {
    struct Failure: Codable, Sendable {
        let exitCode: Int32
        let message: String

        private enum CodingKeys: String, CodingKey {
            case exitCode = "exit_code"
            case message
        }
    }

    var value: Value?
    var failure: Failure?

    /// The request could not be understood.
    static func malformed(_ message: String) -> ControlReply {
        ControlReply(failure: Failure(exitCode: ExitStatus.usage, message: message))
    }

    static func failed(_ error: any Error) -> ControlReply {
        let failure = CommandFailure(error)
        return ControlReply(failure: Failure(exitCode: failure.exitCode, message: failure.description))
    }

    func encoded() -> ByteBuffer {
        // Only text and numbers are encoded here, which cannot fail.
        ByteBuffer(bytes: (try? JSONEncoder().encode(self)) ?? Data(#"{"failure":{"exit_code":70,"message":""}}"#.utf8))
    }
}
