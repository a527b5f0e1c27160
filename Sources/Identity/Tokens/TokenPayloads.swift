import JWTKit

/// The claims of an access token in JSON. Times are whole seconds.
struct AccessPayload: JWTPayload {
    static let audience = "access"

    var iss: String
    var aud = AccessPayload.audience
    var sub: String
    var wid: String
    var role: String
    var ver: Int64
    var fam: String
    var iat: Int64
    var exp: Int64

    /// Only ever signed here; ``TokenAuthority`` verifies by itself.
    func verify(using algorithm: some JWTAlgorithm) {}
}

/// The claims of a session token in JSON.
struct SessionPayload: JWTPayload {
    static let audience = "session"

    var iss: String
    var aud = SessionPayload.audience
    var sub: String
    var wid: String
    var iat: Int64

    /// Only ever signed here; ``TokenAuthority`` verifies by itself.
    func verify(using algorithm: some JWTAlgorithm) {}
}
