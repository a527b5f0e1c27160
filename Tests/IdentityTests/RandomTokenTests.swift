import Crypto
import Foundation
import Testing

@testable import Identity

@Suite("Random tokens")
struct RandomTokenTests {
    /// Counts up, so that the bytes are known.
    private struct Counter: RandomNumberGenerator {
        var value: UInt64 = 0
        mutating func next() -> UInt64 {
            value += 1
            return value << 56 | value
        }
    }

    @Test("are different each time, safe in URLs, and known by their prefix", arguments: RandomToken.Kind.allCases)
    func making(kind: RandomToken.Kind) {
        let tokens = Set((0..<1000).map { _ in RandomToken(kind).text })
        #expect(tokens.count == 1000)
        for text in tokens {
            #expect(text.utf8.count == 46)
            #expect(text.hasPrefix(kind.rawValue))
            #expect(text.addingPercentEncoding(withAllowedCharacters: .alphanumerics.union(["-", "_"])) == text)
            #expect(RandomToken(kind, presented: text)?.text == text)
        }
    }

    @Test("can be made again from the same generator")
    func determinism() {
        var first = Counter()
        var second = Counter()
        let token = RandomToken(.ticket, using: &first)
        #expect(RandomToken(.ticket, using: &second) == token)
        #expect(RandomToken(.ticket, using: &second) != token)
    }

    @Test("that cannot be are not looked up")
    func presentation() {
        let text = RandomToken(.ticket).text
        #expect(RandomToken(.refresh, presented: text) == nil)
        for bad in [
            "", "tk_", String(text.dropLast()), text + "a", "tk_" + String(repeating: "*", count: 43),
            "tk_" + String(repeating: "é", count: 21) + "a", " " + text,
        ] {
            #expect(RandomToken(.ticket, presented: bad) == nil)
        }
    }

    @Test("are stored as SHA-256")
    func digests() {
        #expect(
            TokenDigest(of: "abc").bytes.map { String(format: "%02x", $0) }.joined()
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(TokenDigest(bytes: [UInt8](repeating: 0, count: 31)) == nil)
        let token = RandomToken(.refresh)
        #expect(TokenDigest(bytes: token.digest.bytes) == token.digest)
        #expect(TokenDigest(of: token.text) == token.digest)
    }

    @Test("use base64 that has one text for each value")
    func base64() {
        for length in 0..<100 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ length) }
            let standard = Data(bytes).base64EncodedString().replacingOccurrences(of: "=", with: "")
            #expect(Base64.encode(bytes, .standard) == standard)
            #expect(Base64.decode(standard.utf8, .standard) == bytes)
            let url = standard.replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            #expect(Base64.encode(bytes, .url) == url)
            #expect(Base64.decode(url.utf8, .url) == bytes)
        }
        for bad in ["A", "AB", "AAB", "AA==", "A A", "AAAAA", "AA\n", "é"] {
            #expect(Base64.decode(bad.utf8, .url) == nil, "\(bad)")
        }
        #expect(Base64.decode("+/+/".utf8, .url) == nil)
        #expect(Base64.decode("-_-_".utf8, .standard) == nil)
    }
}
