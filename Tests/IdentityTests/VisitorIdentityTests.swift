import Domain
import Foundation
import JWTKit
import Testing

@testable import Identity

@Suite("Identity tokens of customers' servers")
struct VisitorIdentityTests {
    private static let secret = Array("an-inbox-secret-of-more-than-32-bytes".utf8)
    private static let now = Timestamp(seconds: 1_800_000_000)

    private func read(_ payload: String, secret: [UInt8] = secret) throws -> VisitorIdentity {
        try VisitorIdentity(
            verifying: TokenForge.token(payload: payload, secret: secret), secret: Self.secret, now: Self.now)
    }

    @Test("name the visitor")
    func reading() throws {
        let identity = try read(
            #"{"sub":"42","email":"a@b.de","name":"Ann 安","exp":1800000001,"iat":1,"plan":{"x":[1]}}"#)
        #expect(identity.externalId == "42")
        #expect(identity.email == EmailAddress("a@b.de"))
        #expect(identity.name == "Ann 安")
        #expect(identity.expiresAt == Timestamp(seconds: 1_800_000_001))
        let bare = try read(#"{"sub":"42","email":null,"name":"","exp":1800000000.5,"nbf":1800000060}"#)
        #expect(bare.email == nil)
        #expect(bare.name == nil)
    }

    private struct Payload: JWTPayload {
        var sub: SubjectClaim
        var exp: ExpirationClaim
        func verify(using algorithm: some JWTAlgorithm) {}
    }

    @Test("may be made with any JWT library")
    func interoperability() async throws {
        let keys = await JWTKeyCollection().add(hmac: HMACKey(from: Self.secret), digestAlgorithm: .sha256)
        let token = try await keys.sign(
            Payload(sub: "42", exp: ExpirationClaim(value: Date(timeIntervalSince1970: 1_800_000_100.25))))
        let identity = try VisitorIdentity(verifying: token, secret: Self.secret, now: Self.now)
        #expect(identity.externalId == "42")
        #expect(identity.expiresAt == Timestamp(milliseconds: 1_800_000_100_250))
    }

    @Test(
        "are refused",
        arguments: [
            (#"{"sub":"42","exp":1800000000}"#, .expired), (#"{"sub":"42","exp":0}"#, .expired),
            (#"{"sub":"42","exp":-1e11}"#, .expired), (#"{"sub":"42","exp":1800000100,"nbf":1800000061}"#, .expired),
            (#"{"sub":"42"}"#, .malformed), (#"{"exp":1800000100}"#, .malformed),
            (#"{"sub":"","exp":1800000100}"#, .malformed), (#"{"sub":42,"exp":1800000100}"#, .malformed),
            (#"{"sub":"a\u0000","exp":1800000100}"#, .malformed), (#"{"sub":"42","exp":"soon"}"#, .malformed),
            (#"{"sub":"42","exp":1e13}"#, .malformed), (#"{"sub":"42","exp":1800000100,"nbf":"x"}"#, .malformed),
            (#"{"sub":"42","exp":1800000100,"email":"x"}"#, .malformed),
            (#"{"sub":"42","exp":1800000100,"email":7}"#, .malformed),
            (#"{"sub":"42","exp":1800000100,"name":["x"]}"#, .malformed),
            (#"{"sub":"42","exp":1800000100,"name":"\u0000"}"#, .malformed),
            (#"{"sub":"42","sub":"43","exp":1800000100}"#, .malformed),
        ] as [(String, TokenError)])
    func refusal(payload: String, error: TokenError) {
        #expect(throws: error) { try read(payload) }
    }

    @Test("of another inbox, or for an inbox without a proper secret, are forged")
    func forgery() {
        let payload = #"{"sub":"42","exp":1800000100}"#
        #expect(throws: TokenError.forged) { try read(payload, secret: Array("another".utf8)) }
        for secret: [UInt8] in [[], Array("short".utf8)] {
            let token = TokenForge.token(payload: payload, secret: secret)
            #expect(throws: TokenError.forged) { try VisitorIdentity(verifying: token, secret: secret, now: Self.now) }
        }
        #expect(throws: TokenError.malformed) {
            try read(payload.replacing("42", with: String(repeating: "x", count: 256)))
        }
    }
}
