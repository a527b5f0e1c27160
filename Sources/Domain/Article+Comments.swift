extension Article {
    /// What the article says: its Markdown without comments, which are for whoever edits it.
    public var spokenContent: String { Self.spoken(content) }

    /// Markdown without `<!-- … -->`. One that never ends is none.
    public static func spoken(_ markdown: String) -> String {
        guard markdown.contains("<!--") else { return markdown }
        var rest = markdown[...]
        var spoken = ""
        while let start = rest.firstRange(of: "<!--"),
            let end = rest[start.upperBound...].firstRange(of: "-->")
        {
            spoken += rest[..<start.lowerBound]
            rest = rest[end.upperBound...]
        }
        return spoken + rest
    }

    /// Whether there is something to tell a customer.
    public static func isSaying(_ markdown: String) -> Bool {
        spoken(markdown).unicodeScalars.contains { !$0.properties.isWhitespace }
    }
}
