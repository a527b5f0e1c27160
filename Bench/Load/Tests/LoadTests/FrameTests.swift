import Glibc
import Testing

@testable import Load

/// What a crowd was told.
private final class Listener: Crowd {
    var texts: [String] = []
    var reasons: [String] = []

    override func frame(_ socket: SocketPointer, _ bytes: UnsafeRawPointer, _ count: Int) {
        texts.append(String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self))
    }

    override func lost(_ socket: SocketPointer, _ reason: String) {
        reasons.append(reason)
    }
}

/// An open socket of a loop, and its other end.
private final class Line {
    let loop: Loop
    let listener = Listener()
    let socket: SocketPointer
    let far: Int32

    init() throws {
        loop = try Loop()
        var files: [Int32] = [0, 0]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
        try #require(socketpair(AF_UNIX, kind, 0, &files) == 0)
        far = files[1]
        socket = loop.add(files[0], .open)
        loop.crowd = listener
    }

    deinit {
        loop.end(socket)
        close(far)
    }

    func bring(_ bytes: some Collection<UInt8>) {
        var left = Array(bytes)[...]
        while !left.isEmpty {
            let sent = left.withUnsafeBytes { send(far, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            left = left.dropFirst(max(0, sent))
            loop.turn(until: 0)
        }
        loop.turn(until: 0)
    }

    func take() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let got = recv(far, &bytes, bytes.count, 0)
        return Array(bytes.prefix(max(0, got)))
    }
}

struct FrameTests {
    private func text(_ text: String, isMasked: Bool = false) -> [UInt8] {
        Frame.whole(Array(text.utf8), isMasked: isMasked)
    }

    @Test func framesMayBeCutAtEachByte() throws {
        let texts = ["", "a", String(repeating: "b", count: 125), String(repeating: "c", count: 300), "end"]
        let ping = Frame.whole(opcode: 9, Array("beat".utf8), isMasked: false)
        let stream = texts.enumerated().flatMap { text($1, isMasked: $0 % 2 == 1) + ping }
        for cut in 0...stream.count {
            let line = try Line()
            line.bring(stream[..<cut])
            line.bring(stream[cut...])
            #expect(line.listener.texts == texts, "cut at \(cut)")
            #expect(line.loop.tally.pings == texts.count)
            #expect(line.socket.pointee.unread.count == 0)
        }
    }

    @Test func framesMayComeByteByByte() throws {
        let line = try Line()
        for byte in text("one") + text(String(repeating: "x", count: 200)) { line.bring([byte]) }
        #expect(line.listener.texts.map(\.count) == [3, 200])
    }

    @Test func aFrameMayBeAMebibyteAndNoLarger() throws {
        let large = String(repeating: "m", count: Frame.largestPayload)
        let line = try Line()
        line.bring(text(large) + text("after"))
        #expect(line.listener.texts.map(\.count) == [Frame.largestPayload, 5])
        line.bring(Frame.head(opcode: 1, count: Frame.largestPayload + 1, isMasked: false))
        #expect(line.listener.reasons == ["a frame is larger than 1 MiB"])
    }

    @Test func aMaskedFrameIsUnmasked() throws {
        let line = try Line()
        let key: [UInt8] = [1, 2, 3, 4]
        let payload = Array("hello".utf8).enumerated().map { $1 ^ key[$0 % 4] }
        line.bring([0x81, 0x85] + key + payload)
        #expect(line.listener.texts == ["hello"])
    }

    @Test func aPingIsAnsweredWithItsPayload() throws {
        let line = try Line()
        line.bring(Frame.whole(opcode: 9, Array("{\"head_seq\":7}".utf8), isMasked: false))
        #expect(line.take() == Frame.whole(opcode: 10, Array("{\"head_seq\":7}".utf8), isMasked: true))
    }

    @Test func aCloseIsKeptWithItsCode() throws {
        let line = try Line()
        line.bring(Frame.whole(opcode: 8, [0x03, 0xF4] + Array("draining".utf8), isMasked: false))
        #expect(line.loop.tally.closes == [1_012: 1])
        #expect(line.listener.reasons == ["closed with 1012 draining"])
        #expect(line.socket.pointee.phase == .closed)
    }

    @Test func whatIsNoFrameLosesTheSocket() throws {
        for bytes: [UInt8] in [[0xC1, 0], [0x01, 0], [0x83, 0]] {
            let line = try Line()
            line.bring(bytes)
            #expect(line.listener.reasons.count == 1)
        }
    }

    @Test func objectsOfAnArrayAreFoundOneByOne() {
        let array = #"[{"a":"]}\"\\"},{"b":{"c":[1,{}]}} , {"d":"[{"}]"#
        var found: [String] = []
        let bytes = Array(array.utf8)
        bytes.withUnsafeBytes { all in
            guard let start = all.baseAddress else { return }
            Bytes.objects(in: start, all.count) { found.append(Bytes.text($0, $1)) }
        }
        #expect(found == [#"{"a":"]}\"\\"}"#, #"{"b":{"c":[1,{}]}}"#, #"{"d":"[{"}"#])
    }

    @Test func anAnswerOfHTTPMayBeCutAtEachByte() {
        let plain = "HTTP/1.1 200 OK\r\nA: b\r\ncontent-length: 5\r\n\r\nhello"
        let chunked =
            "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5\r\nhello\r\nb\r\nhello again\r\n0\r\n\r\n"
        for (answer, status) in [(plain, 200), (chunked, 201)] {
            let bytes = Array(answer.utf8)
            bytes.withUnsafeBytes { all in
                guard let start = all.baseAddress else { return }
                for count in 0..<all.count { #expect(HTTPHead.answer(start, count) == .unfinished) }
                #expect(
                    HTTPHead.answer(start, all.count) == .answer(status: status, size: all.count, isLast: false))
            }
        }
    }
}
