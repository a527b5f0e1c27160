import Domain
import NIOCore
import Testing
import Wire

@testable import Realtime

/// A frame is read in one pass where it has the usual form. The general reader, which reads every form, is the oracle.
@Suite("Frames of messages")
struct MessageFrameTests {
    /// What a frame says, or what is wrong with it.
    private struct Outcome: Equatable {
        var type = ""
        var requestId: String?
        var conversationId: String?
        var message: NewMessage?
        var error: SocketError?

        init(_ read: () throws -> Realtime.ClientFrame) {
            do {
                let frame = try read()
                (type, requestId, conversationId) = (frame.type, frame.requestId, frame.conversationId)
                message = try frame.message()
            } catch let fault as FrameFault {
                (error, requestId, conversationId) = (fault.error, fault.requestId, fault.conversationId)
            } catch {
                self.error = SocketError(error)
            }
        }

        /// Text by text as bytes: equality of strings would overlook a changed normal form.
        var bytes: [[UInt8]?] {
            [requestId, conversationId, message?.content, message?.clientMessageId, message?.replyTo].map {
                $0.map { Array($0.utf8) }
            }
        }
    }

    /// - Returns: whether it was of the usual form.
    @discardableResult
    private func compare(_ bytes: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) -> Bool {
        let buffer = ByteBuffer(bytes: bytes)
        let ours = Outcome { try Realtime.ClientFrame(buffer) }
        let oracle = Outcome { try Realtime.ClientFrame(parsing: buffer) }
        if ours != oracle || ours.bytes != oracle.bytes {
            Issue.record(
                "\(String(decoding: bytes, as: UTF8.self)): \(ours), not \(oracle)", sourceLocation: sourceLocation)
        }
        return bytes.withUnsafeBytes { MessageFrame($0) } != nil
    }

    private static let frames = [
        #"{"type":"message.send","request_id":"r1","conversation_id":"cnv_1","data":{"client_message_id":"c1","content":"hi"}}"#,
        #" { "data" : { "content" : "您好，\n请问 \"订单\" \u4f60\ud83d\ude00 \\ \/ \b\f\r\t" } , "type" : "message.send" } "#,
        #"{"type":"message.send","data":{"content":"","type":"note","reply_to":"msg_1","client_message_id":"é"}}"#,
    ]

    @Test("of the usual form are read in one pass", arguments: frames)
    func usual(frame: String) {
        #expect(compare(Array(frame.utf8)))
    }

    @Test(
        "of other forms, and wrong ones, are read as ever",
        arguments: [
            "", "{}", "[]", "nul", #"{"type":"message.send"}"#, #"{"type":"ping","data":{}}"#,
            #"{"type":"message.send","data":{}}"#, #"{"type":"message.send","data":{"content":null}}"#,
            #"{"type":"message.send","data":{"content":"x"}} x"#, #"{"type":"message.send","data":{"content":"x"},}"#,
            #"{"type":"message.send","data":{"content":"x","content":"y"}}"#,
            #"{"type":"message.send","type":"message.send","data":{"content":"x"}}"#,
            #"{"t\u0079pe":"message.send","data":{"content":"x"}}"#,
            #"{"type":"message.send","data":{"content":"x","more":1}}"#,
            #"{"type":"message.send","more":1,"data":{"content":"x"}}"#,
            #"{"type":"message.send","data":{"content":"x","type":"song"}}"#,
            #"{"type":"message.send","data":{"content":"x","type":null}}"#,
            #"{"type":"message.send","data":{"content":"x","attachment_ids":["a","b"]}}"#,
            #"{"type":"message.send","request_id":null,"conversation_id":null,"data":{"content":"x"}}"#,
            #"{"type":"message.send","request_id":7,"data":{"content":"x"}}"#,
            #"{"type":"message.send","data":{"content":"\ud83d"}}"#,
            #"{"type":"message.send","data":{"content":"\ud83d\u0041"}}"#,
            #"{"type":"message.send","data":{"content":"\ude00"}}"#,
            #"{"type":"message.send","data":{"content":"\x"}}"#,
            #"{"type":"message.send","data":{"content":"\u00"}}"#, #"{"type":"message.send","data":{"content":"\"#,
            #"{"type":"message.send","data":[{"content":"x"}]}"#,
            "{\"type\":\"message.send\",\"data\":{\"content\":\"\n\"}}",
        ])
    func unusual(frame: String) {
        #expect(!compare(Array(frame.utf8)))
    }

    @Test("have request ids of up to 128 bytes", arguments: 126...131)
    func requestIds(length: Int) {
        let id = String(repeating: "r", count: length)
        compare(Array(#"{"type":"message.send","request_id":"\#(id)","data":{"content":"x"}}"#.utf8))
    }

    @Test("are read alike wherever they are cut off", arguments: frames)
    func prefixes(frame: String) {
        let bytes = Array(frame.utf8)
        for end in 0..<bytes.count { compare(Array(bytes[..<end])) }
    }

    @Test("are read alike with any byte in any place", arguments: frames)
    func singleBytes(frame: String) {
        let bytes = Array(frame.utf8)
        let others = Array("\"\\{}[],:u0x \n".utf8) + [0, 0x1F, 0x7F, 0x80, 0xC0, 0xE4, 0xF5, 0xFF]
        for index in bytes.indices {
            for other in others {
                var changed = bytes
                changed[index] = other
                compare(changed)
                changed.insert(bytes[index], at: index)
                compare(changed)
            }
        }
    }

    @Test("are read alike after any changes", arguments: 0..<8 as Range<UInt64>)
    func fuzz(seed: UInt64) {
        let pieces = [
            "\"", "\\", "\\u", "\\ud83d", "\\ude00", "\\n", "你", "\u{301}", "{", "}", ":", ",", "[", "null", "1", " ",
            "\"type\"", "\"content\":\"x\"", "\"data\":{", "message.send", "request_id", "reply_to", "\u{0}", "\n",
        ].map { Array($0.utf8) }
        var generator = SplitMix(state: seed)
        var usual = 0
        for _ in 0..<12_500 {
            var bytes = Array(Self.frames[Int.random(in: 0..<Self.frames.count, using: &generator)].utf8)
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0...4, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &generator)
                case 1: bytes.insert(contentsOf: pieces[Int.random(in: 0..<pieces.count, using: &generator)], at: index)
                case 2: bytes.remove(at: index)
                case 3:
                    let end = min(bytes.count, index + Int.random(in: 1...12, using: &generator))
                    bytes.insert(
                        contentsOf: Array(bytes[index..<end]), at: Int.random(in: 0...bytes.count, using: &generator))
                default: bytes.replaceSubrange(index..., with: bytes[index...].reversed())
                }
                if bytes.isEmpty { break }
            }
            if compare(bytes) { usual += 1 }
        }
        // Else this would compare the general reader with itself.
        #expect(usual > 2000)
    }
}
