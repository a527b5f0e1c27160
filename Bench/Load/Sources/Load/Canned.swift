import Glibc

/// A server's frame, about as large as a real one, in which only the stamp, the running number and the sequence change.
struct Canned {
    static let ack =
        #"{"type":"ack","request_id":"{stamp}","data":{"message_id":"msg_01k9x7b2h3m4n5p6q7r8s9t0vw","#
        + #""client_message_id":"{stamp}","seq":{seq},"at":"2026-11-23T23:00:00.000Z","duplicate":false}}"#
    static let created =
        #"{"type":"message.created","conversation_id":"cnv_01k9x7b2h3m4n5p6q7r8s9t0vw","seq":{seq},"#
        + #""id":"evt_01k9x7b2h3m4n5p6q7r8s9t0vw","at":"2026-11-23T23:00:00.000Z","data":{"message":{"#
        + #""id":"msg_01k9x7b2h3m4n5p6q7r8s9t0vw","conversation_id":"cnv_01k9x7b2h3m4n5p6q7r8s9t0vw","seq":{seq},"#
        + #""sender":{"kind":"contact","id":"ctc_01k9x7b2h3m4n5p6q7r8s9t0vw","name":null},"type":"text","#
        + #""content":"@{stamp}@{index}@ How long does a refund take to arrive on my card?","status":"sent","#
        + #""client_message_id":"{stamp}","reply_to":null,"attachments":[],"sources":[],"#
        + #""created_at":"2026-11-23T23:00:00.000Z","updated_at":null}}}"#

    /// Added to each sequence, so that all have ten digits and no leading zero.
    private static let sequenceBase: UInt64 = 1_000_000_000
    private static let placeholders: [(name: String, digits: Int)] = [
        ("{stamp}", Bytes.stampDigits), ("{index}", Bytes.indexDigits), ("{seq}", 10),
    ]

    /// Lives as long as the process.
    let bytes: UnsafeMutableRawPointer
    let count: Int
    /// By placeholder: where it is.
    private var places: [[Int]] = [[], [], []]

    init(_ text: String) {
        var payload: [UInt8] = []
        var rest = Substring(text)
        while let character = rest.first {
            if let number = Self.placeholders.firstIndex(where: { rest.hasPrefix($0.name) }) {
                places[number].append(payload.count)
                payload += [UInt8](repeating: 0x30, count: Self.placeholders[number].digits)
                rest = rest.dropFirst(Self.placeholders[number].name.count)
            } else {
                payload += character.utf8
                rest = rest.dropFirst()
            }
        }
        let head = Frame.head(opcode: 1, count: payload.count, isMasked: false)
        places = places.map { $0.map { $0 + head.count } }
        let whole = head + payload
        count = whole.count
        bytes = .allocate(byteCount: count, alignment: 64)
        bytes.copyMemory(from: whole, byteCount: count)
    }

    @inline(__always)
    func fill(_ mark: Bytes.Mark, _ sequence: UInt64) {
        write(mark.stamp, 0)
        write(mark.index, 1)
        write(sequence &+ Self.sequenceBase, 2)
    }

    @inline(__always)
    private func write(_ number: UInt64, _ placeholder: Int) {
        let digits = Self.placeholders[placeholder].digits
        guard let first = places[placeholder].first else { return }
        Bytes.write(number, digits: digits, to: bytes + first)
        for place in places[placeholder].dropFirst() { memcpy(bytes + place, bytes + first, digits) }
    }
}
