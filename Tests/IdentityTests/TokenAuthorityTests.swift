import Crypto
import Domain
import Foundation
import JWTKit
import Testing

@testable import Identity

@Suite("Tokens")
struct TokenAuthorityTests {
    private static let secret = [UInt8](repeating: 7, count: 32)
    private let clock = ManualClock(Timestamp(seconds: 1_800_000_000))

    private func authority(secret: [UInt8] = secret, remembered: Int = 4096) async throws -> TokenAuthority {
        try await TokenAuthority(secret: secret, clock: clock, rememberedTokens: remembered)
    }

    private func accessToken(_ authority: TokenAuthority, userId: String = "u1") async throws -> String {
        try await authority.accessToken(
            userId: userId, workspaceId: "w1", role: "agent", accessVersion: 3, familyId: "f1")
    }

    private static let access =
        #"{"iss":"chat-api","aud":"access","sub":"u1","wid":"w1","role":"agent","ver":3,"fam":"f1","#
        + #""iat":1800000000,"exp":1800003600}"#
    private static let session = #"{"iss":"chat-api","aud":"session","sub":"s1","wid":"w1","iat":1800000000}"#

    @Test("say who they were made for")
    func claims() async throws {
        let authority = try await authority()
        let access = AccessClaims(
            userId: "u1", workspaceId: "w1", role: "agent", accessVersion: 3, familyId: "f1", issuedAt: clock.now(),
            expiresAt: clock.now().adding(seconds: 3600))
        let session = SessionClaims(sessionId: "s1", workspaceId: "w1", issuedAt: clock.now())
        let accessToken = try await accessToken(authority)
        let sessionToken = try await authority.sessionToken(sessionId: "s1", workspaceId: "w1")
        // Twice, because the second answer comes from memory.
        for _ in 0..<2 {
            #expect(try authority.verify(accessToken) == .access(access))
            #expect(try authority.accessClaims(of: accessToken) == access)
            #expect(try authority.verify(sessionToken) == .session(session))
            #expect(try authority.sessionClaims(of: sessionToken) == session)
            #expect(throws: TokenError.forged) { try authority.accessClaims(of: sessionToken) }
            #expect(throws: TokenError.forged) { try authority.sessionClaims(of: accessToken) }
        }
        #expect(try authority.verify(TokenForge.token(payload: Self.access, secret: Self.secret)) == .access(access))
        #expect(try authority.verify(TokenForge.token(payload: Self.session, secret: Self.secret)) == .session(session))
    }

    private struct AnyPayload: JWTPayload {
        var iss: IssuerClaim
        var aud: AudienceClaim
        var sub: SubjectClaim
        var exp: ExpirationClaim?
        func verify(using algorithm: some JWTAlgorithm) throws { try aud.verifyIntendedAudience(includes: "access") }
    }

    @Test("are JWTs for anybody with the secret")
    func interoperability() async throws {
        let keys = await JWTKeyCollection().add(hmac: HMACKey(from: Data(Self.secret)), digestAlgorithm: .sha256)
        let token = try await accessToken(try await authority())
        let payload = try await keys.verify(token, as: AnyPayload.self)
        #expect(payload.sub.value == "u1")
        #expect(payload.exp?.value == Date(timeIntervalSince1970: 1_800_003_600))
    }

    @Test("of access end after an hour, also those that were just verified; those of sessions do not")
    func expiry() async throws {
        let authority = try await authority()
        let access = try await accessToken(authority)
        let session = try await authority.sessionToken(sessionId: "s1", workspaceId: "w1")
        clock.advance(milliseconds: 3_599_999)
        #expect(throws: Never.self) { try authority.verify(access) }
        clock.advance(milliseconds: 1)
        #expect(throws: TokenError.expired) { try authority.verify(access) }
        #expect(throws: TokenError.expired) { try authority.verify(access) }
        clock.advance(seconds: 10_000_000)
        #expect(throws: Never.self) { try authority.verify(session) }
    }

    @Test("of another maker, algorithm, issuer or purpose are forged")
    func forgery() async throws {
        let authority = try await authority()
        let good = TokenForge.token(payload: Self.access, secret: Self.secret)
        let parts = good.split(separator: ".")
        let session = TokenForge.token(payload: Self.session, secret: Self.secret).split(separator: ".")
        let unsigned = "\(TokenForge.base64(#"{"alg":"none"}"#.utf8)).\(parts[1])."
        let forgeries = [
            unsigned,
            "\(TokenForge.base64(#"{"alg":"None"}"#.utf8)).\(parts[1]).\(parts[2])",
            TokenForge.token(header: #"{"alg":"none"}"#, payload: Self.access, secret: Self.secret),
            TokenForge.token(header: #"{"alg":"RS256"}"#, payload: Self.access, secret: Self.secret),
            TokenForge.token(header: #"{"alg":"HS512"}"#, payload: Self.access, secret: Self.secret),
            TokenForge.token(header: #"{"alg":"hs256"}"#, payload: Self.access, secret: Self.secret),
            TokenForge.token(header: #"{"alg":"HS256","crit":["b64"]}"#, payload: Self.access, secret: Self.secret),
            TokenForge.token(payload: Self.access, secret: [UInt8](repeating: 8, count: 32)),
            TokenForge.token(payload: Self.access, secret: []),
            "\(parts[0]).\(parts[1]).",
            "\(parts[0]).\(session[1]).\(parts[2])",
            "\(session[0]).\(parts[1]).\(session[2])",
            "\(parts[0]).\(parts[1]).\(TokenForge.base64([UInt8](repeating: 0, count: 31)))",
            TokenForge.token(
                payload: Self.access.replacing("chat-api", with: "someone-else"), secret: Self.secret),
            TokenForge.token(payload: Self.access.replacing("\"access\"", with: "\"refresh\""), secret: Self.secret),
        ]
        for token in forgeries {
            #expect(throws: TokenError.forged, "\(token)") { try authority.verify(token) }
        }
        #expect(throws: Never.self) { try authority.verify(good) }
    }

    @Test("that are none, or lack a claim, are malformed")
    func malformation() async throws {
        let authority = try await authority()
        let good = TokenForge.token(payload: Self.access, secret: Self.secret)
        var bad = [
            "", ".", "..", "...", "a.b.c", good + ".", "." + good, good + "=", good + " ", " " + good, "Bearer " + good,
            good.replacing(".", with: "..", maxReplacements: 1), String(good.dropLast(43)) + "*" + good.suffix(42),
            "\u{0}", "é.é.é", String(repeating: "a", count: 5000), String(repeating: ".", count: 4000),
            TokenForge.token(header: "{}", payload: Self.access, secret: Self.secret),
            TokenForge.token(header: #"{"alg":1}"#, payload: Self.access, secret: Self.secret),
            TokenForge.token(header: #"{"alg":"HS256","alg":"none"}"#, payload: Self.access, secret: Self.secret),
            TokenForge.token(header: "[]", payload: Self.access, secret: Self.secret),
            TokenForge.token(payload: "[]", secret: Self.secret),
            TokenForge.token(payload: "", secret: Self.secret),
            TokenForge.token(payload: "{", secret: Self.secret),
            TokenForge.token(payload: String(repeating: "[", count: 1000), secret: Self.secret),
            TokenForge.token(
                payload: Self.access.replacing("{", with: #"{"pad":"\#(String(repeating: "x", count: 4096))","#),
                secret: Self.secret),
            TokenForge.token(payload: Self.access.replacing("\"ver\":3", with: "\"ver\":\"3\""), secret: Self.secret),
            TokenForge.token(
                payload: Self.access.replacing("\"sub\":\"u1\"", with: "\"sub\":\"\""), secret: Self.secret),
            TokenForge.token(payload: Self.access.replacing("\"sub\":\"u1\"", with: "\"sub\":1"), secret: Self.secret),
            TokenForge.token(payload: Self.access.replacing("1800003600", with: "null"), secret: Self.secret),
            TokenForge.token(payload: Self.access.replacing("1800003600", with: "1e300"), secret: Self.secret),
            TokenForge.token(payload: Self.access.replacing("1800003600", with: "\"1800003600\""), secret: Self.secret),
        ]
        for name in ["iss", "aud", "sub", "wid", "role", "ver", "fam", "iat", "exp"] {
            bad.append(
                TokenForge.token(payload: Self.access.replacing("\"\(name)\"", with: "\"x\""), secret: Self.secret))
        }
        for name in ["iss", "aud", "sub", "wid", "iat"] {
            bad.append(
                TokenForge.token(payload: Self.session.replacing("\"\(name)\"", with: "\"x\""), secret: Self.secret))
        }
        for token in bad {
            #expect(throws: TokenError.malformed, "\(token.prefix(200))") { try authority.verify(token) }
        }
    }

    @Test("cannot be respelt or altered in a single character")
    func alteration() async throws {
        let authority = try await authority()
        let token = Array(try await accessToken(authority).utf8)
        for index in token.indices {
            for replacement in ["A", "b", "_", ".", "="].map({ $0.utf8.first ?? 0 }) where token[index] != replacement {
                var altered = token
                altered[index] = replacement
                #expect(throws: TokenError.self) { try authority.verify(String(decoding: altered, as: UTF8.self)) }
            }
        }
    }

    @Test("need a secret that cannot be guessed")
    func weakSecrets() async {
        for count in [0, 1, 31] {
            await #expect(throws: TokenAuthority.WeakSecret.self) {
                try await authority(secret: [UInt8](repeating: 1, count: count))
            }
        }
    }

    @Test("are remembered up to a bound, and used by many at once")
    func memory() async throws {
        let recent = RecentTokens(capacity: 10)
        let token = VerifiedToken.session(SessionClaims(sessionId: "s", workspaceId: "w", issuedAt: .earliest))
        for number in 0..<100 {
            recent.remember(token, TokenDigest(of: "\(number)"))
            _ = recent.token(TokenDigest(of: "0"))
            #expect(recent.count <= 10)
        }
        #expect(recent.token(TokenDigest(of: "99")) == token)
        // In use all the time, and therefore never dropped.
        #expect(recent.token(TokenDigest(of: "0")) == token)
        #expect(recent.token(TokenDigest(of: "1")) == nil)

        let authority = try await authority(remembered: 8)
        var tokens: [String] = []
        for number in 0..<40 { tokens.append(try await accessToken(authority, userId: "u\(number)")) }
        await withTaskGroup(of: Void.self) { [tokens] group in
            for _ in 0..<8 {
                group.addTask {
                    for (number, token) in tokens.enumerated() {
                        #expect(throws: Never.self) {
                            let claims = try authority.accessClaims(of: token)
                            #expect(claims.userId == "u\(number)")
                        }
                    }
                }
            }
        }
    }
}
