/// The addresses that stand in the sources: the only ones that a reply may hold.
struct SourceAddresses: Sendable, Equatable {
    private var addresses: Set<String> = []
    /// `://…` of whichever scheme.
    private var tails: Set<String> = []
    /// Names of hosts, and the same with what follows them, without a scheme, in lower case.
    private var hosts: Set<String> = []
    private var bare: Set<String> = []
    /// Scalars of the longest; what is longer is none of them.
    private(set) var longest = 0

    /// - Parameter conversation: what was said. A host that stands there may be named, but nothing on it.
    init(_ passages: [Passage], conversation: [String] = []) {
        for passage in passages {
            for text in [passage.text, passage.title] { collect(Array(text.unicodeScalars)) }
        }
        for text in conversation where text.utf8.contains(0x2E) {
            let scalars = Array(text.unicodeScalars)
            for index in scalars.indices where scalars[index] == "." {
                guard let found = ReplyScanner(scalars, at: index, isFinal: true).bareAddress() else { continue }
                hosts.insert(Self.bareKey(found.host))
            }
        }
    }

    func containsTail(_ tail: some Sequence<Unicode.Scalar>) -> Bool { tails.contains(Self.key(tail)) }

    func containsHost(_ host: some Sequence<Unicode.Scalar>) -> Bool { hosts.contains(Self.bareKey(host)) }

    func containsBare(_ address: some Sequence<Unicode.Scalar>) -> Bool { bare.contains(Self.bareKey(address)) }

    private static func bareKey(_ address: some Sequence<Unicode.Scalar>) -> String { key(address).lowercased() }

    /// Whether `address` is a source's, to the letter but for a slash at the end. A longer path or another query would be
    /// room to carry something out.
    func contains(_ address: some Sequence<Unicode.Scalar>) -> Bool {
        addresses.contains(Self.key(address))
    }

    private static func key(_ address: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: address)
        if view.last == "/" { view.removeLast() }
        return String(view)
    }

    private mutating func insert(_ address: ArraySlice<Unicode.Scalar>) {
        guard !address.isEmpty else { return }
        addresses.insert(Self.key(address))
        longest = max(longest, address.count)
    }

    private mutating func collect(_ text: [Unicode.Scalar]) {
        for index in text.indices where text[index] == ":" || text[index] == "." {
            let scanner = ReplyScanner(text, at: index, isFinal: true)
            if let length = scanner.schemeTailLength() { tails.insert(Self.key(text[index..<index + length])) }
            if let found = scanner.bareAddress() {
                hosts.insert(Self.bareKey(found.host))
                bare.insert(Self.bareKey(found.address))
                longest = max(longest, found.address.count)
            }
        }
        var index = 0
        while index < text.count {
            if ReplyScanner.mayOpenAddress(text[index]),
                let length = ReplyScanner(text, at: index, isFinal: true).addressLength()
            {
                insert(text[index..<index + length])
                index += length
                continue
            }
            // Relative addresses only count as the target of a link.
            if text[index] == "]", index + 1 < text.count, text[index + 1] == "(",
                let end = text[index...].firstIndex(of: ")")
            {
                let target = text[(index + 2)..<end]
                insert(target.prefix { !Characters.isSpace($0.value) })
            }
            index += 1
        }
    }
}
