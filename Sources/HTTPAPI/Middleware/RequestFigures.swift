import HTTPTypes
import Metrics
import Synchronization

/// How long requests took until the head of their answer, by method, matched route and class of status.
///
/// The routes are known beforehand, so that counting a request is a look into a table that never changes, and what a
/// client makes up adds no series: other paths are `unmatched`, other methods `other`.
struct RequestFigures: Sendable {
    private static let unmatched = "unmatched"
    private static let other = "other"

    private struct Key: Hashable {
        let method: String
        let route: String
    }

    private let timers: [Key: RouteTimers]
    private let strangers: RouteTimers

    init(endpoints: [Endpoint]) {
        let factory = MetricsSystem.factory
        func timers(_ key: Key) -> RouteTimers { RouteTimers(method: key.method, route: key.route, factory: factory) }
        var keys = Set(endpoints.map { Key(method: $0.method.rawValue, route: $0.path) })
        for endpoint in endpoints where endpoint.method == .get {
            keys.insert(Key(method: HTTPRequest.Method.head.rawValue, route: endpoint.path))
        }
        for method: HTTPRequest.Method in [.get, .head, .post, .put, .patch, .delete, .options] {
            keys.insert(Key(method: method.rawValue, route: Self.unmatched))
        }
        self.timers = Dictionary(uniqueKeysWithValues: keys.map { ($0, timers($0)) })
        strangers = timers(Key(method: Self.other, route: Self.unmatched))
    }

    /// - Parameter route: the pattern that matched; anything else counts as no match.
    func answered(
        _ method: HTTPRequest.Method, _ route: String, _ status: HTTPResponse.Status, in time: Duration
    ) {
        let timers =
            timers[Key(method: method.rawValue, route: route)]
            ?? timers[Key(method: method.rawValue, route: Self.unmatched)] ?? strangers
        timers[status].record(duration: time)
    }
}

/// The timers of a route's method, made when there is something to show.
private final class RouteTimers: Sendable {
    private let method: String
    private let route: String
    private let factory: any MetricsFactory
    private let informational = AtomicLazyReference<Timer>()
    private let successful = AtomicLazyReference<Timer>()
    private let redirected = AtomicLazyReference<Timer>()
    private let refused = AtomicLazyReference<Timer>()
    private let failed = AtomicLazyReference<Timer>()

    init(method: String, route: String, factory: any MetricsFactory) {
        self.method = method
        self.route = route
        self.factory = factory
    }

    subscript(status: HTTPResponse.Status) -> Timer {
        switch status.code {
        case ..<200: timer(informational, "1xx")
        case ..<300: timer(successful, "2xx")
        case ..<400: timer(redirected, "3xx")
        case ..<500: timer(refused, "4xx")
        default: timer(failed, "5xx")
        }
    }

    private func timer(_ place: borrowing AtomicLazyReference<Timer>, _ status: String) -> Timer {
        if let timer = place.load() { return timer }
        return place.storeIfNil(
            Timer(
                label: "http.server.request.duration",
                dimensions: [("method", method), ("route", route), ("status", status)], factory: factory))
    }
}
