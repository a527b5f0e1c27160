import Domain
import Foundation

/// An article in an HTML page.
enum HTMLPage {
    static func article(_ bytes: [UInt8], name: String) throws(ImportProblems) -> ImportedText {
        let text: String
        do {
            text = try TextEncoding.text(of: bytes, declared: declaredEncoding(of: bytes))
        } catch {
            throw ImportProblems([error])
        }
        let tree = HTMLTree(text)
        var markdown = HTMLMarkdown(tree)
        let (heading, content) = markdown.read()
        let title = [heading, tree.title, firstHeading(in: content), name].compactMap(\.self).first { !$0.isEmpty }
        return ImportedText(
            title: title ?? name, content: content, locale: locale(tree.language, of: content), line: 1)
    }

    /// The encoding that the beginning of a page names: `<meta charset=…>`, or the same in an `http-equiv`. A meta element
    /// of a page whose bytes are not known yet can only be looked for byte by byte (13.2.3.2).
    private static func declaredEncoding(of bytes: [UInt8]) -> TextEncoding? {
        let head = bytes.prefix(4096).map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        let wanted = Array("charset=".utf8)
        guard head.count > wanted.count else { return nil }
        for start in 0..<(head.count - wanted.count) where head[start] == wanted[0] {
            guard head[start..<(start + wanted.count)].elementsEqual(wanted) else { continue }
            let label = head[(start + wanted.count)...].drop { $0 == 0x20 || $0 == 0x22 || $0 == 0x27 }.prefix { byte in
                Characters.isASCIILetter(UInt32(byte)) || Characters.isDigit(UInt32(byte)) || byte == 0x2D
                    || byte == 0x5F
            }
            return TextEncoding(label: String(decoding: label, as: UTF8.self))
        }
        return nil
    }

    private static func firstHeading(in content: String) -> String? {
        for case .heading(_, let text) in MarkdownBlock.all(in: content) { return text }
        return nil
    }

    /// What a page says its language is, where the words do not say otherwise: templates say `en` whatever is in them.
    private static func locale(_ declared: String?, of content: String) -> String? {
        guard let tag = declared.flatMap({ LocaleTag($0) }) else { return nil }
        guard let detected = Language.detect(in: content) else { return tag.text }
        return Language(locale: tag.text) == detected ? tag.text : nil
    }

    // MARK: What stands beside the text

    /// Whether a page's element is for programs, or for getting around on the site.
    static func isBeside(_ node: HTMLTree.Node) -> Bool {
        guard let name = node.name else { return false }
        if unread.contains(name) { return true }
        if let role = node.attributes["role"]?.lowercased(), unreadRoles.contains(role) { return true }
        guard containers.contains(name), let classes = node.attributes["class"] else { return false }
        return classes.lowercased().split(separator: " ").contains { unreadClasses.contains(String($0)) }
    }

    private static let unread: Set<String> = [
        "script", "style", "noscript", "template", "iframe", "object", "embed", "svg", "math", "canvas", "audio",
        "video",
        "map", "nav", "footer", "aside", "button", "select", "option", "optgroup", "datalist", "textarea", "input",
        "dialog", "title", "noframes", "frameset", "progress", "meter",
    ]

    private static let unreadRoles: Set<String> = [
        "navigation", "banner", "contentinfo", "complementary", "search", "menu", "menubar", "dialog", "button",
        "toolbar",
    ]

    private static let containers: Set<String> = ["div", "section", "ul", "ol", "span", "p", "form", "header", "table"]

    private static let unreadClasses: Set<String> = [
        "nav", "navbar", "navigation", "breadcrumb", "breadcrumbs", "sidebar", "side-bar", "pagination", "pager",
        "menu",
        "footer", "site-header", "site-footer", "page-footer", "cookie-banner", "cookie-notice", "skip-link", "toc",
        "table-of-contents", "share", "social-share", "related-articles", "article-votes", "article-relatives",
    ]
}

/// Links of a page.
struct HTMLLinks {
    private let base: URL?

    init(base: String?) {
        self.base = base.flatMap { URL(string: $0) }
    }

    /// A link as Markdown; its words alone where it leads nowhere that a customer could go.
    /// - Parameter text: the words, with space around them where there is some.
    func markdown(_ text: String, to href: String?) -> String {
        let words = HTMLTree.line(text)
        guard !words.isEmpty, !words.contains("]"), let address = href.flatMap(address) else { return text }
        let before = text.first?.isWhitespace ?? false ? " " : ""
        let after = text.last?.isWhitespace ?? false ? " " : ""
        return before + "[\(words.replacing("[", with: ""))](\(address))" + after
    }

    private func address(_ href: String) -> String? {
        let href = Sentences.trimmed(href)
        guard !href.isEmpty, !href.hasPrefix("#"), href.utf8.count <= 2000 else { return nil }
        let scheme = href.prefix { $0 != ":" && $0 != "/" && $0 != "?" && $0 != "#" }
        if scheme.endIndex < href.endIndex, href[scheme.endIndex] == ":" {
            // `java\nscript:` is one too, for browsers.
            guard ["http", "https", "mailto", "tel"].contains(scheme.lowercased()) else { return nil }
            return Self.escaped(href)
        }
        guard let base, let url = URL(string: href, relativeTo: base) else { return Self.escaped(href) }
        return Self.escaped(url.absoluteString)
    }

    /// Without what would end the link in Markdown.
    private static func escaped(_ address: String) -> String {
        var result = ""
        for scalar in address.unicodeScalars {
            switch scalar {
            case "(": result += "%28"
            case ")": result += "%29"
            case "<": result += "%3C"
            case ">": result += "%3E"
            case let scalar where Characters.isSpace(scalar.value) || scalar.value < 0x20: result += "%20"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
