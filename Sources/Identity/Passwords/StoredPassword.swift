/// A hash with its salt and parameters, as it stands in a row: a PHC string,
/// `$scrypt$ln=14,r=8,p=5$<salt>$<hash>` with base64 without padding.
struct StoredPassword: Equatable {
    let cost: ScryptCost
    let salt: [UInt8]
    let hash: [UInt8]

    /// Bytes of salt and hash that are written.
    static let saltBytes = 16
    static let hashBytes = 32

    init(cost: ScryptCost, salt: [UInt8], hash: [UInt8]) {
        self.cost = cost
        self.salt = salt
        self.hash = hash
    }

    /// Nil for anything but what ``text`` writes within the bounds of ``ScryptCost``.
    init?(_ text: String) {
        guard text.utf8.count <= 256 else { return nil }
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt" else { return nil }
        let parameters = parts[2].split(separator: ",", omittingEmptySubsequences: false)
        guard
            parameters.count == 3,
            let logarithm = Self.number(parameters[0], "ln="),
            let blockSize = Self.number(parameters[1], "r="),
            let parallelism = Self.number(parameters[2], "p="),
            let cost = ScryptCost(logarithm: logarithm, blockSize: blockSize, parallelism: parallelism),
            let salt = Base64.decode(parts[3].utf8, .standard), (8...64).contains(salt.count),
            let hash = Base64.decode(parts[4].utf8, .standard), (16...64).contains(hash.count)
        else { return nil }
        self.init(cost: cost, salt: salt, hash: hash)
    }

    private static func number(_ text: Substring, _ prefix: String) -> Int? {
        guard text.hasPrefix(prefix) else { return nil }
        let digits = text.dropFirst(prefix.count)
        guard (1...4).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(digits)
    }

    var text: String {
        "$scrypt$ln=\(cost.logarithm),r=\(cost.blockSize),p=\(cost.parallelism)"
            + "$\(Base64.encode(salt, .standard))$\(Base64.encode(hash, .standard))"
    }
}
