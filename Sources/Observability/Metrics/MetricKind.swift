/// What a family's samples mean, in the words of the exposition's `# TYPE`.
public enum MetricKind: String, Sendable {
    /// Only ever rises, until the process ends.
    case counter
    /// Goes up and down.
    case gauge
    /// How often which values were seen.
    case histogram

    /// The names that the samples of a family have.
    func sampleNames(of family: String) -> [String] {
        switch self {
        case .counter, .gauge: [family]
        case .histogram: [family, "\(family)_bucket", "\(family)_sum", "\(family)_count"]
        }
    }
}
