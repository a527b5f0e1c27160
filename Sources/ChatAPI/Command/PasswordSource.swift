import ArgumentParser

/// Where a password comes from. Never from an argument: everybody on the machine can read those.
struct PasswordSource: ParsableArguments {
    static let environmentName = "CHAT_API_PASSWORD"

    @Flag(name: .customLong("password-stdin"), help: "Read the password from the first line of standard input.")
    var fromStandardInput = false

    /// The password: from standard input if so asked, then from the environment, then typed twice on the terminal.
    func read(environment: [String: String], console: Console) throws -> String {
        if fromStandardInput {
            guard let line = console.readLine(), !line.isEmpty else {
                throw CommandFailure(ExitStatus.usage, "--password-stdin: standard input holds no password")
            }
            return line
        }
        if let given = environment[Self.environmentName], !given.isEmpty { return given }
        guard let typed = console.askSecretly("Password: "), !typed.isEmpty else {
            throw CommandFailure(
                ExitStatus.usage, "no password: use --password-stdin, set \(Self.environmentName), or use a terminal")
        }
        guard console.askSecretly("Again: ") == typed else {
            throw CommandFailure(ExitStatus.usage, "the two passwords are not the same")
        }
        return typed
    }
}
