/// Tells whether a telephone or account number, an e-mail address or a key begins at one place of a reply.
///
/// As with ``ReplyScanner``, an answer depends on the text alone, never on how much of it has arrived.
struct DetailScanner {
    enum Detail {
        case wait
        case none
        /// Digits in groups: lengths of digits and of what separates them.
        case number([Group])
        /// Scalars of the domain, its `@` included.
        case email(Int)
        case key(Int)
        case account(Int)
    }

    struct Group {
        /// Scalars between this group and the one before.
        var gap: Int
        var digits: [Unicode.Scalar]
    }

    /// Scalars of a number in groups, a key, an account number, a domain that are looked at.
    static let longestNumber = 48
    static let longestKey = 256
    static let longestAccount = 42
    static let longestDomain = 128
    static let shortestKey = 16
    static let longestGap = 2

    let text: [Unicode.Scalar]
    let start: Int
    /// What stood before the place.
    let previous: Unicode.Scalar
    let isFinal: Bool

    var detail: Detail {
        let scalar = text[start]
        if Characters.isDigit(scalar.value) { return Characters.isDigit(previous.value) ? .none : number() }
        if scalar == "@" || scalar == "＠" { return Self.isMailboxScalar(previous) ? email() : .none }
        guard Characters.isASCIILetter(scalar.value), !isWordPart(previous) else { return .none }
        switch key() {
        case .none: return account()
        case let found: return found
        }
    }

    static func isSeparator(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case " ", "-", ".", "(", ")", "\u{A0}", "\u{2010}", "\u{2011}", "\u{2013}": true
        default: false
        }
    }

    static func isMailboxScalar(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "%", "+", "-": true
        default: false
        }
    }

    private func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
        Characters.isASCIILetter(scalar.value) || Characters.isDigit(scalar.value)
    }

    private func number() -> Detail {
        var groups: [Group] = []
        var index = start
        var gap = 0
        while index - start < Self.longestNumber {
            var digits: [Unicode.Scalar] = []
            while index < text.count, index - start < Self.longestNumber, Characters.isDigit(text[index].value) {
                digits.append(text[index])
                index += 1
            }
            if index == text.count, !isFinal { return .wait }
            groups.append(Group(gap: gap, digits: digits))
            var next = index
            while next < text.count, next - index < Self.longestGap, Self.isSeparator(text[next]) { next += 1 }
            if next == text.count, !isFinal { return .wait }
            guard next > index, next < text.count, next - start < Self.longestNumber,
                Characters.isDigit(text[next].value)
            else { break }
            gap = next - index
            index = next
        }
        return .number(groups)
    }

    private func email() -> Detail {
        var index = start + 1
        while index < text.count, index - start < Self.longestDomain, ReplyScanner.isHostScalar(text[index]) {
            index += 1
        }
        if index == text.count, !isFinal { return .wait }
        while index > start, text[index - 1] == "." || text[index - 1] == "-" { index -= 1 }
        let domain = text[(start + 1)..<max(index, start + 1)]
        guard let dot = domain.lastIndex(of: "."), dot > domain.startIndex, domain.endIndex - dot > 2 else {
            return .none
        }
        return .email(index - start)
    }

    /// How keys begin that open something: of OpenAI and DashScope, GitHub, GitLab, Slack, AWS, Alibaba Cloud, Google, Stripe;
    /// and tokens that say who somebody is.
    private static let keyPrefixes: [[Unicode.Scalar]] = [
        "sk-", "sk_", "pk_live_", "rk_", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "AKIA",
        "LTAI",
        "AIza", "eyJ",
    ].map { Array($0.unicodeScalars) }

    private func key() -> Detail {
        var mayBe = false
        for prefix in Self.keyPrefixes {
            let available = text[start...].prefix(prefix.count)
            guard available.elementsEqual(prefix.prefix(available.count)) else { continue }
            if available.count < prefix.count {
                mayBe = true
                continue
            }
            var index = start
            while index < text.count, index - start < Self.longestKey, isKeyScalar(text[index]) { index += 1 }
            if index == text.count, index - start < Self.longestKey, !isFinal { return .wait }
            while index > start, text[index - 1] == "." { index -= 1 }
            return index - start >= Self.shortestKey ? .key(index - start) : .none
        }
        return mayBe && !isFinal ? .wait : .none
    }

    private func isKeyScalar(_ scalar: Unicode.Scalar) -> Bool {
        isWordPart(scalar) || scalar == "-" || scalar == "_" || scalar == "."
    }

    /// An IBAN, by its check digits: nothing else passes for one.
    private func account() -> Detail {
        var compact: [UInt32] = []
        var end: Int?
        var index = start
        while index < text.count, index - start < Self.longestAccount {
            let value = text[index].value
            if value == 0x20, compact.count >= 4, text[index - 1].value != 0x20 {
                index += 1
                continue
            }
            let isLetter = value >= 0x41 && value <= 0x5A
            let fits = compact.count < 2 ? isLetter : compact.count < 4 ? Characters.isDigit(value) : true
            guard fits, isLetter || Characters.isDigit(value), compact.count < 34 else { break }
            compact.append(value)
            index += 1
            if compact.count >= 15, Self.hasCheckDigits(compact) {
                let next = index < text.count ? text[index] : " "
                if index == text.count, !isFinal { return .wait }
                if !isWordPart(next) { end = index }
            }
        }
        if index == text.count, !isFinal, index - start < Self.longestAccount { return .wait }
        return end.map { .account($0 - start) } ?? .none
    }

    private static func hasCheckDigits(_ account: [UInt32]) -> Bool {
        var rest: UInt32 = 0
        for value in account[4...] + account[..<4] {
            if Characters.isDigit(value) {
                rest = (rest * 10 + value - 0x30) % 97
            } else {
                rest = (rest * 100 + value - 0x41 + 10) % 97
            }
        }
        return rest == 1
    }
}
