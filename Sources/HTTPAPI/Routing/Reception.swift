import HTTPTypes
public import Hummingbird
import Logging

/// Takes every request in and answers it: finds its endpoint, turns errors into problem documents, and puts on each answer
/// what all of them carry.
///
/// It stands in the place of Hummingbird's router and its middleware, which take a dozen task switches for what is done here
/// in one function.
public struct Reception: HTTPResponder {
    private let routes: RouteTree
    private let correlation: Correlation
    private let security: SecurityHeaders
    private let origins: CrossOrigin
    private let problems: ProblemDetails

    init(_ table: EndpointTable, settings: HTTPSettings) {
        routes = RouteTree(table.endpoints)
        correlation = Correlation(settings: settings, figures: RequestFigures(endpoints: table.endpoints))
        security = SecurityHeaders(settings: settings)
        origins = CrossOrigin(origins: settings.corsOrigins)
        problems = ProblemDetails(methods: { table.methods(at: $0) })
    }

    public func respond(to request: Request, context: RequestScope) async throws -> Response {
        let start = ContinuousClock.now
        var scope = context
        correlation.begin(request, &scope)
        let found = routes.route(of: request.uri.path)
        let endpoint = found?.route.endpoint(request.method)
        if let found {
            scope.parameters = found.parameters
            scope.parameterNames = found.route.names
        }
        var pattern = found?.route.pattern ?? Self.unmatched
        var response: Response
        if let preflight = origins.preflight(request) {
            pattern = Self.preflight
            response = preflight
        } else {
            do {
                try checkLength(of: request, to: endpoint)
                guard let endpoint else {
                    pattern = Self.unmatched
                    throw found == nil ? Problem(.notFound) : HTTPError(.notFound)
                }
                response = try await endpoint.answer(request, scope)
                if request.method == .head { response = response.createHeadResponse() }
            } catch {
                response = problems.response(to: error, request, scope)
            }
        }
        origins.permit(request, &response)
        security.add(to: &response)
        correlation.end(request, &response, scope, route: pattern, since: start)
        return response
    }

    /// What stands in logs and figures for a path that there is not, and for a browser's question.
    private static let unmatched = "unmatched"
    private static let preflight = "-"

    /// A body that says itself that it is too large is not read at all. A form has a limit of its own.
    private func checkLength(of request: Request, to endpoint: Endpoint?) throws(Problem) {
        guard let length = request.headers[.contentLength].flatMap(Int.init),
            length > RequestBodyReader.maximumBytes, endpoint?.notes.form == nil
        else { return }
        throw Problem(.tooLarge)
    }
}
