import Foundation

/// Text in the form that it is compared in: search, phrase tables, language.
///
/// Compatibility forms are unified (NFKC, so full-width becomes half-width), letters are lower case, traditional Chinese
/// is simplified, typographic apostrophes are straight, and what nobody sees is gone. Never shown to anybody.
struct ComparableText: Sendable, Equatable {
    /// Unicode scalar values. Plain integers, because the index compares tens of millions of them.
    var scalars: [UInt32]

    init(_ text: String) {
        self.init(text, limit: .max)
    }

    /// - Parameter limit: scalars of the result beyond which the rest is left out.
    init(_ text: String, limit: Int) {
        scalars = []
        scalars.reserveCapacity(min(text.utf8.count, limit))
        // Most text consists of characters that NFKC leaves alone, and asking Foundation costs ten times the rest.
        if text.unicodeScalars.allSatisfy({ Self.isPlain($0.value) }) {
            append(text, limit: limit)
        } else {
            append(text.precomposedStringWithCompatibilityMapping.lowercased(), limit: limit)
        }
    }

    private mutating func append(_ text: String, limit: Int) {
        for scalar in text.unicodeScalars {
            if scalars.count >= limit { return }
            let value = scalar.value
            if Characters.isInvisible(value) { continue }
            scalars.append(Self.fold(value))
        }
    }

    private static func fold(_ scalar: UInt32) -> UInt32 {
        switch scalar {
        case 0x41...0x5A: scalar + 0x20
        case 0xFF01...0xFF5E: fold(scalar - 0xFEE0)
        case 0x3000: 0x20
        case 0x2018, 0x2019, 0x02BC, 0x60, 0xB4: 0x27
        default: SimplifiedForms.fold(scalar)
        }
    }

    /// Whether NFKC and lower-casing do nothing to `scalar` that ``fold(_:)`` does not do.
    private static func isPlain(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0...0x7F, 0x4E00...0x9FFF, 0x3400...0x4DBF, 0xFF01...0xFF5E, 0x3000...0x3003, 0x3008...0x3011, 0x2013,
            0x2014, 0x2018, 0x2019, 0x201C, 0x201D, 0xB7, 0x200B...0x200F, 0x2060, 0xFEFF:
            true
        default: false
        }
    }

    /// The text again, for tables and tests.
    var string: String {
        var result = String.UnicodeScalarView()
        result.append(contentsOf: scalars.lazy.compactMap(Unicode.Scalar.init))
        return String(result)
    }
}
