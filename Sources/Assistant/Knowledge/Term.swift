/// A searchable unit, as a 64-bit number: one or two characters of a script without spaces, or a word.
///
/// Words are hashed (FNV-1a), so that the index needs neither strings nor Swift's per-process hash seed: the same
/// articles give the same ranking on every node. With a million different words two of them share a number with a
/// probability below one in ten million, and then a search merely finds one article too many.
struct Term: Hashable, Sendable {
    let key: UInt64

    private static let wordTag: UInt64 = 1 << 63
    private static let pairTag: UInt64 = 1 << 62

    static func character(_ scalar: UInt32) -> Term { Term(key: UInt64(scalar)) }

    static func pair(_ first: UInt32, _ second: UInt32) -> Term {
        Term(key: pairTag | UInt64(first) << 21 | UInt64(second))
    }

    static func word(_ scalars: some Sequence<UInt32>) -> Term {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for scalar in scalars {
            hash ^= UInt64(scalar)
            hash &*= 0x0000_0100_0000_01B3
        }
        return Term(key: wordTag | hash)
    }
}
