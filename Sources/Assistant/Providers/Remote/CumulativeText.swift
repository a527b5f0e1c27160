/// Makes pieces of text out of a stream that may repeat the whole text with each event although pieces were asked for.
///
/// The first text is the same either way and is let through. If the next one begins with all of it, and goes on, it is the
/// whole text again; only where the first was so short that this may be chance (`1` and `10`) the third one decides.
struct CumulativeText: Sendable {
    private enum Mode {
        case unknown, pieces, whole
    }

    /// Scalars that do not come a second time by chance.
    private static let telling = 4

    private var mode = Mode.unknown
    /// What came last, while the mode is unknown; then, in mode `whole`, all so far.
    private var last: [Unicode.Scalar] = []
    /// Not shown until the mode is known.
    private var held = ""

    /// - Parameter isLast: the model ended with this event.
    /// - Returns: what is to be shown.
    mutating func push(_ text: String, isLast: Bool) -> String {
        if text.isEmpty { return isLast ? settle() : "" }
        let scalars = Array(text.unicodeScalars)
        switch mode {
        case .pieces: return text
        case .whole:
            if scalars.starts(with: last) {
                defer { last = scalars }
                return string(scalars.dropFirst(last.count))
            }
            // Less than before, or something else: what was shown cannot be taken back.
            if last.starts(with: scalars) { return "" }
            last += scalars
            return text
        case .unknown: return decide(text, scalars, isLast)
        }
    }

    /// The stream ended.
    mutating func settle() -> String {
        defer { held = "" }
        if mode == .unknown { mode = .pieces }
        return held
    }

    private mutating func decide(_ text: String, _ scalars: [Unicode.Scalar], _ isLast: Bool) -> String {
        if last.isEmpty {
            last = scalars
            return text
        }
        guard scalars.starts(with: last) else { return pieces(text) }
        let grows = scalars.count > last.count
        // `哈` and `哈` is laughter; a longer text that comes twice, or comes again at the end, is a repetition.
        guard grows || isLast || scalars.count >= 2 * Self.telling else { return pieces(text) }
        if last.count >= Self.telling || isLast || !held.isEmpty {
            mode = .whole
            // The first of three texts that grow is all that was shown.
            let shown = held.isEmpty ? last.count : shownBeforeHeld
            held = ""
            defer { last = scalars }
            return string(scalars.dropFirst(shown))
        }
        shownBeforeHeld = last.count
        held = text
        last = scalars
        return ""
    }

    private var shownBeforeHeld = 0

    private mutating func pieces(_ text: String) -> String {
        mode = .pieces
        last = []
        defer { held = "" }
        return held + text
    }

    private func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
}
