import Crypto
import Domain

/// The outer shape of a JWT: checks that it was signed with HS256 and `key`, and nothing else.
///
/// Verification is done here and not by JWTKit, which signs, because it has to be a plain function: a socket's first
/// frame is judged on the event loop, where JWTKit's actor cannot be awaited. It also takes a quarter of the time
/// (measured: 7 µs against 28 µs), pins the algorithm before anything else is looked at, and refuses duplicate members
/// and respelt base64, which JWTKit accepts.
enum SignedToken {
    /// Bytes of a token. Ours have some 400, those of customers' servers little more.
    static let maximumBytes = 4096

    /// The claims, once the signature is found good.
    ///
    /// - Throws: ``TokenError/malformed`` or ``TokenError/forged``.
    static func claims(of token: String, key: SymmetricKey) throws(TokenError) -> JSONValue {
        guard token.utf8.count <= maximumBytes else { throw .malformed }
        let bytes = Array(token.utf8)
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformed }
        let header = try object(parts[0])
        guard let algorithm = header["alg"]?.stringValue else { throw .malformed }
        // The token does not choose how it is checked (RFC 8725, 3.1): neither "none" nor a public key's algorithm.
        guard algorithm == "HS256" else { throw .forged }
        // Extensions that must be understood (RFC 7515, 4.1.11): there are none here.
        guard header["crit"] == nil else { throw .forged }
        guard let signature = Base64.decode(parts[2], .url) else { throw .malformed }
        let signed = bytes[..<(parts[1].endIndex)]
        // Compares in constant time.
        guard HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: signed, using: key) else {
            throw .forged
        }
        return try object(parts[1])
    }

    private static func object(_ part: ArraySlice<UInt8>) throws(TokenError) -> JSONValue {
        let limits = JSONLimits(maximumBytes: maximumBytes, maximumDepth: 8, maximumValues: 256)
        guard
            let decoded = Base64.decode(part, .url),
            let value = try? JSONValue(parsing: decoded, limits: limits), value.objectValue != nil
        else { throw .malformed }
        return value
    }
}

extension JSONValue {
    /// A claim that must be there and not be empty.
    func claim(_ name: String) throws(TokenError) -> String {
        guard let text = self[name]?.stringValue, !text.isEmpty else { throw .malformed }
        return text
    }

    /// A NumericDate (RFC 7519, 2), which may have a fraction.
    func moment(_ name: String) throws(TokenError) -> Timestamp {
        switch self[name] {
        case .int(let seconds): return Timestamp(seconds: seconds)
        case .double(let seconds):
            // Beyond any calendar; a conversion would trap.
            guard seconds.magnitude < 1e12 else { throw .malformed }
            return Timestamp(milliseconds: Int64(seconds * 1000))
        default: throw .malformed
        }
    }
}
