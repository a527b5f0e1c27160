/// Settings of the listener and of what it believes about its callers.
struct HTTPConfiguration: Sendable {
    /// Whose pages may call the API from a browser.
    enum Origins: Sendable, Equatable {
        case any
        /// Exact origins, such as `https://www.example.com`. Empty: the server's own pages only.
        case listed([String])
    }

    let host: String
    /// 0 takes any free port.
    let port: Int
    /// Nil: taken from each request's Host.
    let publicURL: WebAddress?
    let trustedProxies: AddressRanges
    let corsOrigins: Origins
    /// Nil: `/metrics` asks for no token.
    let metricsToken: Secret?

    init(_ values: ConfigurationValues, environment: DeploymentEnvironment) throws(ConfigurationProblem) {
        // With the well-known admin password in force, a machine on the same network must not get in.
        host = try values.optional(.host, Parse.listenAddress) ?? (environment == .production ? "0.0.0.0" : "127.0.0.1")
        port = try values.required(.port, Parse.integer(in: 0...65_535))
        publicURL = try values.optional(.publicURL, WebAddress.init)
        trustedProxies = AddressRanges(
            ranges: try values.optional(.trustedProxies, Parse.list(AddressRanges.range)) ?? [])
        // The API takes bearer tokens only, so a foreign page gains nothing by calling it; a developer's page on
        // another port gains a working widget.
        corsOrigins =
            try values.optional(.corsOrigins) { text in
                text == "*" ? .any : .listed(try Parse.list(WebAddress.origin)(text))
            } ?? (environment == .production ? .listed([]) : .any)
        metricsToken = try values.optional(.metricsToken, Parse.headerSecret(minimum: 16))
    }
}
