/// How many tokens a text is, without any model's tokenizer.
///
/// Weighted by kind of character and rounded up. "Four characters a token" undercounts Chinese two to three times; DeepSeek
/// publishes about 0.6 a Chinese and 0.3 an English character.
public enum TokenEstimate {
    static let han = 0.8
    static let otherScript = 1.2
    static let letterOrDigit = 0.3
    static let symbol = 0.5
    static let space = 0.1
    /// Of a tool's description, for each byte of its JSON.
    static let schemaByte = 0.35
    /// What each message, and the request, costs beside its text.
    static let perMessage = 4
    static let perRequest = 3

    /// What the descriptions of tools cost, all together.
    /// - Parameter bytes: of their JSON.
    public static func tokens(ofSchema bytes: Int) -> Int {
        Int((Double(max(bytes, 0)) * schemaByte).rounded(.up))
    }

    public static func tokens(in text: String) -> Int {
        var sum = 0.0
        for scalar in text.unicodeScalars {
            let value = scalar.value
            switch value {
            case _ where Characters.isSpace(value): sum += space
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: sum += letterOrDigit
            case 0..<0x80: sum += symbol
            case _ where Characters.isHan(value): sum += han
            case 0x3000...0x303F, 0xFF00...0xFF60: sum += han
            case 0x80..<0x250: sum += symbol
            default: sum += otherScript
            }
        }
        return Int(sum.rounded(.up))
    }
}
