import Domain
import Testing

@Suite("Origins of pages")
struct PageOriginTests {
    @Test(
        "Are kept as browsers write them",
        arguments: [
            ("https://shop.example", "https://shop.example"), ("HTTPS://Shop.Example", "https://shop.example"),
            ("https://shop.example:443", "https://shop.example"), ("http://shop.example:80", "http://shop.example"),
            ("http://shop.example:443", "http://shop.example:443"), ("http://localhost:3000", "http://localhost:3000"),
            ("http://127.0.0.1:08000", "http://127.0.0.1:8000"), ("http://[::1]:8000", "http://[::1]:8000"),
            ("http://[::1]", "http://[::1]"), ("capacitor://localhost", "capacitor://localhost"),
            ("chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop"),
            ("https://xn--fiqs8s.example", "https://xn--fiqs8s.example"),
        ])
    func good(_ text: String, _ origin: String) {
        #expect(PageOrigin(text)?.text == origin)
    }

    @Test(
        "Are nothing else",
        arguments: [
            "", "*", "null", "shop.example", "https://", "https:///", "https://shop.example/", "https://shop.example/a",
            "https://shop.example?x", "https://shop.example#x", "https://user@shop.example", "https://shop.example:",
            "https://shop.example:0", "https://shop.example:65536", "https://shop.example:123456",
            "https://shop.example:8a", "https://shop..example", "https://-a.example", "https://[::1", "https://[]",
            "https://[::1]x", "https://[::1]x:1", "https://例子.example", "https://*.shop.example", "1https://a.example",
            "https:/shop.example", "https://shop.example,https://b.example", "https://a b", "https://a\u{0}",
            "://shop.example", "https://" + String(repeating: "a", count: 400),
        ])
    func bad(_ text: String) {
        #expect(PageOrigin(text) == nil)
    }
}
