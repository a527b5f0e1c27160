/// Prometheus' text format, version 0.0.4.
///
/// https://prometheus.io/docs/instrumenting/exposition_formats/
struct ExpositionText {
    private(set) var bytes: [UInt8] = []

    /// Writes a family: its head, then the samples that `samples` writes. Without any, there is no head either.
    mutating func family(_ name: String, help: String, kind: MetricKind, samples: (inout ExpositionText) -> Void) {
        let start = bytes.count
        append("# HELP \(name) \(Self.escaped(help))\n# TYPE \(name) \(kind.rawValue)\n")
        let head = bytes.count
        samples(&self)
        if bytes.count == head { bytes.removeLast(head - start) }
    }

    mutating func sample(_ name: String, suffix: String = "", labels: String, _ value: UInt64) {
        head(name, suffix, labels)
        append("\(value)\n")
    }

    mutating func sample(_ name: String, suffix: String = "", labels: String, _ value: Double) {
        head(name, suffix, labels)
        append(Self.number(value))
        append("\n")
    }

    mutating func bucket(_ name: String, labels: String, upTo bound: Double, _ count: UInt64) {
        let bucket = "le=\"\(Self.number(bound))\""
        head(name, "_bucket", labels.isEmpty ? bucket : "\(labels),\(bucket)")
        append("\(count)\n")
    }

    private mutating func head(_ name: String, _ suffix: String, _ labels: String) {
        append(name)
        append(suffix)
        if !labels.isEmpty {
            append("{")
            append(labels)
            append("}")
        }
        append(" ")
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// Whole numbers without a fraction; the shortest digits that give the same number back otherwise.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // Up to 2⁵³ a whole number is exact.
        if abs(value) <= 9_007_199_254_740_992, let whole = Int64(exactly: value) { return String(whole) }
        return "\(value)"
    }

    /// In a HELP line, backslash and line feed are escaped.
    private static func escaped(_ help: String) -> String {
        var text = ""
        for scalar in help.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\0": text += "\u{FFFD}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
