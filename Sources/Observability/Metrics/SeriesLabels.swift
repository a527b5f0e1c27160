/// The labels of a series, sorted by name and written out once: the text is what tells series of a family apart.
struct SeriesLabels: Sendable, Equatable {
    /// Of the series that takes what no label set is left for.
    static let overflow = SeriesLabels(names: ["overflow"], text: #"overflow="true""#)

    let names: [String]
    /// As between the braces of a sample, such as `method="GET",route="/"`.
    let text: String

    private init(names: [String], text: String) {
        self.names = names
        self.text = text
    }

    /// - Throws: ``MetricConflict/labels`` when there are too many, or two of one name.
    init(_ dimensions: [(String, String)]) throws(MetricConflict) {
        guard dimensions.count <= MetricLimits.labels else { throw .labels }
        let labels = dimensions.map { (name: MetricName.label($0.0), value: $0.1) }.sorted { $0.name < $1.name }
        for (label, next) in zip(labels, labels.dropFirst()) where label.name == next.name { throw .labels }
        names = labels.map(\.name)
        text = labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
    }

    /// Backslash, quotation mark and line feed are escaped. NUL would end the text for Prometheus' reader and cannot
    /// be escaped.
    private static func escaped(_ value: String) -> String {
        var text = ""
        var bytes = 0
        for scalar in value.unicodeScalars {
            bytes += UTF8.width(scalar)
            guard bytes <= MetricLimits.valueBytes else { break }
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            case "\0": text += "\u{FFFD}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
