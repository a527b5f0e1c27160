import Testing

@testable import Assistant

@Suite struct TextEncodingTests {
    /// 怎么退款,三天 in GB 18030.
    static let chinese: [UInt8] = [
        0xD4, 0xF5, 0xC3, 0xB4, 0xCD, 0xCB, 0xBF, 0xEE, 0x2C, 0xC8, 0xFD, 0xCC, 0xEC,
    ]

    @Test(
        arguments: [
            (Array("退款 ok".utf8), "退款 ok"), ([0xEF, 0xBB, 0xBF] + Array("a".utf8), "a"),
            ([0xFF, 0xFE, 0x00, 0x90, 0x41, 0x00], "退A".replacing("退", with: "\u{9000}")),
            ([0xFE, 0xFF, 0x90, 0x00, 0x00, 0x41], "退A"), (chinese, "怎么退款,三天"),
            (Array("caf".utf8) + [0xE9, 0x20, 0xFC, 0x62, 0x65, 0x72], "café über"), ([], ""),
            // A character outside the basic plane has four bytes there.
            (chinese + [0x95, 0x32, 0x82, 0x36], "怎么退款,三天\u{20000}"),
        ] as [([UInt8], String)]) func theBytesTellTheirEncoding(_ bytes: [UInt8], _ text: String) throws
    {
        #expect(try TextEncoding.text(of: bytes) == text)
    }

    @Test func whatAFileSaysOfItselfDecidesWhereTheBytesDoNot() throws {
        #expect(try TextEncoding.text(of: [0xB0, 0x68, 0xB4, 0xDA], declared: TextEncoding(label: "Big5")) == "退款")
        #expect(try TextEncoding.text(of: Self.chinese, declared: TextEncoding(label: "gb2312")) == "怎么退款,三天")
        // Pages that say so and are UTF-8 are common.
        #expect(try TextEncoding.text(of: Array("退款".utf8), declared: .gb18030) == "退款")
        #expect(TextEncoding(label: "UTF-7") == nil)
    }

    @Test func textLongerThanAPieceOfTheConversionIsWhole() throws {
        let bytes = (0..<50_000).flatMap { _ in Self.chinese }
        let text = try TextEncoding.text(of: bytes)
        #expect(text.unicodeScalars.count == 50_000 * 7)
        #expect(text.hasSuffix("怎么退款,三天"))
    }

    @Test(
        arguments: [
            [0xEF, 0xBB, 0xBF, 0xFF], [0xFF, 0xFE, 0x00, 0xD8], [0xFF, 0xFE, 0x41], [0xA0, 0xFF, 0xA0, 0xFF], [0x00],
            Array("PK\u{3}\u{4}\u{0}".utf8),
        ] as [[UInt8]]) func whatIsNoTextIsRefused(_ bytes: [UInt8])
    {
        #expect(throws: ImportProblem.self) { try TextEncoding.text(of: bytes) }
    }
}
