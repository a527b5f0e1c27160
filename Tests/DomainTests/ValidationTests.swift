import Domain
import Testing

@Suite("Validation")
struct ValidationTests {
    private func codes(_ check: (inout Validation) -> Void) -> [String] {
        var validation = Validation()
        check(&validation)
        return validation.problems.map(\.code)
    }

    @Test("counts a message's text in Unicode scalars")
    func text() {
        let limit = Validation.messageScalars
        #expect(codes { $0.text("x", field: "content", scalars: limit) } == [])
        #expect(codes { $0.text("", field: "content", scalars: limit) } == ["required"])
        #expect(codes { $0.text(String(repeating: "你", count: 16_000), field: "content", scalars: limit) } == [])
        #expect(
            codes { $0.text(String(repeating: "你", count: 16_001), field: "content", scalars: limit) } == ["too_long"])
        // One character for people, but two scalars.
        #expect(codes { $0.text("e\u{301}", field: "name", scalars: 1...1) } == ["too_long"])
        #expect(codes { $0.text("a\u{0}b", field: "content", scalars: limit) } == ["contains_nul"])
        #expect(codes { $0.text("ab", field: "name", scalars: 3...5) } == ["too_short"])
        #expect(codes { $0.text(nil, field: "name", scalars: 3...5) } == [])
    }

    @Test("counts a client's identifier in bytes")
    func identifier() {
        #expect(codes { $0.identifier(String(repeating: "a", count: 64), field: "id") } == [])
        #expect(codes { $0.identifier(String(repeating: "a", count: 65), field: "id") } == ["too_long"])
        #expect(codes { $0.identifier(String(repeating: "你", count: 22), field: "id") } == ["too_long"])
        #expect(codes { $0.identifier("", field: "id") } == ["required"])
        #expect(codes { $0.identifier("a\nb", field: "id") } == ["invalid_value"])
        #expect(codes { $0.identifier(nil, field: "id") } == [])
    }

    @Test("limits JSON by its stored bytes")
    func json() {
        #expect(codes { $0.json(["a": 1], field: "metadata", maximumBytes: 7) } == [])
        #expect(codes { $0.json(["a": 10], field: "metadata", maximumBytes: 7) } == ["too_large"])
        #expect(codes { $0.json(["a": "\u{0}"], field: "metadata", maximumBytes: 70) } == ["contains_nul"])
    }

    @Test("limits numbers, and collects everything before it refuses")
    func collection() {
        var check = Validation()
        #expect(throws: Never.self) { try check.finish() }
        check.number(0, field: "limit", in: 1...100)
        check.email("x", field: "email")
        check.reject("name", code: "taken", message: "is taken")
        #expect(check.problems.map(\.field) == ["limit", "email", "name"])
        #expect(throws: ValidationProblems(check.problems)) { try check.finish() }
    }

    @Test(
        "accepts addresses",
        arguments: [
            "a@b.de", "admin@chatapi.com", "first.last+tag@sub.example.co.uk", "o'brien@example.com", "x@localhost",
            "1@2.3x", "a@xn--fiqs8s.cn", "A@B.DE",
        ])
    func addresses(text: String) {
        #expect(EmailAddress(text)?.text == text)
        #expect(EmailAddress(text)?.key == text.lowercased())
    }

    @Test(
        "refuses what is no address",
        arguments: [
            "", "@", "a", "a@", "@b.de", "a@b", "a b@c.de", "a@b..de", "a@.de", "a@b.de.", "a@-b.de", "a@b-.de",
            "a@@b.de",
            "a@b@c.de", ".a@b.de", "a.@b.de", "a@b_c.de", "ä@b.de", "a@bü.de", "a\n@b.de", "a@b.de\u{0}", "<a@b.de>",
            "Someone <a@b.de>", String(repeating: "a", count: 65) + "@b.de",
            "a@" + String(repeating: "b", count: 64) + ".de",
            "a@" + String(repeating: "b.", count: 126) + "de",
        ])
    func noAddresses(text: String) {
        #expect(EmailAddress(text) == nil)
    }
}
