/// One thing that is wrong with one field of a request, as it stands in the `errors` of a problem document.
public struct FieldProblem: Hashable, Sendable, Codable {
    /// Path of the field in snake case, e.g. `contact.email` or `labels[2]`; `body` for the whole document.
    public let field: String
    /// What programs switch on, e.g. `required`, `wrong_type`, `too_long`.
    public let code: String
    /// A sentence for people, without the field's name and without the offending value (which may be private).
    public let message: String

    public init(field: String, code: String, message: String) {
        self.field = field
        self.code = code
        self.message = message
    }
}

/// What is wrong with a request that was understood: 422 `validation_failed`. Never empty when thrown.
public struct ValidationProblems: Error, Hashable, Sendable {
    public let problems: [FieldProblem]

    public init(_ problems: [FieldProblem]) {
        self.problems = problems
    }

    public init(field: String, code: String, message: String) {
        problems = [FieldProblem(field: field, code: code, message: message)]
    }
}

/// Thrown by the `init(from:)` of a value type that refuses its text, without knowing where it stands;
/// ``StrictJSONDecoder`` adds the field's path.
public struct InvalidValue: Error, Hashable, Sendable {
    public let code: String
    public let message: String

    public init(code: String, message: String) {
        self.code = code
        self.message = message
    }
}
