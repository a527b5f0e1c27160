/// Takes out the thoughts that some local models write into their text, between `<think>` and `</think>` at its beginning.
struct ThinkingFilter {
    private enum State {
        case start, thinking, answering
    }

    private static let open = "<think>"
    private static let close = "</think>"

    private var state = State.start
    private var held = ""

    /// - Returns: what is to be shown, and whether there were thoughts.
    mutating func push(_ piece: String) -> (text: String, hasThoughts: Bool) {
        switch state {
        case .answering: return (piece, false)
        case .start:
            held += piece
            let trimmed = held.drop(while: \.isWhitespace)
            if Self.open.hasPrefix(trimmed.prefix(Self.open.count)), trimmed.count < Self.open.count {
                return ("", false)
            }
            guard trimmed.hasPrefix(Self.open) else {
                state = .answering
                defer { held = "" }
                return (held, false)
            }
            state = .thinking
            held = String(trimmed.dropFirst(Self.open.count))
            return (closing(), true)
        case .thinking:
            held += piece
            return (closing(), true)
        }
    }

    /// The text ended: what was held back is text after all, unless it was a thought.
    mutating func finish() -> String {
        defer { held = "" }
        return state == .start ? held : ""
    }

    private mutating func closing() -> String {
        guard let range = held.firstRange(of: Self.close) else {
            // Keep only what may be the beginning of the closing tag.
            held = String(held.suffix(Self.close.count - 1))
            return ""
        }
        state = .answering
        defer { held = "" }
        return String(held[range.upperBound...])
    }
}
