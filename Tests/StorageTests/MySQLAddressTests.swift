import Testing

@testable import StorageMySQL

@Suite struct MySQLAddressTests {
    @Test func optionsSayHowTheConnectionIsEncrypted() throws {
        #expect(try MySQLSecurity(options: [:]) == MySQLSecurity(mode: .preferred))
        for mode in MySQLSecurity.Mode.allCases where mode != .verifyCA {
            #expect(try MySQLSecurity(options: ["ssl-mode": mode.rawValue.lowercased()]).mode == mode)
        }
        #expect(
            try MySQLSecurity(options: ["ssl-mode": "VERIFY_CA", "ssl-ca": "/ca.pem"])
                == MySQLSecurity(mode: .verifyCA, authorities: "/ca.pem"))
        #expect(
            try MySQLSecurity(options: ["ssl-ca": "/ca.pem", "ssl-cert": "/me.pem", "ssl-key": "/me.key"])
                == MySQLSecurity(mode: .verifyCA, authorities: "/ca.pem", certificate: "/me.pem", key: "/me.key"))
        #expect(try MySQLSecurity(options: ["ssl-mode": "VERIFY_IDENTITY"]).authorities == nil)
    }

    @Test(arguments: [
        (["charset": "latin1"], "charset"), (["ssl-mode": "MAYBE"], "ssl-mode"), (["ssl-mode": "VERIFY_CA"], "ssl-ca"),
        (["ssl-cert": "/me.pem"], "ssl-key"), (["ssl-ca": ""], "ssl-ca"),
        (["ssl-ca": "/a", "ssl-mode": "DISABLED"], "DISABLED"),
        (["ssl-ca": "/a", "ssl-mode": "REQUIRED"], "VERIFY_CA"), (["SSL-MODE": "REQUIRED"], "SSL-MODE"),
        (["a\nb\u{1b}[2J": "x"], "a?b?[2J"),
    ])
    func anOptionThatMakesNoSenseIsToldInOneLine(options: [String: String], word: String) {
        do {
            _ = try MySQLSecurity(options: options)
            Issue.record("there is no such option")
        } catch {
            #expect(error.description.contains(word) && !error.description.contains("\n"))
        }
    }

    @Test func aDescriptionHasNoPassword() {
        let address = MySQLAddress(host: "::1", user: "chat", password: "s3cret", database: "chat")
        #expect("\(address)" == "chat@[::1]:3306/chat")
        var dumped = ""
        dump(address, to: &dumped)
        #expect(!(dumped + String(reflecting: address) + String(describing: [address])).contains("s3cret"))
    }
}
