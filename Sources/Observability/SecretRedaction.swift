/// The last line of defence against secrets in the log.
///
/// Code that logs must not hand secrets over in the first place; this catches what slips through: fields whose name
/// says that they are secret, and the well-known shapes of secrets inside text (a ticket in a URL, a bearer header).
public enum SecretRedaction {
    /// What stands in the log instead of the secret.
    public static let replacement = "[redacted]"

    /// Whether a field of this name is hidden whatever it holds.
    public static func hides(key: String) -> Bool {
        let words = words(of: key)
        guard let last = words.last, !measures.contains(last) else { return false }
        for (index, word) in words.enumerated() {
            if secretWords.contains(word) || secretEndings.contains(where: word.hasSuffix) { return true }
            if word == "key", index > 0, secretKeyKinds.contains(words[index - 1]) { return true }
        }
        return false
    }

    /// `text` without the secrets that can be recognised in it, or nil when there is nothing to hide.
    static func scrubbed(_ text: [UInt8]) -> [UInt8]? {
        var result: [UInt8]?
        var index = 0
        var copied = 0
        while index < text.count {
            guard let secret = secret(in: text, at: index) else {
                index += 1
                continue
            }
            var output = result ?? []
            output.append(contentsOf: text[copied..<secret.lowerBound])
            output.append(contentsOf: replacement.utf8)
            result = output
            copied = secret.upperBound
            index = max(secret.upperBound, index + 1)
        }
        result?.append(contentsOf: text[copied...])
        return result
    }

    // MARK: Field names

    private static let secretWords: Set<String> = [
        "authorization", "passphrase", "passwd", "pwd", "jwt", "bearer", "credential", "credentials", "cookie",
    ]
    private static let secretEndings = ["password", "token", "ticket", "secret", "apikey"]
    /// `api_key` is secret, `idempotency_key` and `message_key` are not.
    private static let secretKeyKinds: Set<String> = ["api", "private", "encryption", "signing", "secret"]
    /// A name that ends in one of these says something about a secret, such as `first_token_ms`.
    private static let measures: Set<String> = [
        "seconds", "milliseconds", "ms", "count", "total", "budget", "limit", "bytes", "kind", "type", "status",
    ]

    /// `session_token`, `Session-Token` and `sessionToken` all give `["session", "token"]`.
    private static func words(of key: String) -> [String] {
        var words: [String] = []
        var word = ""
        var previousWasLower = false
        for scalar in key.unicodeScalars.prefix(LogLimits.keyBytes) {
            let isLetter = scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
            if !isLetter || (previousWasLower && scalar.properties.isUppercase) {
                if !word.isEmpty { words.append(word.lowercased()) }
                word = ""
            }
            if isLetter { word.unicodeScalars.append(scalar) }
            previousWasLower = scalar.properties.isLowercase
        }
        if !word.isEmpty { words.append(word.lowercased()) }
        return words
    }

    // MARK: Shapes inside text

    /// Names that give their value away in `name=value` and in `"name":"value"`.
    private static let namedSecrets: [[UInt8]] = [
        "ticket", "token", "password", "secret", "authorization", "api_key", "apikey", "cookie",
    ].map { Array($0.utf8) }
    /// Beginnings of secrets that are recognised without a name: API keys, and the header of a JWT.
    private static let prefixedSecrets: [[UInt8]] = ["ck_", "sk-", "eyJ"].map { Array($0.utf8) }
    /// Shorter than this, something that begins like a secret is a word.
    private static let shortestPrefixedSecret = 20
    private static let bearer = Array("bearer ".utf8)

    /// Where the secret stands that is announced at `index`, if one is.
    private static func secret(in text: [UInt8], at index: Int) -> Range<Int>? {
        switch text[index] | 0x20 {  // lower case
        case UInt8(ascii: "a"), UInt8(ascii: "p"), UInt8(ascii: "t"), UInt8(ascii: "c"), UInt8(ascii: "s"),
            UInt8(ascii: "e"):
            return namedSecret(in: text, at: index) ?? prefixedSecret(in: text, at: index)
        case UInt8(ascii: "b") where matches(bearer, in: text, at: index):
            return value(in: text, from: index + bearer.count)
        default: return nil
        }
    }

    private static func namedSecret(in text: [UInt8], at index: Int) -> Range<Int>? {
        for name in namedSecrets where matches(name, in: text, at: index) {
            var next = index + name.count
            if byte(text, next) == UInt8(ascii: "=") { return value(in: text, from: next + 1) }
            guard byte(text, next) == UInt8(ascii: "\"") else { continue }
            next += 1
            while byte(text, next) == UInt8(ascii: " ") { next += 1 }
            guard byte(text, next) == UInt8(ascii: ":") else { continue }
            next += 1
            while byte(text, next) == UInt8(ascii: " ") { next += 1 }
            guard byte(text, next) == UInt8(ascii: "\"") else { continue }
            return value(in: text, from: next + 1)
        }
        return nil
    }

    private static func prefixedSecret(in text: [UInt8], at index: Int) -> Range<Int>? {
        if index > 0, isTokenByte(text[index - 1]) { return nil }  // in the middle of a word
        for prefix in prefixedSecrets where text[index...].starts(with: prefix) {
            var end = index
            while let next = byte(text, end), isTokenByte(next) { end += 1 }
            if end - index >= shortestPrefixedSecret { return index..<end }
        }
        return nil
    }

    /// The value that starts at `start`: up to what ends a value in a URL, a header or JSON. Nil when it is empty.
    private static func value(in text: [UInt8], from start: Int) -> Range<Int>? {
        var end = start
        while let next = byte(text, end), !valueEnds.contains(next) { end += 1 }
        return end > start ? start..<end : nil
    }

    private static let valueEnds: Set<UInt8> = Set(" \t\r\n&\"',;<>)]}".utf8)

    private static func byte(_ text: [UInt8], _ index: Int) -> UInt8? {
        index < text.count ? text[index] : nil
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// Whether `text` has `word` (lower case) at `index`, in whatever case.
    private static func matches(_ word: [UInt8], in text: [UInt8], at index: Int) -> Bool {
        guard index + word.count <= text.count else { return false }
        for (offset, letter) in word.enumerated() {
            let found = text[index + offset]
            let lower = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(found) ? found | 0x20 : found
            if lower != letter { return false }
        }
        return true
    }
}
