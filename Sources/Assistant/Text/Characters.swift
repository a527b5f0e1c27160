/// Kinds of characters, as far as search, phrase tables and token estimates tell them apart.
enum Characters {
    /// Chinese characters of the blocks in everyday use, and the two common extensions.
    static func isHan(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x323AF, 0xF900...0xFAFF, 0x3005, 0x3007: true
        default: false
        }
    }

    /// Scripts written without spaces between words, which are searched by pairs of characters: Chinese, kana, hangul,
    /// Thai, Lao, Khmer, Burmese.
    static func isUnspaced(_ scalar: UInt32) -> Bool {
        if scalar < 0x0E00 { return false }
        if isHan(scalar) { return true }
        switch scalar {
        case 0x3041...0x30FF, 0x31F0...0x31FF, 0xAC00...0xD7A3, 0x0E01...0x0EFF, 0x1780...0x17D3, 0x1000...0x109F:
            return true
        default: return false
        }
    }

    static func isDigit(_ scalar: UInt32) -> Bool { scalar >= 0x30 && scalar <= 0x39 }

    static func isASCIILetter(_ scalar: UInt32) -> Bool {
        (scalar >= 0x61 && scalar <= 0x7A) || (scalar >= 0x41 && scalar <= 0x5A)
    }

    /// A letter of a script whose words are separated by spaces.
    static func isSpacedLetter(_ scalar: UInt32) -> Bool {
        if scalar < 0x80 { return isASCIILetter(scalar) }
        if isUnspaced(scalar) { return false }
        return Unicode.Scalar(scalar)?.properties.isAlphabetic ?? false
    }

    static func isSpace(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x20, 0x09...0x0D, 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    /// Characters that people do not see but programs do: controls except line feed and tab, zero-width and
    /// bidirectional controls, the tag block, noncharacters. They hide instructions from human readers and split words
    /// that are compared, so they are taken out of everything that is compared or shown to a model.
    static func isInvisible(_ scalar: UInt32) -> Bool {
        if scalar < 0x80 { return (scalar < 0x20 && scalar != 0x0A && scalar != 0x09) || scalar == 0x7F }
        switch scalar {
        case 0x80...0x84, 0x86...0x9F, 0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B...0x180F,
            0x200B...0x200F, 0x202A...0x202E, 0x2060...0x206F, 0x3164, 0xFEFF, 0xFFA0, 0xFFF0...0xFFFB,
            0xE0000...0xE0FFF:
            return true
        default: return scalar & 0xFFFE == 0xFFFE
        }
    }

    /// Emoji and other pictures that models spend more than one token on.
    static func isPicture(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x1F000...0x1FAFF, 0x2600...0x27BF, 0x2B00...0x2BFF: true
        default: false
        }
    }
}
