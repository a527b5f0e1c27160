import HTTPTypes
import Hummingbird

/// Tells browsers what the answers may be used for.
struct SecurityHeaders: Sendable {
    /// No inline script or style, nothing from elsewhere, no framing. `data:` images are what style sheets draw with.
    static let contentSecurityPolicy = contentSecurityPolicy(alsoFrom: nil)

    /// The same for a page that gets scripts and styles from another origin too.
    static func contentSecurityPolicy(alsoFrom origin: String?) -> String {
        let sources = ["'self'", origin].compactMap(\.self).joined(separator: " ")
        return """
            default-src 'none'; script-src \(sources); style-src \(sources); img-src 'self' data:; \
            connect-src 'self' ws: wss:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'
            """
    }

    static let permissionsPolicy =
        "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()"
    /// A year, as the preload lists ask for.
    static let strictTransportSecurity = "max-age=31536000"

    let settings: HTTPSettings

    func add(to response: inout Response) {
        response.headers.append(HTTPField(name: .xContentTypeOptions, value: "nosniff"))
        if settings.isSecure { response.headers[.strictTransportSecurity] = Self.strictTransportSecurity }
        // Files say themselves how long they are good; everything else is for its reader alone.
        if !response.headers.contains(.cacheControl) {
            response.headers.append(HTTPField(name: .cacheControl, value: "no-store"))
        }
        response.headers.append(HTTPField(name: .referrerPolicy, value: "no-referrer"))
        if response.headers[.contentType]?.hasPrefix("text/html") ?? false {
            // A page that needs more says so itself.
            if response.headers[.contentSecurityPolicy] == nil {
                response.headers[.contentSecurityPolicy] = Self.contentSecurityPolicy
            }
            response.headers[.permissionsPolicy] = Self.permissionsPolicy
            response.headers[.frameOptions] = "DENY"
        }
    }
}
