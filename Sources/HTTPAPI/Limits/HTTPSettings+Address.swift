public import HTTPTypes

extension HTTPSettings {
    /// By what limits count a client: its address, behind trusted proxies the one that they saw; of IPv6 the network.
    /// - Parameter peer: IP address of the connection.
    public func clientKey(peer: String?, headers: HTTPFields) -> String {
        ClientAddress(peer: peer, headers: headers, isTrustedProxy: isTrustedProxy).rateKey
    }
}
