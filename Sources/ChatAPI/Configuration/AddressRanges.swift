/// Addresses and CIDR ranges, such as `127.0.0.1`, `10.0.0.0/8` and `fd00::/8`, of both families.
struct AddressRanges: Sendable, Equatable {
    struct Range: Sendable, Hashable {
        let first: IPAddress
        /// Leading bits that an address of the range shares with ``first``, 0 … 32 or 128.
        let prefix: Int

        func contains(_ address: IPAddress) -> Bool {
            guard address.family == first.family else { return false }
            // Shifting by the whole width is defined (and gives 0) for Swift's smart shifts.
            let ignored = first.family.width - prefix
            return address.value >> ignored == first.value >> ignored
        }
    }

    let ranges: [Range]

    static let none = AddressRanges(ranges: [])

    /// Loopback, private and unique local addresses: RFC 1122 §3.2.1.3, RFC 1918, RFC 4291 §2.5.3, RFC 4193.
    static let loopbackAndPrivate = AddressRanges(
        ranges: ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1", "fc00::/7"]
            .compactMap { try? range($0) })

    init(ranges: [Range]) {
        self.ranges = ranges
    }

    /// Whether `address`, in text, is in one of the ranges; false for what is no address.
    func contains(_ address: String) -> Bool {
        guard let address = IPAddress(address) else { return false }
        return contains(address)
    }

    func contains(_ address: IPAddress) -> Bool {
        ranges.contains { $0.contains(address) }
    }

    /// Reads one address or CIDR range. Bits behind the prefix are ignored, as everybody's firewall does.
    /// - Throws: ``WrongValue``.
    static func range(_ text: String) throws -> Range {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let host = parts.first, let address = IPAddress(host) else {
            throw Parse.wrong(text, "is neither an IP address nor a CIDR range")
        }
        guard parts.count == 2 else { return Range(first: address, prefix: address.family.width) }
        // A range written inside ::ffff:0:0/96 counts its prefix from the start of the IPv6 address.
        let isMapped = address.family == .v4 && host.contains(":")
        let bounds = isMapped ? 96...128 : 0...address.family.width
        guard parts[1].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let prefix = Int(parts[1]), bounds.contains(prefix)
        else {
            throw Parse.wrong(
                text, "has a prefix that is not a number from \(bounds.lowerBound) to \(bounds.upperBound)")
        }
        return Range(first: address, prefix: isMapped ? prefix - 96 : prefix)
    }
}
