/// One key of the configuration: its name, what it means, and what stands when it is not given.
///
/// The table ``all`` is the one place that knows the keys. Reading, `--help` and `.env.example` are all made from it.
struct ConfigurationKey: Sendable {
    /// The part of the server a key belongs to, in the order in which they are shown.
    enum Group: String, Sendable, CaseIterable {
        case server = "Server"
        case data = "Data and secrets"
        case access = "Access"
        case sessions = "Sessions"
        case assistant = "Assistant"
        case limits = "Limits"
        case logs = "Logs"
    }

    /// Name in the environment and in `.env`.
    let name: String
    let group: Group
    /// The value that holds when none is given; read by the same rules as a given one. Nil when there is none, or
    /// when it depends on other keys.
    let fallback: String?
    /// What `--help` and `.env.example` show as the default when ``fallback`` cannot say it.
    let fallbackNote: String
    let explanation: String
    /// A right value, shown when a given one is wrong.
    let example: String
    /// Whether the value must never be shown.
    let isSecret: Bool

    init(
        _ name: String, in group: Group, default fallback: String? = nil, note: String = "none",
        _ explanation: String, example: String, isSecret: Bool = false
    ) {
        self.name = name
        self.group = group
        self.fallback = fallback
        self.fallbackNote = note
        self.explanation = explanation
        self.example = example
        self.isSecret = isSecret
    }

    /// The default as a person reads it.
    var shownDefault: String { fallback ?? fallbackNote }

    /// What is wrong with this key's value.
    func problem(_ problem: String) -> ConfigurationProblem {
        ConfigurationProblem(key: name, problem: problem, example: example)
    }
}
