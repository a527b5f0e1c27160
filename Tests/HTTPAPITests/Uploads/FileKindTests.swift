import Testing

@testable import HTTPAPI

@Suite("What files are") struct FileKindTests {
    /// A ZIP file's beginning with these entries, the first with a content.
    static func zip(_ names: [String], content: String = "", flags: UInt8 = 0) -> [UInt8] {
        names.enumerated().flatMap { index, name -> [UInt8] in
            let content = Array((index == 0 ? content : "…").utf8)
            let size = [UInt8(content.count), 0, 0, 0]
            return [0x50, 0x4B, 3, 4, 20, 0, flags, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
                + (flags == 0 ? size : [0, 0, 0, 0]) + size
                + [UInt8(name.utf8.count), 0, 0, 0] + Array(name.utf8) + content
        }
    }

    static let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13]

    static let samples: [(bytes: [UInt8], kind: FileKind?)] = [
        (png, .png), ([0xFF, 0xD8, 0xFF, 0xE0, 0], .jpeg), (Array("GIF89a..".utf8), .gif),
        (Array("RIFF\u{1}\u{1}\u{1}\u{1}WEBPVP8 ".utf8), .webp), (Array("RIFF\u{1}\u{1}\u{1}\u{1}WAVEfmt ".utf8), .wav),
        (Array("RIFF\u{1}\u{1}\u{1}\u{1}AVI LIST".utf8), nil), (Array("%PDF-1.7\n".utf8), .pdf),
        (Array("OggS\u{0}".utf8), .ogg),
        (Array("ID3\u{4}".utf8), .mp3), ([0xFF, 0xFB, 0x90, 0x64], .mp3), ([0xFF, 0xFE, 0x41, 0x00], nil),
        ([0, 0, 0, 0x18] + Array("ftypisom".utf8), .mp4), ([0, 0, 0, 0x18] + Array("ftypM4A ".utf8), .m4a),
        ([0, 0, 0, 0x18] + Array("ftypheic".utf8), nil), ([0, 0, 0, 0x18] + Array("ftyp".utf8), nil),
        (zip(["[Content_Types].xml", "_rels/.rels", "word/document.xml"]), .docx),
        (zip(["[Content_Types].xml", "xl/workbook.xml"], flags: 8), .xlsx), (zip(["ppt/presentation.xml"]), .pptx),
        (zip(["mimetype"], content: FileKind.odt.mediaType), .odt),
        (zip(["mimetype"], content: "application/epub+zip"), nil),
        (zip(["a.txt", "b.txt"]), nil), (zip(["META-INF/MANIFEST.MF", "word/a"]), nil),
        (zip(["a"]).dropLast(3) + [], nil),
        (Array("a,b\n1,2\n".utf8), .text), (Array("{\"a\":1}".utf8), .text), (Array("\u{FEFF}你好\r\n".utf8), .text),
        (Array("2 < 3 and 4 > 3".utf8), .text), (Array("< not a tag".utf8), .text),
        (Array("<html><script>".utf8), nil), (Array(" \n\t<!DOCTYPE html>".utf8), nil),
        (Array("\u{FEFF}<?xml?>".utf8), nil),
        (Array("<svg xmlns=".utf8), nil), (Array("</p>".utf8), nil), (Array("<!-- -->".utf8), nil),
        (Array("#!/bin/sh\n".utf8), nil),
        (Array("MZ\u{0}".utf8), nil), ([0x7F, 0x45, 0x4C, 0x46], nil), (Array("ok\u{1B}[31m".utf8), nil),
        ([0xC3, 0x28, 0x41], nil),
        // UTF-16 is no UTF-8.
        ([0xFF, 0xFE, 0x3C, 0x00, 0x68, 0x00], nil), ([0, 0, 0, 0], nil),
    ]

    @Test(arguments: samples.indices) func aFileIsWhatItsFirstBytesSay(index: Int) {
        #expect(FileKind(prefix: Self.samples[index].bytes) == Self.samples[index].kind)
    }

    @Test func everyBeginningOfEveryKindIsReadWithoutTraps() {
        for sample in Self.samples {
            for length in 0...sample.bytes.count { _ = FileKind(prefix: Array(sample.bytes.prefix(length))) }
        }
        for _ in 0..<5000 {
            _ = FileKind(
                prefix: (0..<Int.random(in: 0...80)).map { _ in [0x50, 0x4B, 3, 4, 0xFF, 0, 0x41].randomElement() ?? 0 }
            )
        }
    }

    @Test func aClaimIsTrueWhenItNamesTheKindOrNothing() {
        #expect(FileKind.png.agrees(withClaim: nil) && FileKind.png.agrees(withClaim: "image/png"))
        #expect(FileKind.png.agrees(withClaim: "application/octet-stream"))
        #expect(
            FileKind.jpeg.agrees(withClaim: "image/jpg") && FileKind.text.agrees(withClaim: "application/vnd.ms-excel"))
        #expect(FileKind.docx.agrees(withClaim: "application/zip"))
        for (kind, claim) in [
            (FileKind.png, "image/jpeg"), (.text, "text/html"), (.text, "image/svg+xml"), (.text, "text/javascript"),
        ] {
            #expect(!kind.agrees(withClaim: claim))
        }
        #expect(FileKind.png.agrees(withEnding: "png") && FileKind.text.agrees(withEnding: "swift"))
        for (kind, ending) in [(FileKind.png, "jpg"), (.text, "html"), (.text, "svg"), (.pdf, "exe"), (.text, "png")] {
            #expect(!kind.agrees(withEnding: ending))
        }
    }

    @Test func textIsToldFromOtherBytesHoweverItIsCut() {
        let text = Array("häß 你好 🙂\n".utf8)
        for cut in 0...text.count {
            var check = TextCheck()
            let areText = [Array(text[..<cut]), Array(text[cut...])].map { check.push($0) }
            #expect(areText == [true, true] && check.isWhole)
        }
        var check = TextCheck()
        let isText = check.push([0xE4, 0xBD])
        #expect(isText && !check.isWhole)
        let isStillText = check.push([0x00])
        #expect(!isStillText)
    }
}

@Suite("Names of files") struct FileNameTests {
    @Test(arguments: [
        ("photo.png", "photo.png"), ("../../etc/passwd", "passwd.png"), (#"C:\Users\me\photo.PNG"#, "photo.PNG"),
        ("..", "file.png"), ("", "file.png"), ("/", "file.png"), (".htaccess", "htaccess.png"), ("a.png. .", "a.png"),
        ("in\u{202E}gnp.exe", "ingnp.exe"), ("a\u{0}b\r\n\u{200B}c.png", "abc.png"), ("a%22b.png", "a\"b.png"),
        ("发票 3月.png", "发票 3月.png"), ("archive.tar-of-everything", "archive.tar-of-everything.png"),
    ])
    func areTheirLastComponentWithoutWhatIsNotSeen(given: String, shown: String) {
        #expect(FileName(given, of: .png).text == shown)
    }

    @Test func areBoundedAndKeepTheirEnding() {
        let name = FileName(String(repeating: "名", count: 5000) + ".png", of: .png).text
        #expect(name.utf8.count <= FileName.maximumBytes && name.utf8.count > 240 && name.hasSuffix("名.png"))
        #expect(FileName(String(repeating: "x", count: 300), of: .pdf).text.utf8.count == FileName.maximumBytes)
        #expect(FileName(nil, of: .docx).text == "file.docx")
    }

    @Test func standInHeadersAsOneValue() {
        #expect(
            FileName.disposition("attachment", "a\"b\\%é\r\n.txt")
                == "attachment; filename=\"a_b_____.txt\"; filename*=UTF-8''a%22b%5C%25%C3%A9%0D%0A.txt")
    }
}
