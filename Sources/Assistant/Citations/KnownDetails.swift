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
        // Bytes, because a conversation has many thousands of them and all that is looked for is ASCII.
        var digits: [UInt8] = []
        var gap = 0
        var word: [UInt8] = []
        var isMail = false
        for scalar in text.unicodeScalars {
            if scalar.value >= 0x80, Characters.isInvisible(scalar.value) { continue }
            let byte = UInt8(truncatingIfNeeded: scalar.value)
            if Characters.isDigit(scalar.value) {
                digits.append(byte)
                gap = 0
            } else if !digits.isEmpty {
                if gap < DetailScanner.longestGap, DetailScanner.isSeparator(scalar) {
                    gap += 1
                } else {
                    closeNumber(&digits)
                }
            }
            if scalar == "@" || DetailScanner.isMailboxScalar(scalar) {
                word.append(byte)
                isMail = isMail || scalar == "@"
            } else if !word.isEmpty {
                closeWord(&word, &isMail, withKeys)
            }
        }
        closeNumber(&digits)
        closeWord(&word, &isMail, withKeys)
    }

    private mutating func closeNumber(_ digits: inout [UInt8]) {
        if digits.count >= Self.shortest { numbers.insert(String(decoding: digits, as: UTF8.self)) }
        digits.removeAll(keepingCapacity: true)
    }

    private mutating func closeWord(_ word: inout [UInt8], _ isMail: inout Bool, _ withKeys: Bool) {
        if isMail || (withKeys && word.count >= DetailScanner.shortestKey) {
            while let last = word.last, last == 0x2E || last == 0x2D { word.removeLast() }
            let whole = String(decoding: word, as: UTF8.self)
            if isMail { emails.insert(whole.lowercased()) }
            if withKeys, word.count >= DetailScanner.shortestKey { keys.insert(whole) }
        }
        word.removeAll(keepingCapacity: true)
        isMail = false
    }
}
