import HTTPTypes

/// Finds the endpoints of a path, segment by segment. A segment that is written out goes before a parameter, and that
/// before the rest of a path; empty segments do not count.
struct RouteTree: Sendable {
    /// Everything that is served at one pattern.
    struct Route: Sendable {
        /// Such as `/api/v1/contacts/{id}`.
        let pattern: String
        /// Of its parameters, in order.
        let names: [String]
        fileprivate(set) var endpoints: [Endpoint] = []

        fileprivate init(_ endpoint: Endpoint) {
            pattern = endpoint.path
            names = endpoint.segments.filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
        }

        /// HEAD is answered where GET is.
        func endpoint(_ method: HTTPRequest.Method) -> Endpoint? {
            endpoints.first { $0.method == method }
                ?? (method == .head ? endpoints.first { $0.method == .get } : nil)
        }
    }

    private struct Node {
        /// Places of the nodes behind a segment that is written out.
        var literals: [Substring: Int] = [:]
        /// Place of the node behind a segment that is a parameter.
        var parameter: Int?
        /// The route that takes whatever else follows.
        var rest: Int?
        /// The route that ends here.
        var route: Int?
    }

    private var nodes = [Node()]
    private var routes: [Route] = []

    init(_ endpoints: [Endpoint]) {
        for endpoint in endpoints { add(endpoint) }
    }

    /// The route of a path, and what the path has in the places of its parameters; nil for a path that there is not.
    func route(of path: String) -> (route: Route, parameters: [Substring])? {
        var parameters: [Substring] = []
        guard let found = descend(path[...], from: 0, &parameters) else { return nil }
        return (routes[found], parameters)
    }

    private func descend(_ path: Substring, from place: Int, _ parameters: inout [Substring]) -> Int? {
        let utf8 = path.utf8
        guard let start = utf8.firstIndex(where: { $0 != UInt8(ascii: "/") }) else { return nodes[place].route }
        let end = utf8[start...].firstIndex(of: UInt8(ascii: "/")) ?? utf8.endIndex
        let segment = path[start..<end]
        if let literal = nodes[place].literals[segment], let found = descend(path[end...], from: literal, &parameters) {
            return found
        }
        if let node = nodes[place].parameter {
            let known = parameters.count
            parameters.append(segment)
            if let found = descend(path[end...], from: node, &parameters) { return found }
            parameters.removeSubrange(known...)
        }
        return nodes[place].rest
    }

    private mutating func add(_ endpoint: Endpoint) {
        var place = 0
        for segment in endpoint.segments {
            if segment == "**" {
                nodes[place].rest = route(at: nodes[place].rest, endpoint)
                return
            }
            if segment.hasPrefix("{"), segment.hasSuffix("}") {
                if let known = nodes[place].parameter {
                    place = known
                } else {
                    nodes[place].parameter = nodes.count
                    place = nodes.count
                    nodes.append(Node())
                }
            } else if let known = nodes[place].literals[segment] {
                place = known
            } else {
                nodes[place].literals[segment] = nodes.count
                place = nodes.count
                nodes.append(Node())
            }
        }
        nodes[place].route = route(at: nodes[place].route, endpoint)
    }

    private mutating func route(at place: Int?, _ endpoint: Endpoint) -> Int {
        let place = place ?? routes.count
        if place == routes.count { routes.append(Route(endpoint)) }
        routes[place].endpoints.append(endpoint)
        return place
    }
}
