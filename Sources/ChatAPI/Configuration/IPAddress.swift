#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// An IPv4 or IPv6 address. An IPv4 address inside IPv6 (`::ffff:10.0.0.1`, which is how a dual-stack listener sees
/// IPv4 peers) is the IPv4 address.
struct IPAddress: Sendable, Hashable {
    enum Family: Sendable, Hashable {
        case v4, v6

        /// Bits of an address.
        var width: Int { self == .v4 ? 32 : 128 }
    }

    let family: Family
    /// The address as a number, in the low ``Family/width`` bits.
    let value: UInt128

    /// The address that `text` is, or nil. No names, no zones, no brackets, no shortened IPv4.
    init?(_ text: String) {
        // Longer than any address; and no NUL, before which C would stop reading.
        guard text.utf8.count <= 45, !text.utf8.contains(0) else { return nil }
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self = IPAddress(family: .v4, bigEndian: &four)
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        self = IPAddress(family: .v6, bigEndian: &six)
    }

    private init<Address>(family: Family, bigEndian address: inout Address) {
        let number = withUnsafeBytes(of: &address) { bytes in
            bytes.reduce(into: UInt128(0)) { $0 = $0 << 8 | UInt128($1) }
        }
        if family == .v6, number >> 32 == 0xFFFF {
            self.family = .v4
            value = number & 0xFFFF_FFFF
        } else {
            self.family = family
            value = number
        }
    }
}
