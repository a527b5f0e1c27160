/// Rows and cells of comma-separated values (RFC 4180), as programs for tables really write them: with `;` or tabs where the
/// comma is the decimal point, with any line end, with line ends inside quotes, and with spaces before a quote.
struct CSVTable: Equatable {
    struct Row: Equatable {
        /// Where it begins.
        var line: Int
        var cells: [String]
    }

    var rows: [Row] = []

    /// Cells of a row. Nobody has that many columns.
    static let maximumColumns = 200

    private static let quote = UInt8(ascii: "\"")

    init(_ text: String) throws(ImportProblems) {
        let bytes = Array(text.utf8)
        var place = 0
        var line = 1
        var separator = Self.separator(of: bytes)
        // What one program writes for itself: which separator follows.
        if bytes.starts(with: "sep=".utf8), bytes.count > 5, bytes[5] == 0x0A || bytes[5] == 0x0D {
            separator = bytes[4]
            place = bytes[5] == 0x0D && bytes.count > 6 && bytes[6] == 0x0A ? 7 : 6
            line = 2
        }
        var row = Row(line: line, cells: [])
        var cell: [UInt8] = []
        func endCell() {
            row.cells.append(Sentences.trimmed(String(decoding: cell, as: UTF8.self)))
            cell.removeAll(keepingCapacity: true)
        }
        func endRow() {
            endCell()
            if row.cells.contains(where: { !$0.isEmpty }) { rows.append(row) }
            row = Row(line: line, cells: [])
        }
        while place < bytes.count {
            let byte = bytes[place]
            place += 1
            if byte == Self.quote, cell.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) {
                cell.removeAll(keepingCapacity: true)
                try Self.quoted(bytes, &place, &line, into: &cell)
            } else if byte == separator {
                endCell()
                guard row.cells.count < Self.maximumColumns else {
                    throw ImportProblems(line: row.line, "the row has more than \(Self.maximumColumns) cells")
                }
            } else if byte == 0x0A || byte == 0x0D {
                if byte == 0x0D, place < bytes.count, bytes[place] == 0x0A { place += 1 }
                line += 1
                endRow()
            } else {
                cell.append(byte)
            }
        }
        if !cell.isEmpty || !row.cells.isEmpty { endRow() }
    }

    /// The inside of a quoted cell, up to and with its closing quote.
    private static func quoted(
        _ bytes: [UInt8], _ place: inout Int, _ line: inout Int, into cell: inout [UInt8]
    ) throws(ImportProblems) {
        let start = line
        while place < bytes.count {
            let byte = bytes[place]
            place += 1
            if byte == quote {
                guard place < bytes.count, bytes[place] == quote else { return }
                place += 1
            }
            if byte == 0x0A || (byte == 0x0D && (place >= bytes.count || bytes[place] != 0x0A)) { line += 1 }
            if byte == 0x0D {
                // One kind of line end in an article.
                if place < bytes.count, bytes[place] == 0x0A { continue }
                cell.append(0x0A)
            } else {
                cell.append(byte)
            }
        }
        throw ImportProblems(line: start, "the quote that begins here is not closed")
    }

    /// The mark that stands most often in the first row outside quotes.
    private static func separator(of bytes: [UInt8]) -> UInt8 {
        let candidates = [UInt8(ascii: ","), UInt8(ascii: ";"), 0x09]
        var counts = [0, 0, 0]
        var isQuoted = false
        for byte in bytes {
            if byte == quote { isQuoted.toggle() }
            if isQuoted { continue }
            if byte == 0x0A || byte == 0x0D {
                if counts.contains(where: { $0 > 0 }) { break }
                continue
            }
            if let which = candidates.firstIndex(of: byte) { counts[which] += 1 }
        }
        guard let most = counts.max(), most > 0, let which = counts.firstIndex(of: most) else { return candidates[0] }
        return candidates[which]
    }
}
