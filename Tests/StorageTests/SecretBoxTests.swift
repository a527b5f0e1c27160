import Testing

@testable import Storage

@Suite("Secrets at rest")
struct SecretBoxTests {
    private static let key = Array("a-key-of-at-least-thirty-two-bytes".utf8)
    private static let other = Array("another-key-of-thirty-two-or-more!".utf8)
    private static let secret = Array("ibs_secret".utf8)

    private static func place(_ row: Int64 = 7, _ column: StaticString = "secret") -> SecretBox.Place {
        SecretBox.Place(table: "inboxes", row: row, column: column)
    }

    @Test("What is sealed opens again, and is different each time")
    func roundTrip() throws {
        let box = SecretBox(key: Self.key)
        let sealed = try box.seal(Self.secret, for: .inboxSecret, at: Self.place())
        #expect(sealed.count == 1 + 4 + 12 + Self.secret.count + 16 && sealed.first == 1)
        #expect(SecretBox.form(of: sealed) == .sealed(box.keyId))
        #expect(try box.open(sealed, for: .inboxSecret, at: Self.place()) == Self.secret)
        #expect(try SecretBox(key: Self.key).open(sealed, for: .inboxSecret, at: Self.place()) == Self.secret)
        #expect(try box.seal(Self.secret, for: .inboxSecret, at: Self.place()) != sealed)
        #expect(
            try box.open(box.seal([], for: .inboxSecret, at: Self.place()), for: .inboxSecret, at: Self.place()) == [])
    }

    @Test("Another row's, another column's and a changed secret do not open")
    func authenticated() throws {
        let box = SecretBox(key: Self.key)
        let sealed = try box.seal(Self.secret, for: .inboxSecret, at: Self.place())
        for place in [Self.place(8), Self.place(7, "previous_secret")] {
            #expect(throws: SecretBox.Failure.damaged) { try box.open(sealed, for: .inboxSecret, at: place) }
        }
        for index in sealed.indices.dropFirst(5) {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: SecretBox.Failure.damaged) { try box.open(changed, for: .inboxSecret, at: Self.place()) }
        }
        for length in 0..<sealed.count {
            #expect(throws: SecretBox.Failure.self) {
                try box.open(Array(sealed.prefix(length)), for: .inboxSecret, at: Self.place())
            }
        }
    }

    @Test("Of several keys the first seals and all open")
    func rotation() throws {
        let (old, new) = (SecretBox(key: Self.key), SecretBox(key: Self.other))
        let both = SecretBox(key: Self.other, former: [Self.key])
        let sealed = try old.seal(Self.secret, for: .inboxSecret, at: Self.place())
        #expect(try both.open(sealed, for: .inboxSecret, at: Self.place()) == Self.secret)
        #expect(both.keyId == new.keyId && old.keyId != new.keyId)
        let again = try both.seal(Self.secret, for: .inboxSecret, at: Self.place())
        #expect(try new.open(again, for: .inboxSecret, at: Self.place()) == Self.secret)
        #expect(throws: SecretBox.Failure.unknownKey(old.keyId)) {
            try new.open(sealed, for: .inboxSecret, at: Self.place())
        }
    }

    @Test("Plain secrets are told from sealed ones")
    func forms() {
        for plain in [[], [1], [1, 2, 3], Self.secret, Array(repeating: UInt8(2), count: 80)] {
            #expect(SecretBox.form(of: plain) == .plain)
        }
    }
}
