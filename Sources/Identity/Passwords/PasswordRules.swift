public import Domain

/// What a new password must be. Length and not being known decide, not kinds of characters (NIST SP 800-63B, 3.1.1.2).
public struct PasswordRules: Hashable, Sendable {
    /// Unicode scalars.
    public let minimumLength: Int

    /// For users who see other people's conversations.
    public static let staff = PasswordRules(minimumLength: 10)
    /// For customers who registered, and see their own.
    public static let customer = PasswordRules(minimumLength: 8)

    public init(minimumLength: Int) {
        self.minimumLength = minimumLength
    }

    /// What is wrong with `password` for the account of `email`; nil when nothing is.
    ///
    /// - Parameter field: the name of the field in the request, e.g. `new_password`.
    public func problem(with password: String, email: String?, field: String = "password") -> FieldProblem? {
        func problem(_ code: String, _ message: String) -> FieldProblem {
            FieldProblem(field: field, code: code, message: message)
        }
        if password.isEmpty { return problem("required", "must not be empty") }
        if password.utf8.count > PasswordHasher.maximumPasswordBytes {
            return problem("too_long", "must have at most \(PasswordHasher.maximumPasswordBytes) bytes")
        }
        if password.unicodeScalars.count < minimumLength {
            return problem("too_short", "must have at least \(minimumLength) characters")
        }
        let folded = password.lowercased()
        if let email = email?.lowercased() {
            let name = email.prefix { $0 != "@" }
            if folded == email || folded == name {
                return problem("too_guessable", "must not be the e-mail address")
            }
        }
        if CommonPasswords.contain(folded) || Self.isMonotonous(folded) {
            return problem("too_guessable", "is among the passwords that are tried first")
        }
        return nil
    }

    /// One character over and over, or a run up or down (`12345678901`, `zyxwvutsrq`); nine and zero are neighbours.
    private static func isMonotonous(_ password: String) -> Bool {
        let values = password.unicodeScalars.map { Int($0.value) }
        let steps = zip(values, values.dropFirst()).map { $1 - $0 }
        return [0, 1, -1].contains { step in
            steps.allSatisfy { $0 == step || ($0 == step * -9 && step != 0) }
        }
    }
}
