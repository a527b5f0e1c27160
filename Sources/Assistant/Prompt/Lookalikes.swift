import Foundation

/// Characters that pass for others: what a reader, or a model, takes for a tag although its bytes are not those of the tag.
enum Lookalikes {
    /// The lower-case ASCII letter that `scalar` passes for; nil for none.
    static func letter(_ scalar: Unicode.Scalar) -> UInt8? {
        if scalar.isASCII { return asciiLetter(scalar.value) }
        if let known = foreignLetters[scalar.value] { return known }
        // Full-width, mathematical, circled and accented letters.
        let base = String(Character(scalar)).decomposedStringWithCompatibilityMapping.unicodeScalars.first?.value ?? 0
        return asciiLetter(base) ?? foreignLetters[base]
    }

    private static func asciiLetter(_ value: UInt32) -> UInt8? {
        Characters.isASCIILetter(value) ? UInt8(truncatingIfNeeded: value | 0x20) : nil
    }

    /// Marks that sit on the letter before.
    static func isCombining(_ scalar: Unicode.Scalar) -> Bool {
        (0x300...0x36F).contains(scalar.value) || (0xFE00...0xFE0F).contains(scalar.value)
    }

    static func isOpeningAngle(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x3C, 0xAB, 0x2C2, 0x1438, 0x2039, 0x226A, 0x227A, 0x2329, 0x276C, 0x276E, 0x2770, 0x27E8, 0x27EA, 0x29FC,
            0x3008, 0x300A, 0xFE64, 0xFF1C:
            true
        default: false
        }
    }

    static func isOpeningBracket(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x5B, 0x7B, 0x2045, 0x2772, 0x27E6, 0x2997, 0x3010, 0x3014, 0x3016, 0x3018, 0x301A, 0xFE5B, 0xFE5D, 0xFF3B,
            0xFF5B:
            true
        default: false
        }
    }

    static func isSlash(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x2F, 0x5C, 0x2044, 0x2215, 0x2571, 0x29F8, 0x3033, 0xFF0F, 0xFF3C: true
        default: false
        }
    }

    /// Letters of other scripts with the shape of a Latin one.
    private static let foreignLetters: [UInt32: UInt8] = {
        let shapes: [(latin: Unicode.Scalar, others: String)] = [
            ("a", "аАαΑɑ"), ("b", "ВΒьЬ"), ("c", "сСϲⅽ"), ("d", "ԁⅾ"), ("e", "еЕεΕҽ℮"), ("g", "ɡցԍ"), ("h", "һНΗհ"),
            ("i", "іІιΙıӏ"), ("j", "јЈ"), ("k", "кКκΚ"), ("l", "ⅼӀ"), ("m", "мМΜⅿ"), ("n", "ոпηΝ"), ("o", "оОοΟօ"),
            ("p", "рРρΡ"), ("q", "ԛգ"), ("r", "гᴦ"), ("s", "ѕЅꜱ"), ("t", "тТτΤ"), ("u", "υսц"), ("v", "νѵ"),
            ("w", "ԝѡ"),
            ("x", "хХχΧ"), ("y", "уУүΥ"), ("z", "ᴢΖ"),
        ]
        var letters: [UInt32: UInt8] = [:]
        for shape in shapes {
            for other in shape.others.unicodeScalars {
                letters[other.value] = UInt8(truncatingIfNeeded: shape.latin.value)
            }
        }
        return letters
    }()
}
