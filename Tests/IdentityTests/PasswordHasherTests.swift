import Dispatch
import Domain
import Testing

@testable import Identity

@Suite("Password hashes")
struct PasswordHasherTests {
    /// 4 KiB and no time.
    private static let cheap = ScryptCost(logarithm: 4, blockSize: 2, parallelism: 1) ?? .standard

    private let hasher = PasswordHasher(cost: PasswordHasherTests.cheap)

    @Test("verify the password that they were made of and no other")
    func roundTrip() async throws {
        let stored = try await hasher.hash("correct horse")
        #expect(stored.hasPrefix("$scrypt$ln=4,r=2,p=1$"))
        #expect(try await hasher.verify("correct horse", against: stored))
        #expect(try await !hasher.verify("correct horsf", against: stored))
        #expect(try await !hasher.verify("correct horse ", against: stored))
        #expect(try await !hasher.verify("", against: stored))
        #expect(try await hasher.hash("correct horse") != stored)
    }

    @Test("of the RFC and of another implementation are verified")
    func vectors() async throws {
        // RFC 7914, section 12.
        let rfc =
            "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylV"
            + "YT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw"
        #expect(try await hasher.verify("pleaseletmein", against: rfc))
        #expect(hasher.needsRehash(rfc))
        // Made with Python's hashlib.scrypt.
        let python = "$scrypt$ln=4,r=2,p=5$AAECAwQFBgcICQoLDA0ODw$EMALtyHSDQ6faKqzd6ROIXFAOB+BIOmwHFLUk5id+1Y"
        #expect(try await hasher.verify("pässwörd 你好", against: python))
    }

    @Test("of unknown accounts and damaged rows are computed all the same, and never match")
    func unknown() async throws {
        #expect(try await !hasher.verify("x", against: nil))
        try await hasher.verifyDummy("x")
        try await hasher.verifyDummy("")
        #expect(try await !hasher.verify("x", against: "damaged"))
    }

    @Test("refuse what the library cannot take")
    func limits() async throws {
        await #expect(throws: PasswordHasher.Unhashable.self) { try await hasher.hash("") }
        await #expect(throws: PasswordHasher.Unhashable.self) {
            try await hasher.hash(String(repeating: "x", count: 1025))
        }
        let longest = String(repeating: "x", count: 1024)
        #expect(try await hasher.verify(longest, against: try await hasher.hash(longest)))
        #expect(try await !hasher.verify(longest + "x", against: nil))
        let nul = try await hasher.hash("a\u{0}b")
        #expect(try await !hasher.verify("a", against: nul))
    }

    @Test("are replaced when their cost is not today's")
    func rehash() async throws {
        let stored = try await hasher.hash("x")
        #expect(!hasher.needsRehash(stored))
        #expect(PasswordHasher().needsRehash(stored))
        #expect(hasher.needsRehash("damaged"))
    }

    @Test(
        "in rows with forged parameters are not computed",
        arguments: [
            "", "$", "$scrypt$", "plain", "$2b$12$abcdefghijklmnopqrstuv",
            "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=30,r=8,p=5$AAECAwQFBgcICQoLDA0ODw$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=20,r=32,p=16$AAECAwQFBgcICQoLDA0ODw$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=17,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=16,r=8,p=16$AAECAwQFBgcICQoLDA0ODw$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=0,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=-4,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=99999999999999999999,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=4,r=0,p=1$AAECAwQFBgcICQoLDA0ODw$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=4,r=2,p=0$AAECAwQFBgcICQoLDA0ODw$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=16,r=1,p=1$AAECAwQFBgcICQoLDA0ODw$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$r=2,ln=4,p=1$AAECAwQFBgcICQoLDA0ODw$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=4,r=2,p=1,x=1$AAECAwQFBgcICQoLDA0ODw$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=4,r=2,p=1$$AAAAAAAAAAAAAAAAAAAAAA",
            "$scrypt$ln=4,r=2,p=1$AAECAwQFBgcICQoLDA0ODw$",
            "$scrypt$ln=4,r=2,p=1$AAECAwQFBgcICQoLDA0ODw$AAAAAAAAAAAAAAAAAAAAAA$",
            "$scrypt$ln=4,r=2,p=1$AAECAwQFBgcICQoLDA0ODw$AAAAAAAAAAAAAAAAAAAAAB",
            "$scrypt$ln=4,r=2,p=1$AAECAwQFBgcICQoLDA0ODw==$AAAAAAAAAAAAAAAAAAAAAA==",
        ])
    func forgedRows(text: String) async throws {
        #expect(StoredPassword(text) == nil)
        #expect(try await !hasher.verify("x", against: text))
    }

    @Test("have texts that read back")
    func storedText() throws {
        let stored = StoredPassword(cost: .standard, salt: Array(0..<16), hash: Array(0..<32))
        #expect(
            stored.text == "$scrypt$ln=14,r=8,p=5$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
        #expect(StoredPassword(stored.text) == stored)
        #expect(ScryptCost.standard.memory == 16 * 1024 * 1024)
        #expect(ScryptCost(logarithm: 14, blockSize: 8, parallelism: 5) == .standard)
    }

    @Test("wait in a bounded queue, and are refused beyond it")
    func busy() async throws {
        let threads = HashingThreads(count: 1, maximumWaiting: 2)
        let gate = DispatchSemaphore(value: 0)
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    do {
                        try await threads.run { gate.wait() }
                        return true
                    } catch {
                        return false
                    }
                }
            }
            // One is computed and two wait, however the ten were ordered; the rest is told at once.
            for _ in 0..<7 {
                let isDone = await group.next()
                #expect(isDone == false)
            }
            for _ in 0..<3 { gate.signal() }
            for _ in 0..<3 {
                let isDone = await group.next()
                #expect(isDone == true)
            }
        }
        // And there is room again.
        #expect(try await threads.run { 7 } == 7)
    }

    @Test("are made by many callers at once without losing one")
    func crowd() async throws {
        let hasher = PasswordHasher(cost: Self.cheap, threads: 2, maximumWaiting: 200)
        let hashes = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let stored = try await hasher.hash("password \(number)")
                    return StoredPassword(stored) != nil
                }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(hashes == 200)
    }
}

@Suite("Password rules")
struct PasswordRulesTests {
    @Test(
        "refuse",
        arguments: [
            ("", "required"), ("short", "too_short"), ("123456789", "too_short"), ("password123", "too_guessable"),
            ("PassWord123", "too_guessable"), ("admin123456", "too_guessable"), ("aaaaaaaaaaaa", "too_guessable"),
            ("123456789012", "too_guessable"), ("zyxwvutsrqponm", "too_guessable"), ("09876543210", "too_guessable"),
            ("someone@example.com", "too_guessable"), ("SomeOne@Example.com", "too_guessable"),
            (String(repeating: "ab", count: 513), "too_long"),
        ])
    func refusal(password: String, code: String) {
        let problem = PasswordRules.staff.problem(with: password, email: "Someone@example.com", field: "new_password")
        #expect(problem?.code == code)
        #expect(problem?.field == "new_password")
    }

    @Test("accept", arguments: ["tr0ub4dor&3x", "correct horse battery staple", "我的密码很长而且没有人知道", "0000000001x"])
    func acceptance(password: String) {
        #expect(PasswordRules.staff.problem(with: password, email: "someone@example.com") == nil)
    }

    @Test("ask less of customers, but not that they take their own name")
    func customers() {
        #expect(PasswordRules.customer.problem(with: "sdfgh8rt", email: nil) == nil)
        #expect(PasswordRules.staff.problem(with: "sdfgh8rt", email: nil)?.code == "too_short")
        #expect(PasswordRules.customer.problem(with: "maximilian", email: "maximilian@b.de")?.code == "too_guessable")
    }
}
