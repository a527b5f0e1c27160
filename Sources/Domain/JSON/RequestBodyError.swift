/// Why a request's JSON was refused.
public enum RequestBodyError: Error, Hashable, Sendable {
    /// Not JSON (400 `malformed_json`), or too much of it (413 `too_large`).
    case malformed(JSONSyntaxError)
    /// Members that the request does not have, as paths such as `contact.emial` (422 `unknown_field`). At most
    /// ``maximumUnknownFields`` of them.
    case unknownFields([String])
    /// A member is missing or of the wrong type (422 `validation_failed`).
    case invalid(ValidationProblems)

    /// Unknown fields that are named in one answer: enough to mend a client, and no echo of a hostile body.
    public static let maximumUnknownFields = 10

    /// The `errors` of the problem document; empty for a malformed one.
    public var problems: [FieldProblem] {
        switch self {
        case .malformed: []
        case .unknownFields(let paths):
            paths.map { FieldProblem(field: $0, code: "unknown_field", message: "is not a field of this request") }
        case .invalid(let problems): problems.problems
        }
    }
}
