/// Names of properties as they stand in JSON. Gives what Foundation's `convertToSnakeCase` gives for ASCII names, which
/// writes the responses: `clientMessageId` is `client_message_id`.
public enum SnakeCase {
    /// The key of a property.
    public static func key(of property: String) -> String {
        guard property.utf8.contains(where: isUpper) else { return property }
        let name = Array(property.utf8)
        var key: [UInt8] = []
        key.reserveCapacity(name.count + 4)
        for (index, byte) in name.enumerated() {
            guard isUpper(byte) else {
                key.append(byte)
                continue
            }
            // A capital begins a word after anything but a capital, and as the last of several (`URLPath`).
            let endsRun = index + 1 < name.count && isLower(name[index + 1])
            if index > 0, endsRun || !isUpper(name[index - 1]) { key.append(UInt8(ascii: "_")) }
            key.append(byte | 0x20)
        }
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
