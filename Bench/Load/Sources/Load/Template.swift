import Glibc

/// What is sent again and again: bytes in which only the stamp and the running number change, in place.
struct Template {
    /// Of a customer's message; the mark in its content is what a receiver is recognised by.
    static let message =
        #"{"type":"message.send","request_id":"{stamp}","data":{"client_message_id":"{stamp}","#
        + #""content":"@{stamp}@{index}@ How long does a refund take to arrive on my card?"}}"#
    /// Larger ones no server would take.
    private static let largest = 64 * 1_024

    /// Ready to be sent. Belongs to the run, which ends with the process.
    let bytes: UnsafeMutableRawPointer
    let count: Int
    private let stamps: [Int]
    private let indexes: [Int]

    /// As a masked text frame.
    static func frame(_ text: String, needsMark: Bool = true) throws(Refused) -> Template {
        if needsMark, !text.contains("@{stamp}@{index}@") {
            throw Refused("the template has no @{stamp}@{index}@")
        }
        return try Template(text) { Frame.head(opcode: 1, count: $0, isMasked: true) }
    }

    /// As it is.
    static func plain(_ text: String) throws(Refused) -> Template {
        try Template(text) { _ in [] }
    }

    private init(_ text: String, head: (Int) -> [UInt8]) throws(Refused) {
        var payload: [UInt8] = []
        var stamps: [Int] = []
        var indexes: [Int] = []
        var rest = Substring(text)
        while let brace = rest.firstIndex(of: "{") {
            payload += rest[..<brace].utf8
            rest = rest[brace...]
            if rest.hasPrefix("{stamp}") {
                stamps.append(payload.count)
                payload += [UInt8](repeating: 0x30, count: Bytes.stampDigits)
                rest = rest.dropFirst(7)
            } else if rest.hasPrefix("{index}") {
                indexes.append(payload.count)
                payload += [UInt8](repeating: 0x30, count: Bytes.indexDigits)
                rest = rest.dropFirst(7)
            } else {
                payload.append(0x7B)
                rest = rest.dropFirst()
            }
        }
        payload += rest.utf8
        guard payload.count <= Self.largest else { throw Refused("the template is larger than 64 KiB") }
        guard !payload.isEmpty else { throw Refused("the template is empty") }
        let start = head(payload.count)
        self.stamps = stamps.map { $0 + start.count }
        self.indexes = indexes.map { $0 + start.count }
        let whole = start + payload
        count = whole.count
        bytes = .allocate(byteCount: whole.count, alignment: 64)
        bytes.copyMemory(from: whole, byteCount: whole.count)
    }

    func deallocate() {
        bytes.deallocate()
    }

    @inline(__always)
    func fill(stamp: UInt64, index: UInt64) {
        guard let first = stamps.first else { return fill(index: index) }
        Bytes.write(stamp, digits: Bytes.stampDigits, to: bytes + first)
        for offset in stamps.dropFirst() { memcpy(bytes + offset, bytes + first, Bytes.stampDigits) }
        fill(index: index)
    }

    @inline(__always)
    private func fill(index: UInt64) {
        for offset in indexes { Bytes.write(index, digits: Bytes.indexDigits, to: bytes + offset) }
    }
}

/// Times that are each used once: two messages of one nanosecond are told apart.
struct Stamps {
    private var last: UInt64 = 0

    @inline(__always)
    mutating func next(_ time: UInt64) -> UInt64 {
        last = max(time, last &+ 1)
        return last
    }
}
