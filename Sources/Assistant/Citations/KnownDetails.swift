/// Numbers, addresses and keys that a reply may hold because they stand in what it rests on: sources and conversation.
struct KnownDetails: Sendable, Equatable {
    /// Runs of digits, without what separates them.
    private var numbers: Set<String> = []
    /// In lower case.
    private var emails: Set<String> = []
    private var keys: Set<String> = []

    /// Digits from which on a number is worth remembering.
    private static let shortest = 7
    /// Digits that may stand before a known number: `+86`, `0086`.
    private static let longestPrefix = 4

    /// - Parameters:
    ///   - sources: what the company has published.
    ///   - conversation: what was said. Keys that stand there alone are not repeated.
    init(sources: [String], conversation: [String]) {
        for text in sources { collect(text, withKeys: true) }
        for text in conversation { collect(text, withKeys: false) }
    }

    func containsNumber(_ digits: String) -> Bool {
        if numbers.contains(where: { $0.contains(digits) }) { return true }
        return (1...Self.longestPrefix).contains { count in
            digits.count - count >= Self.shortest && numbers.contains(String(digits.dropFirst(count)))
        }
    }

    func containsEmail(_ address: String) -> Bool { emails.contains(address.lowercased()) }
    func containsKey(_ key: String) -> Bool { keys.contains(key) }

    private mutating func collect(_ text: String, withKeys: Bool) {
        var digits = ""
        var gap = 0
        var word = ""
        func close(_ details: inout Self) {
            if digits.utf8.count >= Self.shortest { details.numbers.insert(digits) }
            digits = ""
        }
        func closeWord(_ details: inout Self) {
            var whole = Substring(word)
            while let last = whole.last, last == "." || last == "-" { whole = whole.dropLast() }
            if whole.contains("@") { details.emails.insert(whole.lowercased()) }
            if withKeys, whole.utf8.count >= DetailScanner.shortestKey { details.keys.insert(String(whole)) }
            word = ""
        }
        for scalar in PromptText.clean(text).unicodeScalars {
            if Characters.isDigit(scalar.value) {
                digits.unicodeScalars.append(scalar)
                gap = 0
            } else if DetailScanner.isSeparator(scalar), gap < DetailScanner.longestGap {
                gap += 1
            } else {
                close(&self)
            }
            if DetailScanner.isMailboxScalar(scalar) || scalar == "@" {
                word.unicodeScalars.append(scalar)
            } else {
                closeWord(&self)
            }
        }
        close(&self)
        closeWord(&self)
    }
}
