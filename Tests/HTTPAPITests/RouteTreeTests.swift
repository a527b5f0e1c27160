import HTTPTypes
import Hummingbird
import Testing

@testable import HTTPAPI

/// Which endpoint answers a path.
@Suite struct RouteTreeTests {
    private let tree = RouteTree(
        [
            ("GET", "/"), ("GET", "/users"), ("POST", "/users"), ("GET", "/users/me"), ("GET", "/users/{id}"),
            ("DELETE", "/users/{id}"), ("GET", "/users/{id}/notes/{note}"), ("PUT", "/users/me/avatar"),
            ("GET", "/files/**"),
        ].map { Self.endpoint($0.0, $0.1) })

    @Test(arguments: [
        ("GET", "/", "/", []), ("GET", "/users", "/users", []), ("GET", "/users/", "/users", []),
        ("GET", "//users", "/users", []), ("GET", "/users/me", "/users/me", []),
        ("GET", "/users/you", "/users/{id}", ["id=you"]), ("HEAD", "/users/you", "/users/{id}", ["id=you"]),
        ("GET", "/users/%2F/notes/7", "/users/{id}/notes/{note}", ["id=%2F", "note=7"]),
        // A segment that is written out leads nowhere here, so the parameter takes it.
        ("GET", "/users/me/notes/7", "/users/{id}/notes/{note}", ["id=me", "note=7"]),
        ("GET", "/files/a/b/c", "/files/**", []),
    ]) func findsTheRouteAndItsParameters(
        _ method: String, _ path: String, _ pattern: String, _ parameters: [String]
    ) throws {
        let found = try #require(tree.route(of: path))
        #expect(found.route.pattern == pattern)
        #expect(zip(found.route.names, found.parameters).map { "\($0)=\($1)" } == parameters)
        #expect(found.route.endpoint(try #require(HTTPRequest.Method(method))) != nil)
    }

    @Test(arguments: [
        "/user", "/users/me/notes", "/users/1/notes", "/users/1/notes/2/3", "/files", "x",
        String(repeating: "/users", count: 10_000),
    ]) func knowsNoOtherPath(_ path: String) {
        #expect(tree.route(of: path) == nil)
    }

    @Test func aMethodThatIsNotThereHasNoEndpoint() throws {
        let route = try #require(tree.route(of: "/users/me")).route
        #expect(route.endpoint(.delete) == nil)
        #expect(route.endpoint(.put) == nil)
        #expect(try #require(tree.route(of: "/users/me/avatar")).route.endpoint(.head) == nil)
    }

    private static func endpoint(_ method: String, _ path: String) -> Endpoint {
        Endpoint(
            method: HTTPRequest.Method(method) ?? .get, path: path, summary: "", group: "", admission: .anyone,
            query: [],
            request: nil, isBodyOptional: false, response: NoContent.self, status: .ok, problems: [],
            idempotency: .ignored, limit: nil, respond: { _, _ in Response(status: .ok) })
    }
}
