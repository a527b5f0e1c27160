extension UnsafeRawBufferPointer {
    /// Where the first byte stands that is special in a JSON string: a control character, a quote or a backslash. The end
    /// when there is none.
    func firstSpecial(from start: Int) -> Int {
        var position = start
        while position < count {
            if position + 8 <= count, !Self.hasSpecial(loadUnaligned(fromByteOffset: position, as: UInt64.self)) {
                position += 8
                continue
            }
            let end = Swift.min(position + 8, count)
            while position < end {
                let byte = self[position]
                if byte < 0x20 || byte == 0x22 || byte == 0x5C { return position }
                position += 1
            }
        }
        return position
    }

    /// Whether one of eight bytes is special (Hacker's Delight, 6-1, "Find First 0-Byte").
    private static func hasSpecial(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quotes = word ^ (ones &* 0x22)
        let slashes = word ^ (ones &* 0x5C)
        let found =
            ((word &- ones &* 0x20) & ~word) | ((quotes &- ones) & ~quotes) | ((slashes &- ones) & ~slashes)
        return found & (ones &* 0x80) != 0
    }
}
