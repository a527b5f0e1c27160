/// The addresses that stand in the sources: the only ones that a reply may hold.
struct SourceAddresses: Sendable, Equatable {
    private var addresses: Set<String> = []
    /// Scalars of the longest; what is longer is none of them.
    private(set) var longest = 0

    init(_ passages: [Passage]) {
        for passage in passages {
            for text in [passage.text, passage.title] { collect(Array(text.unicodeScalars)) }
        }
    }

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
        var index = 0
        while index < text.count {
            let scanner = ReplyScanner(text, at: index, isFinal: true)
            if let length = scanner.addressLength() {
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
