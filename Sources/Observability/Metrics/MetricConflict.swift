/// Why a metric is not kept. It is logged once, and whoever counts goes on counting into nothing: a wrong metric must
/// never be the end of a chat.
enum MetricConflict: Error, Equatable, CustomStringConvertible {
    case kind(MetricKind, before: MetricKind)
    case labelNames([String], before: [String])
    /// Another family's samples have this name.
    case sampleName(of: String)
    /// The same label set belongs to a metric that is filled in another way.
    case handler
    case labels
    case tooManyFamilies

    var description: String {
        switch self {
        case .kind(let kind, let before): "it is a \(before.rawValue) already, not a \(kind.rawValue)"
        case .labelNames(let names, let before):
            "it has the labels [\(before.joined(separator: ", "))], not [\(names.joined(separator: ", "))]"
        case .sampleName(let family): "its samples would look like those of \(family)"
        case .handler: "these labels are taken by a metric of another sort"
        case .labels: "it has too many labels, or two of one name"
        case .tooManyFamilies: "there are too many metrics"
        }
    }
}
