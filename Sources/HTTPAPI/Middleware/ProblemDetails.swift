import HTTPTypes
import Hummingbird
import Logging

/// Turns every error into its problem document: refusals of the domain, bodies that cannot be read, unknown paths,
/// and what nobody foresaw.
struct ProblemDetails: RouterMiddleware {
    typealias Context = RequestScope

    /// Methods under which a path exists.
    let methods: @Sendable (String) -> [HTTPRequest.Method]
    /// Whether a route takes a form, which has a limit of its own.
    let takesForm: @Sendable (HTTPRequest.Method, String) -> Bool

    func handle(
        _ request: Request, context: RequestScope, next: (Request, RequestScope) async throws -> Response
    ) async throws -> Response {
        do {
            try checkLength(of: request)
            return try await next(request, context)
        } catch {
            let response = problem(of: error, request, context).response(requestId: context.requestId)
            return request.method == .head ? response.createHeadResponse() : response
        }
    }

    private func problem(of error: any Error, _ request: Request, _ scope: RequestScope) -> Problem {
        if let error = error as? HTTPError, error.status == .notFound {
            let methods = methods(request.uri.path)
            guard !methods.isEmpty else { return Problem(.notFound) }
            return Problem(.methodNotAllowed, headers: [.allow: methods.map(\.rawValue).joined(separator: ", ")])
        }
        if let problem = Problem(of: error) {
            if problem.code.status.code >= 500 {
                scope.logger.warning("not confirmed", metadata: ["error": "\(error)"])
            }
            return problem
        }
        scope.logger.error("request failed", metadata: ["error": "\(error)"])
        return Problem(.internal)
    }

    /// A body that says itself that it is too large is not read at all.
    private func checkLength(of request: Request) throws(Problem) {
        guard let length = request.headers[.contentLength].flatMap(Int.init),
            length > RequestBodyReader.maximumBytes, !takesForm(request.method, request.uri.path)
        else { return }
        throw Problem(.tooLarge)
    }
}
