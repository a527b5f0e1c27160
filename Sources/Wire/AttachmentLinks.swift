import Crypto
public import Domain
import Foundation

/// Links to the bytes of files, good for whoever holds them and for an hour or two: browsers load images without a token.
///
/// A link carries its end and an HMAC-SHA256 over the file's key and that end. The end is rounded, so that everybody who
/// is told of a file within the same half hour gets the same link: the bytes of an event stay the same for all its
/// readers, and a browser finds the image in its cache.
public struct AttachmentLinks: Sendable {
    /// Seconds for which a link is good, at least.
    public static let lifeSeconds: Int64 = 3600
    /// Seconds to which its end is rounded up.
    public static let roundingSeconds: Int64 = 1800

    /// What is wrong with a link.
    public enum Fault: Error, Sendable {
        case forged, expired
    }

    private let key: SymmetricKey
    private let clock: any WallClock
    private let base: String

    /// - Parameters:
    ///   - secret: what the signing key is derived from; the same on every node.
    ///   - base: where clients reach the server, without a slash at the end. Empty makes links that start with a slash.
    public init(secret: [UInt8], base: String = "", clock: any WallClock = SystemClock()) {
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret), info: Data("chat-api attachment links 1".utf8),
            outputByteCount: 32)
        self.base = base
        self.clock = clock
    }

    /// Links that only this value knows.
    public init(clock: any WallClock = SystemClock()) {
        var generator = SystemRandomNumberGenerator()
        self.init(secret: (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }, clock: clock)
    }

    /// The link to a file.
    public func url(of id: Identifier<Attachment>, _ identifiers: PublicIdentifiers) -> String {
        let seconds = clock.now().milliseconds / 1000
        let end = (seconds / Self.roundingSeconds + 1) * Self.roundingSeconds + Self.lifeSeconds
        let signature = Base64URL.text(HMAC<SHA256>.authenticationCode(for: Self.signed(id, end), using: key))
        return "\(base)\(Self.path(identifiers.text(id)))?expires=\(end)&signature=\(signature)"
    }

    /// Where the bytes of a file are.
    public static func path(_ id: String) -> String { "/api/v1/chat/attachments/\(id)/content" }

    /// Checks what a link carries.
    /// - Returns: seconds for which it is still good.
    public func check(
        _ id: Identifier<Attachment>, expires: Int64, signature: String
    ) throws(Fault) -> Int64 {
        guard let bytes = Base64URL.bytes(signature),
            HMAC<SHA256>.isValidAuthenticationCode(bytes, authenticating: Self.signed(id, expires), using: key)
        else { throw .forged }
        let (left, isOverflowing) = expires.subtractingReportingOverflow(clock.now().milliseconds / 1000)
        guard !isOverflowing, left > 0 else { throw .expired }
        return left
    }

    private static func signed(_ id: Identifier<Attachment>, _ end: Int64) -> Data {
        Data("\(id.rawValue) \(end)".utf8)
    }
}

/// Base 64 as addresses carry it (RFC 4648, 5), without padding.
private enum Base64URL {
    static func text(_ bytes: some Sequence<UInt8>) -> String {
        String(
            Data(bytes).base64EncodedString().compactMap { character -> Character? in
                switch character {
                case "+": "-"
                case "/": "_"
                case "=": nil
                default: character
                }
            })
    }

    /// Bytes of a signature, in text.
    private static let longest = 64

    static func bytes(_ text: String) -> Data? {
        guard text.utf8.count <= longest else { return nil }
        let standard = String(text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        return Data(base64Encoded: standard + String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4))
    }
}
