/// The form that phrases are found in: UTF-8, one space between runs.
enum ComparablePhrase {
    static func append(_ runs: some Sequence<TextRuns.Run>, of scalars: [UInt32], to bytes: inout [UInt8]) {
        for run in runs {
            bytes.append(0x20)
            append(scalars[run.range], to: &bytes)
        }
        bytes.append(0x20)
    }

    static func append(_ scalars: some Sequence<UInt32>, to bytes: inout [UInt8]) {
        for scalar in scalars {
            if scalar < 0x80 {
                bytes.append(UInt8(truncatingIfNeeded: scalar))
            } else if let scalar = Unicode.Scalar(scalar) {
                bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
    }

    /// Whether `phrase` stands in `text`. Starting bytes are compared four at a time, because every Chinese character
    /// shares its first byte with thousands.
    static func contains(_ phrase: UnsafeRawBufferPointer, in text: UnsafeRawBufferPointer) -> Bool {
        guard phrase.count >= 4, text.count >= phrase.count else { return false }
        let head = phrase.loadUnaligned(as: UInt32.self)
        for start in 0...(text.count - phrase.count) {
            if text.loadUnaligned(fromByteOffset: start, as: UInt32.self) == head,
                text[start..<start + phrase.count].elementsEqual(phrase)
            {
                return true
            }
        }
        return false
    }
}
