/// How a node is called when nobody names it: after its host, with a few random letters, so that two hosts of the same
/// name are told apart. Kept in `DATA_DIR`, so that it survives a restart.
enum NodeName {
    /// What is left of a host's name: it is text from outside and goes into headers.
    private static let hostBytes = 40
    private static let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789")

    static func make(hostName: String) -> String {
        let label = hostName.split(separator: ".").first ?? "node"
        let host = String(decoding: label.utf8.filter(isAllowed).prefix(hostBytes), as: UTF8.self)
        var generator = SystemRandomNumberGenerator()
        let suffix = (0..<6).compactMap { _ in alphabet.randomElement(using: &generator) }
        return "\(host.isEmpty ? "node" : host)-\(String(suffix))"
    }

    static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
