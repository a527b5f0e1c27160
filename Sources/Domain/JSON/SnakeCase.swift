/// Names of properties as they stand in JSON. Gives what Foundation's `convertToSnakeCase` gives for ASCII names, which
/// writes the responses: `clientMessageId` is `client_message_id`.
public enum SnakeCase {
    /// The key of a property.
    public static func key(of property: String) -> String {
        guard property.utf8.contains(where: isUpper) else { return property }
        let name = Array(property.utf8)
        var key: [UInt8] = []
        key.reserveCapacity(name.count + 4)
        var wordStart = 0
        var searched = 1
        func end(_ word: Range<Int>) {
            key.append(contentsOf: name[word].lazy.map { isUpper($0) ? $0 | 0x20 : $0 })
            if word.upperBound < name.count { key.append(UInt8(ascii: "_")) }
        }
        while let capital = name.indices.dropFirst(searched).first(where: { isUpper(name[$0]) }) {
            end(wordStart..<capital)
            wordStart = capital
            guard let small = name.indices.dropFirst(capital).first(where: { isLower(name[$0]) }) else { break }
            // Of several capitals the last begins the next word (`URLPath`).
            if small > capital + 1 {
                end(capital..<(small - 1))
                wordStart = small - 1
            }
            searched = small + 1
        }
        end(wordStart..<name.count)
        return String(decoding: key, as: UTF8.self)
    }

    /// The property that a key may stand for, provided that its name has no two capitals in a row.
    static func property(for key: String) -> String {
        guard key.utf8.contains(UInt8(ascii: "_")) else { return key }
        var name: [UInt8] = []
        var raises = false
        for byte in key.utf8 {
            if byte == UInt8(ascii: "_"), !name.isEmpty {
                raises = true
            } else {
                name.append(raises && isLower(byte) ? byte & 0xDF : byte)
                raises = false
            }
        }
        return String(decoding: name, as: UTF8.self)
    }

    private static func isUpper(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    private static func isLower(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
}
