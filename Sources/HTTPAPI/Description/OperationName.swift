import HTTPTypes

extension Endpoint {
    /// A name that stays, made of method and path: `listContacts`, `getContact`, `updateContact`, `conversationSwitch`.
    /// Client generators make functions of it.
    public var operationId: String {
        let words = nameWords
        let isList = method == .get && String(describing: response).contains("ListView")
        let verb: String? =
            switch method {
            case .get: isList ? "list" : "get"
            case .post: status == .created ? "create" : nil
            case .patch: "update"
            case .put: "replace"
            case .delete: "delete"
            default: method.rawValue.lowercased()
            }
        let parts = (verb.map { [$0] } ?? []) + (verb == "create" ? words.dropLast() + [singular(words.last)] : words)
        return parts.enumerated().map { $0 == 0 ? $1.lowercasedFirst : $1.uppercasedFirst }.joined()
    }

    /// The path's words without version and parameters; what a parameter chooses from is in the singular.
    private var nameWords: [String] {
        var words: [String] = []
        for segment in segments {
            if segment.hasPrefix("{") || segment.hasPrefix("*") {
                if let last = words.popLast() { words.append(singular(last)) }
            } else if !["api", "v1", "chat", "admin"].contains(segment) {
                let parts = segment.split(whereSeparator: { !$0.isLetter && !$0.isNumber })
                words.append(parts.map { String($0).uppercasedFirst }.joined())
            }
        }
        return words.isEmpty ? ["Index"] : words
    }

    private func singular(_ word: String?) -> String {
        guard let word else { return "" }
        if word.hasSuffix("ies") { return word.dropLast(3) + "y" }
        if word.hasSuffix("xes") || word.hasSuffix("sses") { return String(word.dropLast(2)) }
        return word.hasSuffix("s") && !word.hasSuffix("ss") ? String(word.dropLast()) : word
    }
}

extension String {
    fileprivate var uppercasedFirst: String { prefix(1).uppercased() + dropFirst() }
    fileprivate var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
