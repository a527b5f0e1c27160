import Domain
import Foundation

/// How texts fall into the words by which they are found. Done here and not by a database, so that both find the same.
///
/// - Letters are compared without case, accents and width (`Zoë`, `ZOE` and `ｚｏｅ` are one).
/// - Scripts that write no spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) fall into pairs of neighbours, and the last
///   character by itself: a query of one character finds every pair that begins with it.
/// - What holds an `@` is also a word as a whole.
/// - A telephone number is its digits, from the front and, marked with `#`, from the back.
enum SearchText {
    /// Longer words are cut. Four bytes each fit the column.
    static let maximumWordScalars = 48
    /// Words of one row; more than any field allows.
    static let maximumWords = 500

    static func words(ofSubject subject: String?) -> Set<String> {
        guard let subject else { return [] }
        return Set(words(of: subject).prefix(maximumWords))
    }

    static func words(of contact: Contact) -> Set<String> {
        words(
            of: [contact.name, contact.email, contact.claimedEmail, contact.externalId], phone: contact.phone)
    }

    static func words(of texts: [String?], phone: String?) -> Set<String> {
        var found: [String] = []
        for text in texts { if let text { found += words(of: text) } }
        if let phone {
            let digits = digits(of: phone)
            if !digits.isEmpty { found += [cut(digits), cut(reversed(digits))] }
            found += words(of: phone)
        }
        return Set(found.prefix(maximumWords))
    }

    /// The words of a text, in its order.
    static func words(of text: String) -> [String] {
        var words: [String] = []
        for chunk in chunks(of: text) {
            if chunk.contains("@") { words.append(cut(chunk)) }
            for run in runs(of: chunk) {
                switch run {
                case .word(let word): words.append(cut(word))
                case .unspaced(let characters):
                    for (first, second) in zip(characters, characters.dropFirst()) { words.append("\(first)\(second)") }
                    if let last = characters.last { words.append(String(last)) }
                }
            }
        }
        return words
    }

    /// Parts between spaces, folded, without the punctuation around them.
    static func chunks(of text: String) -> [String] {
        folded(text).split(whereSeparator: \.isWhitespace).compactMap { chunk in
            let scalars = chunk.unicodeScalars
            guard let first = scalars.firstIndex(where: isOfWord), let last = scalars.lastIndex(where: isOfWord) else {
                return nil
            }
            return String(scalars[first...last])
        }
    }

    enum Run {
        case word(String)
        case unspaced([Unicode.Scalar])
    }

    /// Words, and runs of characters that are written without spaces, of a folded text.
    static func runs(of text: String) -> [Run] {
        var runs: [Run] = []
        var word = ""
        var unspaced: [Unicode.Scalar] = []
        func end() {
            if !word.isEmpty { runs.append(.word(word)) }
            if !unspaced.isEmpty { runs.append(.unspaced(unspaced)) }
            word = ""
            unspaced = []
        }
        for scalar in text.unicodeScalars {
            if isUnspaced(scalar) {
                if !word.isEmpty { end() }
                unspaced.append(scalar)
            } else if isOfWord(scalar) {
                if !unspaced.isEmpty { end() }
                word.unicodeScalars.append(scalar)
            } else {
                end()
            }
        }
        end()
        return runs
    }

    /// Without case, accents and width.
    static func folded(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.lowercased() }
        let decomposed = text.decomposedStringWithCompatibilityMapping.lowercased()
        var plain = String.UnicodeScalarView()
        for scalar in decomposed.unicodeScalars where !(0x300...0x36F).contains(scalar.value) { plain.append(scalar) }
        // Put together again what is no accent: syllables of Korean, voiced kana.
        return String(plain).precomposedStringWithCanonicalMapping
    }

    static func digits(of text: String) -> String {
        String(String.UnicodeScalarView(folded(text).unicodeScalars.filter { ("0"..."9").contains($0) }))
    }

    /// The word by which the end of a number is found.
    static func reversed(_ digits: String) -> String { "#" + String(digits.reversed()) }

    static func cut(_ word: String) -> String {
        let scalars = word.unicodeScalars
        return scalars.count <= maximumWordScalars
            ? word : String(String.UnicodeScalarView(scalars.prefix(maximumWordScalars)))
    }

    private static func isOfWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x30...0x39, 0x61...0x7A, 0x41...0x5A: return true
        case ..<0x80: return false
        default: break
        }
        let properties = scalar.properties
        if properties.isAlphabetic || properties.numericType != nil { return true }
        switch properties.generalCategory {
        // Signs of Indian and other scripts; and emoji, which people put into names and look for.
        case .nonspacingMark, .spacingMark, .otherSymbol: return true
        default: return false
        }
    }

    private static func isUnspaced(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case ..<0xE00: false
        // Thai and Lao, Burmese, Khmer.
        case 0xE00...0xEFF, 0x1000...0x109F, 0x1780...0x17FF: isOfWord(scalar)
        // Marks of Han, kana, Han with its extensions.
        case 0x3005...0x3007, 0x3041...0x3096, 0x309D...0x309F, 0x30A1...0x30FA, 0x30FC...0x30FF, 0x31F0...0x31FF,
            0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x323AF:
            true
        default: false
        }
    }
}
