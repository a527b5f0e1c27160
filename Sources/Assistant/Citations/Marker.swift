/// What a pair of square brackets in a reply says.
enum Marker: Equatable {
    /// `[1]`, `[1, 2]`, `[[s1]]`, `[^1]`, `[来源1]`.
    case numbers([Int])
    /// ``ReplyMarker/unknown``.
    case unknown
    case text

    var isNumbers: Bool { if case .numbers = self { true } else { false } }

    /// A source's number has at most two digits: `[2024]` is a year.
    private static let largest = 99
    private static let longest = 40

    /// - Parameter label: what stands between the brackets.
    init(_ label: ArraySlice<Unicode.Scalar>) {
        self = .text
        guard label.count <= Self.longest else { return }
        var inner = String(String.UnicodeScalarView(label)).lowercased()
        let isDouble = inner.hasPrefix("[") && inner.hasSuffix("]") && inner.count > 2
        if isDouble { inner = String(inner.dropFirst().dropLast()) }
        if isDouble, inner.filter({ !$0.isWhitespace }) == "unknown" {
            self = .unknown
            return
        }
        var numbers: [Int] = []
        for part in inner.split(whereSeparator: { ",，、;； ".contains($0) }) {
            guard let range = Self.range(part) else { return }
            numbers += range
        }
        if !numbers.isEmpty { self = .numbers(numbers) }
    }

    private static let prefixes = ["sources", "source", "来源", "來源", "src", "s", "^", "#"]

    private static func range(_ part: Substring) -> ClosedRange<Int>? {
        var part = part
        for prefix in prefixes where part.hasPrefix(prefix) {
            part = part.dropFirst(prefix.count)
            break
        }
        let ends = part.split(separator: "-", omittingEmptySubsequences: false)
        guard (1...2).contains(ends.count), let first = number(ends[0]), let last = number(ends[ends.count - 1]),
            first <= last
        else { return nil }
        return first...last
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text) else {
            return nil
        }
        return number <= largest ? number : nil
    }
}
