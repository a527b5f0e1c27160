import HTTPTypes
import Hummingbird
import Logging

/// Turns every error into its problem document: refusals of the domain, bodies that cannot be read, unknown paths,
/// and what nobody foresaw.
struct ProblemDetails: Sendable {
    /// Methods under which a path exists.
    let methods: @Sendable (String) -> [HTTPRequest.Method]

    /// The answer to a request that could not be carried out.
    func response(to error: any Error, _ request: Request, _ scope: RequestScope) -> Response {
        let response = problem(of: error, request, scope).response(requestId: scope.requestId)
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func problem(of error: any Error, _ request: Request, _ scope: RequestScope) -> Problem {
        if let error = error as? HTTPError, error.status == .notFound {
            let methods = methods(request.uri.path)
            guard !methods.isEmpty else { return Problem(.notFound) }
            return Problem(.methodNotAllowed, headers: [.allow: methods.map(\.rawValue).joined(separator: ", ")])
        }
        if let problem = Problem(of: error) {
            if problem.code.status.code >= 500 {
                scope.correlated.warning("not confirmed", metadata: ["error": "\(error)"])
            }
            return problem
        }
        scope.correlated.error("request failed", metadata: ["error": "\(error)"])
        return Problem(.internal)
    }
}
