/// The elements of an HTML text, nested as browsers nest them where authors left end tags out or in the wrong order.
///
/// Only what texts need of the standard's tree construction (13.2.6): implied end tags, and end tags that close what was
/// left open inside.
struct HTMLTree {
    struct Node {
        /// Nil for text.
        var name: String?
        var text = ""
        var attributes: [String: String] = [:]
        var children: [Int] = []
        /// Whether something below it stands on a line of its own.
        var holdsBlocks = false
    }

    /// Elements inside each other; deeper ones are taken for part of the one they stand in. Pages have some forty.
    private static let maximumDepth = 100

    private(set) var nodes = [Node(name: "html")]
    /// What the page says of itself.
    private(set) var title: String?
    private(set) var language: String?
    private(set) var base: String?
    private(set) var canonical: String?

    private var stack = [0]

    init(_ text: String) {
        var tokens = HTMLTokens(text)
        while let token = tokens.next() {
            switch token {
            case .text(let text): add(Node(text: text))
            case .start(let name, let attributes): open(name, attributes)
            case .end(let name): close(name)
            }
        }
        stack = []
        for index in nodes.indices.reversed() where nodes[index].name != nil {
            nodes[index].holdsBlocks = nodes[index].children.contains {
                nodes[$0].holdsBlocks || nodes[$0].name.map(Self.blocks.contains) ?? false
            }
        }
        for index in nodes.indices where nodes[index].name == "title" && title == nil {
            title = Self.line(nodes[index].children.map { nodes[$0].text }.joined())
        }
    }

    // MARK: Building

    private var current: Int { stack.last ?? 0 }

    @discardableResult
    private mutating func add(_ node: Node) -> Int {
        nodes.append(node)
        nodes[current].children.append(nodes.count - 1)
        return nodes.count - 1
    }

    private mutating func open(_ name: String, _ attributes: [String: String]) {
        note(name, attributes)
        // The page's own, however often they are written.
        guard !["html", "head", "body"].contains(name) else { return }
        imply(before: name)
        let index = add(Node(name: name, attributes: attributes))
        guard !Self.void.contains(name), stack.count < Self.maximumDepth else { return }
        stack.append(index)
    }

    private mutating func note(_ name: String, _ attributes: [String: String]) {
        switch name {
        case "html", "body": language = language ?? attributes["lang"] ?? attributes["xml:lang"]
        case "base": base = base ?? attributes["href"]
        case "link":
            if attributes["rel"]?.lowercased() == "canonical" { canonical = canonical ?? attributes["href"] }
        default: break
        }
    }

    /// Ends what the beginning of `name` ends.
    private mutating func imply(before name: String) {
        switch name {
        case "li": closeOpen(["li"], within: ["ul", "ol", "menu"])
        case "dt", "dd": closeOpen(["dt", "dd"], within: ["dl"])
        case "td", "th": closeOpen(["td", "th"], within: ["tr", "table"])
        case "tr": closeOpen(["tr", "caption"], within: ["table"])
        case "tbody", "thead", "tfoot": closeOpen(["tbody", "thead", "tfoot", "caption"], within: ["table"])
        case "a": closeOpen(["a"], within: Self.scopes)
        case "option", "optgroup": closeOpen(["option"], within: ["select"])
        default: break
        }
        if Self.endsParagraph.contains(name) { closeOpen(["p"], within: Self.scopes) }
        if Self.headings.contains(name), let open = nodes[current].name, Self.headings.contains(open) {
            stack.removeLast()
        }
    }

    private mutating func close(_ name: String) {
        switch name {
        case "html", "head", "body": return
        case "br": add(Node(name: "br"))
        case _ where Self.headings.contains(name): closeOpen(Self.headings, within: Self.scopes)
        case "td", "th", "tr", "tbody", "thead", "tfoot", "caption": closeOpen([name], within: ["table"])
        case "table": closeOpen([name], within: [])
        default: closeOpen([name], within: Self.scopes)
        }
    }

    /// Ends the innermost open one of `names`, with what is open inside it, unless one of `bounds` stands between.
    private mutating func closeOpen(_ names: Set<String>, within bounds: Set<String>) {
        for place in stack.indices.dropFirst().reversed() {
            guard let name = nodes[stack[place]].name else { continue }
            if names.contains(name) { return stack.removeLast(stack.count - place) }
            if bounds.contains(name) { return }
        }
    }

    /// Text on one line.
    static func line(_ text: String) -> String {
        text.unicodeScalars.split { Characters.isSpace($0.value) }.map { String($0) }.joined(separator: " ")
    }

    // MARK: Kinds of elements

    static let headings: Set<String> = ["h1", "h2", "h3", "h4", "h5", "h6"]

    static let void: Set<String> = [
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
    ]

    /// What stands on lines of its own.
    static let blocks: Set<String> = headings.union([
        "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "dir",
        "div",
        "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "legend", "li",
        "main",
        "menu", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr",
        "ul",
    ])

    private static let endsParagraph = blocks.subtracting(["caption", "td", "th", "tr", "tbody", "thead", "tfoot"])

    /// An end tag inside one of these does not end what stands around it.
    private static let scopes: Set<String> = ["td", "th", "table", "caption", "object", "template"]
}
