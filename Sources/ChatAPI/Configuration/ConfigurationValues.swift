import Configuration

/// The given values, asked for by key: command line first, then the process environment, then `.env`.
struct ConfigurationValues {
    private let reader: ConfigReader

    /// - Parameter layers: names and values, the strongest layer first.
    init(layers: [[String: String]]) {
        reader = ConfigReader(
            providers: layers.map { layer in
                EnvironmentVariablesProvider(
                    environmentVariables: layer,
                    secretsSpecifier: .dynamic { name, _ in
                        ConfigurationKey.all.contains { $0.name == name && $0.isSecret }
                    })
            })
    }

    /// The value of `key`, or nil when neither it nor a default is given. An empty value counts as not given, because
    /// that is what `KEY=` in an `.env` file and in a container's definition means to the one who wrote it.
    func optional<Value>(
        _ key: ConfigurationKey, _ parse: (String) throws -> Value
    ) throws(ConfigurationProblem) -> Value? {
        guard let text = given(key) ?? key.fallback else { return nil }
        do {
            return try parse(text)
        } catch let wrong as WrongValue {
            throw key.problem(wrong.problem)
        } catch {
            throw key.problem("cannot be read")
        }
    }

    /// The value of a key that has a default.
    func required<Value>(
        _ key: ConfigurationKey, _ parse: (String) throws -> Value
    ) throws(ConfigurationProblem) -> Value {
        guard let value = try optional(key, parse) else { throw key.problem("is missing") }
        return value
    }

    private func given(_ key: ConfigurationKey) -> String? {
        // The provider joins the parts of a key with underscores and puts them in upper case.
        let parts = key.name.lowercased().split(separator: "_").map(String.init)
        guard let text = reader.string(forKey: ConfigKey(parts), isSecret: key.isSecret),
            text.contains(where: { !$0.isWhitespace })
        else { return nil }
        // A password may begin or end with a space. Around anything else, white space is an accident of copying.
        return key.name == ConfigurationKey.adminPassword.name ? text : text.trimmingWhitespace()
    }
}

extension StringProtocol {
    /// Without white space and line ends at either end.
    func trimmingWhitespace() -> String {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest = rest.dropFirst() }
        while rest.last?.isWhitespace == true { rest = rest.dropLast() }
        return String(rest)
    }
}
