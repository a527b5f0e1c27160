import Testing

@testable import HTTPAPI

@Suite("Multipart bodies") struct MultipartParserTests {
    /// What a parser made of a body, however it was cut.
    private struct Read: Equatable {
        var parts: [MultipartPart] = []
        var contents: [[UInt8]] = []
        var isOpen = false
    }

    private static func read(
        _ body: [UInt8], boundary: String = "XX", pieces sizes: some Sequence<Int>
    ) throws(MultipartParser.Fault) -> Read {
        var parser = MultipartParser(boundary: boundary)
        var read = Read()
        var rest = body[...]
        var sizes = sizes.makeIterator()
        while !rest.isEmpty {
            let piece = rest.prefix(max(1, sizes.next() ?? rest.count))
            rest = rest.dropFirst(piece.count)
            for piece in try parser.push(piece) {
                switch piece {
                case .part(let part):
                    #expect(!read.isOpen)
                    read.parts.append(part)
                    read.contents.append([])
                    read.isOpen = true
                case .bytes(let bytes):
                    #expect(read.isOpen && !bytes.isEmpty)
                    if !read.contents.isEmpty { read.contents[read.contents.count - 1] += bytes }
                case .partEnd:
                    #expect(read.isOpen)
                    read.isOpen = false
                }
            }
        }
        try parser.finish()
        return read
    }

    private static func form(
        _ content: [UInt8], head: String = "Content-Disposition: form-data; name=\"file\""
    ) -> [UInt8] {
        Array("--XX\r\n\(head)\r\n\r\n".utf8) + content + Array("\r\n--XX--\r\n".utf8)
    }

    @Test func aBodyCutAnywhereIsTheSameBody() throws {
        // Bytes that are nearly delimiters, and a content that ends like one.
        let content = Array("a\r\n--X\r\n-\r\n--XY\r\r\n--\r\n--X".utf8) + [0, 255, 13, 10, 45, 45]
        let head =
            "Content-Disposition: form-data; name=\"file\"; filename=\"a b.txt\"\r\nContent-Type: Text/Plain; charset=x"
        let body = Self.form(content, head: head)
        let whole = try Self.read(body, pieces: [])
        #expect(whole.parts == [MultipartPart(name: "file", fileName: "a b.txt", mediaType: "text/plain")])
        #expect(whole.contents == [content])
        for size in 1...body.count {
            #expect(try Self.read(body, pieces: repeatElement(size, count: body.count)) == whole)
            // One cut at each place.
            #expect(try Self.read(body, pieces: [size]) == whole)
        }
    }

    @Test func randomContentsInRandomPiecesComeThroughByteForByte() throws {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("\r\n-X".utf8) + [0, 65]
        for _ in 0..<2000 {
            let content = (0..<Int.random(in: 0...200)).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            // A content that holds the delimiter is none that a client may send with it.
            if String(decoding: [13, 10] + content, as: UTF8.self).contains("\r\n--XX") { continue }
            let body = Self.form(content)
            let sizes = (0..<body.count).map { _ in Int.random(in: 1...40, using: &generator) }
            #expect(try Self.read(body, pieces: sizes).contents == [content])
        }
    }

    /// Whatever comes, the parser says what is wrong or takes it, and keeps no more than its bounds.
    @Test func rubbishNeverTrapsTheParser() {
        var generator = SystemRandomNumberGenerator()
        let bits = [
            "--XX", "\r\n", "--", "\r\n--XX--", "Content-Disposition: form-data; name=\"file\"", "\r\n\r\n", ":", ";",
            "=", "\"", "\\",
            " ", "\t", "form-data", "filename=", "Content-Type:", "\u{0}", "é", "%22",
        ].map { Array($0.utf8) }
        for _ in 0..<20_000 {
            var body: [UInt8] = []
            for _ in 0..<Int.random(in: 0...12) {
                body += bits.randomElement(using: &generator) ?? []
                if Int.random(in: 0...9) == 0 { body.append(UInt8.random(in: .min ... .max)) }
            }
            let sizes = (0..<body.count).map { _ in Int.random(in: 1...9, using: &generator) }
            let one = Result { () throws(MultipartParser.Fault) in try Self.read(body, pieces: []) }
            let other = Result { () throws(MultipartParser.Fault) in try Self.read(body, pieces: sizes) }
            // How it is cut decides nothing, but at which fault it is seen first.
            switch (one, other) {
            case (.success(let left), .success(let right)): #expect(left == right)
            case (.failure, .failure): break
            default: Issue.record("cut differently, \(body) reads differently")
            }
        }
    }

    @Test(arguments: [
        "", "--XX", "--XX\r\n", "--XX\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nabc", "nothing",
    ])
    func aBodyWithoutItsEndIsTruncated(body: String) {
        #expect(throws: MultipartParser.Fault.truncated) { try Self.read(Array(body.utf8), pieces: []) }
    }

    @Test func anEndlessPreambleOrHeaderIsRefusedBeforeItIsKept() {
        let x = String(repeating: "x", count: 9000)
        let spaces = String(repeating: " ", count: 2000)
        let headers = String(repeating: "c: d\r\n", count: 20)
        for text in [x, "--XX\r\n\(x)", "--XX\(spaces)", "--XX\r\n\(headers)\r\n"] {
            let body = Array(text.utf8)
            #expect(throws: MultipartParser.Fault.self) {
                try Self.read(body + Self.form([1]), pieces: repeatElement(100, count: 1000))
            }
        }
    }

    @Test func severalPartsAndWhatStandsAroundThemAreRead() throws {
        let body = Array(
            """
            some preamble\r\n--XX \t\r\nContent-Disposition: form-data; name=one\r\n\r\n1\r\n--XX\r\n\
            content-disposition: form-data; filename="C:\\fakepath\\x.png"; name="two"\r\n\
            Content-Transfer-Encoding: binary\r\n\r\n\r\n--XX--and an epilogue\r\n--XX\r\n
            """.utf8)
        let read = try Self.read(body, pieces: repeatElement(3, count: 500))
        #expect(
            read.parts == [
                MultipartPart(name: "one"), MultipartPart(name: "two", fileName: #"C:\fakepath\x.png"#),
            ])
        #expect(read.contents == [[UInt8(ascii: "1")], []])
    }

    @Test(arguments: [
        "Content-Type: text/plain", "Content-Disposition: attachment; name=\"file\"", "Content-Disposition form-data",
        "Content-Disposition: form-data; filename=\"x\"",
        "Content-Disposition: form-data; name=\"file\"\r\nContent-Transfer-Encoding: base64",
    ])
    func aPartThatIsNoFormFieldIsMalformed(head: String) {
        #expect(throws: MultipartParser.Fault.self) { try Self.read(Self.form([1], head: head), pieces: []) }
    }

    @Test func parametersOfHeadersAreReadAsBrowsersAndOthersWriteThem() {
        let read = HeaderParameters(
            #" Form-Data ; name = "a;b" ;filename="x\"y%22z\w.txt"; name="second"; empty=;flag"#)
        #expect(read.value == "form-data" && read["name"] == "a;b" && read["filename"] == #"x"y%22z\w.txt"#)
        #expect(read["empty"]?.isEmpty == true && read["flag"] == nil)
        #expect(HeaderParameters("a; b=\"unclosed")["b"] == "unclosed" && HeaderParameters("").value.isEmpty)
        #expect(HeaderParameters("multipart/form-data; boundary=----x")["boundary"] == "----x")
    }
}
