/// Tells what stands at one place of a reply, looking only as far ahead as it must.
///
/// Every answer depends on the text alone and not on how much of it has arrived: when more could change the answer, it is
/// ``Construct/wait``.
struct ReplyScanner {
    enum Construct {
        case wait
        /// Passes as it is.
        case plain(Int)
        case space(Int, beforeMarker: Bool)
        /// At the very end of the reply.
        case trailingSpace(Int)
        /// `breaksDefinition`: a colon follows, which at the start of a line would make it the definition of a link.
        case citation([Int], Int, breaksDefinition: Bool)
        case unknownMarker(Int)
        /// Only what is inside passes, by the same rules.
        case inner(ArraySlice<Unicode.Scalar>, Int)
        /// Backticks that open or close code.
        case codeMark(Int)
        case dropped(Int)
        case longAddress(Int)
        case longDestination(ArraySlice<Unicode.Scalar>, Int)
    }

    /// Scalars that a link's text, its address, an HTML tag and a run of space are looked at for.
    static let longestLabel = 300
    static let longestDestination = 2048
    static let longestTag = 1024
    static let longestSpace = 64
    static let longestMarks = 16

    let text: [Unicode.Scalar]
    let start: Int
    let previous: Unicode.Scalar
    let before: ArraySlice<Unicode.Scalar>
    let isFinal: Bool
    private let inCode: Bool

    /// - Parameter before: what stood before the text, as far as it may be part of a host's name.
    init(
        _ text: [Unicode.Scalar], at start: Int, after before: ArraySlice<Unicode.Scalar> = [], isFinal: Bool,
        inCode: Bool = false
    ) {
        self.text = text
        self.start = start
        self.before = before
        self.previous = start > 0 ? text[start - 1] : before.last ?? " "
        self.isFinal = isFinal
        self.inCode = inCode
    }

    func slice(_ count: Int) -> ArraySlice<Unicode.Scalar> { text[start..<min(start + count, text.count)] }

    /// Space, quote and list marks: before a label they still leave it at the start of its line.
    static func isLinePrefix(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case " ", "\t", ">", "-", "*", "+", ".", ")", "0"..."9": true
        default: false
        }
    }

    // MARK: What it is

    func construct(sourceCount: Int, addresses: SourceAddresses) -> Construct {
        switch text[start] {
        case "[": bracket(at: start, sourceCount: sourceCount, addresses: addresses)
        case "【": inCode ? .plain(1) : lenticular()
        case "`": codeMark()
        case "!": image(addresses)
        case "]": strayClose(addresses)
        case "<": tag(addresses)
        case "h", "H", "f", "F", "w", "W": address(addresses)
        case ":": scheme(addresses)
        case ".": bareHost(addresses)
        case " ", "\t", "\n": space(sourceCount: sourceCount, addresses: addresses)
        default: .plain(1)
        }
    }

    private func space(sourceCount: Int, addresses: SourceAddresses) -> Construct {
        var end = start
        while end < text.count, Self.isBlank(text[end]) { end += 1 }
        let count = end - start
        guard end < text.count else { return isFinal ? .trailingSpace(count) : .wait }
        guard !inCode, text[end] == "[" || text[end] == "【" else { return .space(count, beforeMarker: false) }
        let next = ReplyScanner(text, at: end, isFinal: isFinal).construct(
            sourceCount: sourceCount, addresses: addresses)
        switch next {
        case .wait: return .wait
        case .unknownMarker: return .space(count, beforeMarker: true)
        case .citation(let numbers, _, _) where !numbers.contains(where: { $0 >= 1 && $0 <= sourceCount }):
            return .space(count, beforeMarker: true)
        default: return .space(count, beforeMarker: false)
        }
    }

    private func codeMark() -> Construct {
        var end = start
        while end < text.count, text[end] == "`", end - start < 64 { end += 1 }
        return end < text.count || isFinal || end - start == 64 ? .codeMark(end - start) : .wait
    }

    static func isBlank(_ scalar: Unicode.Scalar) -> Bool { scalar == " " || scalar == "\t" || scalar == "\n" }

    // MARK: Brackets

    private enum Span {
        /// Ends before this place.
        case closed(Int)
        case wait
        case none
    }

    /// The bracket that closes the one at `open`, with others inside.
    private func span(from open: Int, _ left: Unicode.Scalar, _ right: Unicode.Scalar, limit: Int) -> Span {
        var depth = 0
        var index = open
        while index < text.count {
            if index - open >= limit { return .none }
            if text[index] == left { depth += 1 }
            if text[index] == right {
                depth -= 1
                if depth == 0 { return .closed(index + 1) }
            }
            if text[index] == "\n", index + 1 < text.count, text[index + 1] == "\n" { return .none }
            if text[index] == "\n", index + 1 == text.count { return isFinal ? .none : .wait }
            index += 1
        }
        return isFinal ? .none : .wait
    }

    private func bracket(at open: Int, sourceCount: Int, addresses: SourceAddresses) -> Construct {
        switch span(from: open, "[", "]", limit: Self.longestLabel) {
        case .wait: return .wait
        case .none: return .plain(1)
        case .closed(let end):
            let label = text[(open + 1)..<(end - 1)]
            let marker = Marker(label)
            if marker == .unknown { return .unknownMarker(end - open) }
            if PromptText.isHumanAgentLabel(label) { return .dropped(end - open) }
            guard end < text.count || isFinal else { return .wait }
            let next = end < text.count ? text[end] : " "
            if next == "(" { return link(label, open: open, destination: end, addresses) }
            if case .numbers(let numbers) = marker {
                if inCode { return .plain(end - open) }
                return .citation(numbers, end - open, breaksDefinition: next == ":")
            }
            // `[label]: address` would define a link for the rest of the text.
            if next == ":" { return .inner(label, end - open) }
            return .plain(1)
        }
    }

    private func link(
        _ label: ArraySlice<Unicode.Scalar>, open: Int, destination: Int, _ addresses: SourceAddresses
    ) -> Construct {
        switch span(from: destination, "(", ")", limit: Self.longestDestination) {
        case .wait: return .wait
        case .none:
            let inner = Marker(label).isNumbers ? text[open..<destination] : label
            return .longDestination(inner, destination + 1 - open)
        case .closed(let end):
            let isPlain = !label.contains { $0 == "[" || $0 == "]" || $0 == "<" || $0 == ":" || $0 == "/" }
            if isPlain, addresses.contains(target(text[(destination + 1)..<(end - 1)])) { return .plain(end - open) }
            // A source's number is a number, wherever it links to.
            return .inner(Marker(label).isNumbers ? text[open..<destination] : label, end - open)
        }
    }

    /// The address of `(address "title")`.
    private func target(_ destination: ArraySlice<Unicode.Scalar>) -> [Unicode.Scalar] {
        let inside = destination.drop { Self.isBlank($0) }
        if inside.first == "<" { return Array(inside.dropFirst().prefix { $0 != ">" }) }
        return Array(inside.prefix { !Self.isBlank($0) })
    }

    private func image(_ addresses: SourceAddresses) -> Construct {
        guard start + 1 < text.count else { return isFinal ? .plain(1) : .wait }
        guard text[start + 1] == "[" else { return .plain(1) }
        switch span(from: start + 1, "[", "]", limit: Self.longestLabel) {
        case .wait: return .wait
        // Without its mark it is a link, and handled as one.
        case .none: return .dropped(1)
        case .closed(let end):
            guard end < text.count || isFinal else { return .wait }
            let isCited = Marker(text[(start + 2)..<(end - 1)]) != .text
            // "Great![1]" is an exclamation. A definition that could make it an image never gets through.
            guard end < text.count, text[end] == "(" || (text[end] == "[" && !isCited) else {
                return isCited ? .plain(1) : .dropped(1)
            }
            let isInline = text[end] == "("
            let target =
                isInline
                ? span(from: end, "(", ")", limit: Self.longestDestination)
                : span(from: end, "[", "]", limit: Self.longestLabel)
            switch target {
            case .wait: return .wait
            case .none: return .dropped(1)
            case .closed(let last):
                let label = text[(start + 2)..<(end - 1)]
                let isPlain = !label.contains { $0 == "[" || $0 == "]" || $0 == "<" || $0 == ":" || $0 == "/" }
                let isKnown = isInline && isPlain && addresses.contains(self.target(text[(end + 1)..<(last - 1)]))
                return isKnown ? .plain(last - start) : .dropped(last - start)
            }
        }
    }

    /// `](address)` after a text too long to be looked at.
    private func strayClose(_ addresses: SourceAddresses) -> Construct {
        guard start + 1 < text.count else { return isFinal ? .plain(1) : .wait }
        switch text[start + 1] {
        case "(":
            switch span(from: start + 1, "(", ")", limit: Self.longestDestination) {
            case .wait: return .wait
            case .none: return .longDestination(text[start..<start], 2)
            case .closed(let end):
                return addresses.contains(target(text[(start + 2)..<(end - 1)]))
                    ? .plain(end - start) : .dropped(end - start)
            }
        case ":": return .dropped(1)
        default: return .plain(1)
        }
    }

    /// `【1】` and `【1†source】`, as some models write.
    private func lenticular() -> Construct {
        switch span(from: start, "【", "】", limit: 24) {
        case .wait: return .wait
        case .none: return .plain(1)
        case .closed(let end):
            if PromptText.isHumanAgentLabel(text[(start + 1)..<(end - 1)]) { return .dropped(end - start) }
            let label = text[(start + 1)..<(end - 1)].prefix { $0 != "†" }
            guard case .numbers(let numbers) = Marker(label) else { return .plain(1) }
            return .citation(numbers, end - start, breaksDefinition: false)
        }
    }

    // MARK: HTML

    private static let droppedTags: Set<String> = [
        "a", "img", "image", "picture", "iframe", "frame", "script", "style", "link", "meta", "base", "object", "embed",
        "applet",
        "form", "input", "button", "video", "audio", "source", "track", "svg", "math", "portal", "template", "html",
        "body",
    ]

    private static let longestName = 32
    /// Scalars within which an attribute shows that something is a tag.
    private static let longestAttributes = 256

    private func tag(_ addresses: SourceAddresses) -> Construct {
        var end = start + 1
        if end < text.count, text[end] == "/" { end += 1 }
        let nameStart = end
        while end < text.count, end - nameStart < Self.longestName, isTagLetter(text[end]) { end += 1 }
        guard end < text.count || isFinal else { return .wait }
        let name = String(String.UnicodeScalarView(text[nameStart..<end])).lowercased()
        let next = end < text.count ? text[end] : " "
        guard let first = name.unicodeScalars.first, Characters.isASCIILetter(first.value) else { return .plain(1) }
        if next == ":" { return angleAddress(name, addresses) }
        if !Self.droppedTags.contains(name) {
            return Self.isBlank(next) || next == "/" ? otherTag(from: end) : .plain(1)
        }
        guard !isTagLetter(next) else { return .plain(1) }
        var close = end
        while close < text.count, close - start < Self.longestTag, text[close] != ">" { close += 1 }
        if close < text.count, text[close] == ">" { return .dropped(close + 1 - start) }
        return close - start >= Self.longestTag || isFinal ? .dropped(1) : .wait
    }

    private static let schemes: Set<String> = [
        "http", "https", "ftp", "mailto", "javascript", "data", "tel", "sms", "vbscript", "file", "blob",
    ]

    /// `<scheme:…>`: a link in Markdown, whatever the scheme is.
    private func angleAddress(_ name: String, _ addresses: SourceAddresses) -> Construct {
        let isKnownScheme = Self.schemes.contains(name)
        var close = start + 1
        while close < text.count, close - start < Self.longestTag, text[close] != ">" {
            if !isKnownScheme, Characters.isSpace(text[close].value) || text[close] == "<" { return .plain(1) }
            close += 1
        }
        if close < text.count, text[close] == ">" {
            let inside = text[(start + 1)..<close]
            return addresses.contains(inside) ? .plain(close + 1 - start) : .dropped(close + 1 - start)
        }
        guard close - start >= Self.longestTag || isFinal else { return .wait }
        return isKnownScheme ? .dropped(1) : .plain(1)
    }

    /// A tag that is harmless by itself, such as `<div>`, is none with attributes: any of them may load or run something.
    private func otherTag(from nameEnd: Int) -> Construct {
        var index = nameEnd
        var hasAttribute = false
        while index < text.count, index - start < Self.longestAttributes {
            switch text[index] {
            case ">": return hasAttribute ? .dropped(index + 1 - start) : .plain(1)
            case "<": return .plain(1)
            case "=": hasAttribute = true
            case "\n" where text[index - 1] == "\n": return .plain(1)
            default: break
            }
            index += 1
        }
        return index < text.count || isFinal ? .plain(1) : .wait
    }

    private func isTagLetter(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && (Characters.isASCIILetter(scalar.value) || Characters.isDigit(scalar.value) || scalar == "-")
    }

    // MARK: Addresses

    private static let openings: [[Unicode.Scalar]] = ["https://", "http://", "ftp://", "www."].map {
        Array($0.unicodeScalars)
    }

    private func address(_ addresses: SourceAddresses) -> Construct {
        switch opening() {
        case .some(true): break
        case .some(false): return .wait
        case .none: return .plain(1)
        }
        let longest = max(addresses.longest, 8) + Self.longestMarks
        var end = start
        while end < text.count, end - start <= longest, Self.isAddressScalar(text[end]) { end += 1 }
        if end - start > longest { return .longAddress(end - start) }
        guard end < text.count || isFinal else { return .wait }
        let length = trimmedLength(from: start, to: end)
        return addresses.contains(text[start..<start + length]) ? .plain(length) : .dropped(length)
    }

    /// Whether an address opens here: true, false when it may once more has come, nil when not.
    private func opening() -> Bool? {
        var mayOpen = false
        for opening in Self.openings {
            // Letters before "www." make it part of a word.
            if opening[0] == "w", Characters.isASCIILetter(previous.value) { continue }
            let available = text[start...].prefix(opening.count)
            let matches = zip(available, opening).allSatisfy { $0.properties.lowercaseMapping == String($1) }
            if matches, available.count == opening.count { return true }
            mayOpen = mayOpen || matches
        }
        return mayOpen && !isFinal ? false : nil
    }

    static func mayOpenAddress(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "h", "H", "f", "F", "w", "W": true
        default: false
        }
    }

    /// The length of the address that starts here, in a text that is all there; nil when none does.
    func addressLength() -> Int? {
        guard Self.mayOpenAddress(text[start]), opening() == true else { return nil }
        var end = start
        while end < text.count, Self.isAddressScalar(text[end]) { end += 1 }
        return trimmedLength(from: start, to: end)
    }

    /// How much of the rest of a long address stands here, and whether it ends there; nil when more has to come to tell.
    /// Closing marks at its end are text.
    func addressRest() -> (length: Int, isEnd: Bool)? {
        var end = start
        while end < text.count, Self.isAddressScalar(text[end]) { end += 1 }
        var kept = end
        while kept > start, Self.isClosingMark(text[kept - 1]) { kept -= 1 }
        if end < text.count || isFinal { return (end - kept > Self.longestMarks ? end - start : kept - start, true) }
        // So many marks are part of the address, whatever follows.
        if end - kept > Self.longestMarks { return (end - start, false) }
        return kept > start ? (kept - start, false) : nil
    }

    func trimmedLength(from start: Int, to end: Int) -> Int {
        var kept = end
        while kept > start, Self.isClosingMark(text[kept - 1]) {
            if text[kept - 1] == ")", text[start..<kept].contains("(") { break }
            kept -= 1
        }
        return (end - kept > Self.longestMarks ? end : kept) - start
    }

    private static func isClosingMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case ".", ",", ";", ":", "!", "?", "*", "_", "~", "'", ")": true
        default: false
        }
    }

    static func isAddressScalar(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value > 0x20, scalar.value < 0x7F else { return false }
        return !["<", ">", "\"", "`", "{", "}", "|", "\\", "^", "[", "]"].contains(scalar)
    }
}
