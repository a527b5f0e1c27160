public import Domain

extension JSONValue {
    /// The text for people and for version control: two spaces a level, keys in the order of their bytes, a line feed at
    /// the end.
    public var pretty: String {
        var text = ""
        append(to: &text, level: 0)
        return text + "\n"
    }

    private func append(to text: inout String, level: Int) {
        switch self {
        case .array(let elements) where !elements.isEmpty:
            // Lists of words fit on a line.
            let line = serialized()
            if elements.allSatisfy(\.isScalar), line.utf8.count <= 80 {
                text += line.split(separator: "\",\"", omittingEmptySubsequences: false).joined(separator: "\", \"")
                return
            }
            text += "[\n"
            for (index, element) in elements.enumerated() {
                text += indentation(level + 1)
                element.append(to: &text, level: level + 1)
                text += index + 1 < elements.count ? ",\n" : "\n"
            }
            text += indentation(level) + "]"
        case .object(let members) where !members.isEmpty:
            text += "{\n"
            let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            for (index, member) in sorted.enumerated() {
                text += indentation(level + 1) + JSONValue.string(member.key).serialized() + ": "
                member.value.append(to: &text, level: level + 1)
                text += index + 1 < sorted.count ? ",\n" : "\n"
            }
            text += indentation(level) + "}"
        default: text += serialized()
        }
    }

    private func indentation(_ level: Int) -> String { String(repeating: "  ", count: level) }

    private var isScalar: Bool {
        switch self {
        case .array, .object: false
        default: true
        }
    }
}
