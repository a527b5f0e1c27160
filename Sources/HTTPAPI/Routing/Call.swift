import Domain
import HTTPTypes
import Hummingbird
import Logging
import Wire

/// A request as handlers see it.
public struct Incoming: Sendable {
    let request: Request
    let scope: RequestScope
    let identifiers: PublicIdentifiers

    var headers: HTTPFields { request.headers }
    var requestId: String { scope.requestId }
    var client: ClientAddress { scope.client }
    var logger: Logger { scope.correlated }
    /// The page that calls, when a browser says so.
    var origin: String? { headers[.origin] }
}

/// A request of somebody who is known.
public struct Call: IncomingCall {
    let access: Access
    public let incoming: Incoming
}

/// A request of anybody.
public struct OpenCall: IncomingCall {
    public let incoming: Incoming
}

public protocol IncomingCall: Sendable {
    var incoming: Incoming { get }
}

extension IncomingCall {
    /// The `{id}` of the path.
    /// - Parameter name: of another parameter of the path.
    /// - Throws: `Refusal.notFound` for one that this installation never made.
    func id<Entity: PubliclyIdentified>(
        _ kind: Entity.Type = Entity.self, in name: String = "id"
    ) throws(Refusal) -> Identifier<Entity> {
        try known(parameter(name))
    }

    /// A parameter of the path as it was written.
    func parameter(_ name: String) -> String { incoming.scope.parameter(name) ?? "" }

    /// The row key behind an identifier in a body.
    /// - Throws: `Refusal.notFound`.
    func known<Entity: PubliclyIdentified>(_ text: String) throws(Refusal) -> Identifier<Entity> {
        guard let id = incoming.identifiers.identifier(text, of: Entity.self) else { throw .notFound }
        return id
    }

    var query: QueryReader { QueryReader(incoming.request.uri.query, identifiers: incoming.identifiers) }
    var precondition: Precondition { Precondition(incoming.headers) }
}
