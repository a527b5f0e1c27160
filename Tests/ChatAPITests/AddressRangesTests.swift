import Testing

@testable import ChatAPI

@Suite struct AddressRangesTests {
    @Test(arguments: [
        ("127.0.0.1", ["127.0.0.1", "::ffff:127.0.0.1"], ["127.0.0.2", "::1", "::127.0.0.1"]),
        ("10.0.0.0/8", ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"], ["9.255.255.255", "11.0.0.0", "::a00:1"]),
        ("10.1.2.3/8", ["10.200.0.1"], ["11.1.2.3"]),
        ("192.168.1.128/25", ["192.168.1.128", "192.168.1.255"], ["192.168.1.127", "192.168.2.128"]),
        ("203.0.113.7/32", ["203.0.113.7"], ["203.0.113.6", "203.0.113.8"]),
        ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255", "::ffff:1.2.3.4"], ["::", "2001:db8::1"]),
        ("::1", ["::1", "0:0:0:0:0:0:0:1"], ["::2", "0.0.0.1", "127.0.0.1"]),
        ("fd00::/8", ["fd00::", "fdff:ffff::1"], ["fc00::", "fe00::"]),
        ("2001:db8::/33", ["2001:db8:7fff::1"], ["2001:db8:8000::"]),
        ("::/0", ["::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"], ["1.2.3.4", "::ffff:1.2.3.4"]),
        ("::ffff:10.0.0.0/104", ["10.9.9.9", "::ffff:10.9.9.9"], ["11.0.0.0"]),
        ("::ffff:0:0/96", ["1.2.3.4"], ["::1"]),
    ]) func rangesHoldTheirAddressesAndNoOthers(_ range: String, _ inside: [String], _ outside: [String]) throws {
        let ranges = AddressRanges(ranges: [try AddressRanges.range(range)])
        for address in inside { #expect(ranges.contains(address), "\(address) in \(range)") }
        for address in outside { #expect(!ranges.contains(address), "\(address) in \(range)") }
    }

    @Test(arguments: [
        "", "x", "localhost", "127.1", "127.0.0.01", "0x7f.0.0.1", "1.2.3.4.5", "1.2.3", "[::1]", "::1%lo", ":::",
        "1.2.3.4 ",
        "1.2.3.4\0", "١.٢.٣.٤", "256.0.0.1", "fd00::/8/8", "10.0.0.0/+8", "10.0.0.0/ 8", "10.0.0.0/٨", "/8",
        String(repeating: "1", count: 100_000),
    ]) func whatIsNoAddressIsNoRangeAndInNone(_ text: String) {
        #expect(throws: WrongValue.self) { try AddressRanges.range(text) }
        #expect(!AddressRanges.loopbackAndPrivate.contains(text))
    }

    @Test func loopbackAndPrivateHasBothFamilies() {
        for address in ["127.0.0.1", "10.0.0.1", "172.31.255.255", "192.168.0.1", "::1", "fc00::1", "fdab::1"] {
            #expect(AddressRanges.loopbackAndPrivate.contains(address))
        }
        for address in ["8.8.8.8", "172.32.0.1", "169.254.169.254", "2001:db8::1", "fe80::1", "100.64.0.1"] {
            #expect(!AddressRanges.loopbackAndPrivate.contains(address))
        }
    }
}
