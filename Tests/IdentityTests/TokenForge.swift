import Crypto
import Foundation

/// Makes tokens of any kind, good and bad.
enum TokenForge {
    static func base64(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }

    static func token(
        header: String = #"{"alg":"HS256","typ":"JWT"}"#, payload: String, secret: [UInt8]
    ) -> String {
        let signed = "\(base64(header.utf8)).\(base64(payload.utf8))"
        let signature = HMAC<SHA256>.authenticationCode(for: Data(signed.utf8), using: SymmetricKey(data: secret))
        return "\(signed).\(base64(signature))"
    }
}
