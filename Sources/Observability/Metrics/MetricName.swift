/// Names as Prometheus takes them.
///
/// The dots of swift-metrics become underscores, counters end in `_total` and timers in `_seconds`, once.
enum MetricName {
    /// The name of a family: letters, digits and underscores, no digit first. Colons are kept for recording rules.
    static func exposed(_ label: String, unit: String = "", kind: MetricKind) -> String {
        var name = identifier(label)
        if !unit.isEmpty { append("_\(unit)", to: &name) }
        if kind == .counter { append("_total", to: &name) }
        return name
    }

    /// The name of a label. Names with two underscores in front are Prometheus' own; `le` is a bucket's bound and
    /// `overflow` is what the series of last resort is known by.
    static func label(_ text: String) -> String {
        let name = identifier(text)
        return name.hasPrefix("__") || name == "le" || name == "overflow" ? "label_\(name)" : name
    }

    /// A name as it was given, for people.
    static func shortened(_ text: String) -> String {
        text.utf8.count <= MetricLimits.nameBytes
            ? text : String(decoding: text.utf8.prefix(MetricLimits.nameBytes), as: UTF8.self)
    }

    private static func append(_ suffix: String, to name: inout String) {
        if !name.hasSuffix(suffix) { name += suffix }
    }

    private static func identifier(_ text: String) -> String {
        var name = ""
        for byte in text.utf8.prefix(MetricLimits.nameBytes) {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if name.isEmpty { name = "_" }
                name.unicodeScalars.append(Unicode.Scalar(byte))
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
                name.unicodeScalars.append(Unicode.Scalar(byte))
            default: name += "_"
            }
        }
        return name.isEmpty ? "_" : name
    }
}
