import Crypto

/// Counts rows, and sums them up in one number that is the same for the same rows in the same order, whatever database
/// they were read from.
struct RowSum {
    private(set) var rows = 0
    private var hash = SHA256()

    mutating func add(_ encodedRow: [UInt8]) {
        rows += 1
        hash.update(data: encodedRow)
    }

    /// SHA-256 over all rows, in hexadecimal digits.
    var text: String { Self.hexadecimal(Array(hash.finalize())) }

    /// The bytes of a row, which no other row has: for each value its kind, and its number or its length and bytes.
    /// A text and a blob of the same bytes are the same value, since not every database tells them apart.
    static func encode(_ row: [SQLValue]) -> [UInt8] {
        var bytes: [UInt8] = []
        for value in row {
            switch value {
            case .null: bytes.append(0)
            case .integer(let integer):
                bytes.append(1)
                append(UInt64(bitPattern: integer), to: &bytes)
            case .text(let text):
                bytes.append(2)
                append(UInt64(text.utf8.count), to: &bytes)
                bytes += text.utf8
            case .blob(let blob):
                bytes.append(2)
                append(UInt64(blob.count), to: &bytes)
                bytes += blob
            }
        }
        return bytes
    }

    /// Most significant byte first.
    private static func append(_ number: UInt64, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
    }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
