/// One event of a `text/event-stream`.
struct ServerSentEvent: Equatable, Sendable {
    /// The `event:` field, empty when there was none.
    var name: String
    /// The `data:` lines, joined by line feeds.
    var data: String
    /// The status in a comment (`:HTTP_STATUS/429`), which DashScope puts into its streams.
    var status: Int?
}

/// Reads `text/event-stream` from bytes as they come: the one reader for all providers.
///
/// Lines are split on bytes, by LF, CR or CRLF, and decoded only when complete, because Chinese characters get cut between
/// two reads. More tolerant than the specification where servers are known to differ: data without a blank line after it
/// ends at the next `id:`, and at the end of the stream.
struct ServerSentEventReader: Sendable {
    /// Bytes of one line, and of one event's data; a stream that exceeds them is no chat stream.
    static let maximumLine = 1 << 20

    struct Overflow: Error {}

    private var line: [UInt8] = []
    private var endedWithCR = false
    private var isFirstLine = true
    private var name = ""
    private var data: [String] = []
    private var dataLength = 0
    private var status: Int?

    /// Reads `bytes` and returns the events that they complete.
    ///
    /// - Throws: ``Overflow``.
    mutating func read(_ bytes: UnsafeRawBufferPointer) throws -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        var start = 0
        for index in bytes.indices {
            let byte = bytes[index]
            guard byte == 0x0A || byte == 0x0D else {
                endedWithCR = false
                continue
            }
            if byte == 0x0A, endedWithCR {
                // The second half of CRLF, perhaps from another read.
                endedWithCR = false
                start = index + 1
                continue
            }
            endedWithCR = byte == 0x0D
            try append(bytes[start..<index])
            start = index + 1
            if let event = endLine() { events.append(event) }
        }
        try append(bytes[start...])
        return events
    }

    mutating func read(_ bytes: some Sequence<UInt8>) throws -> [ServerSentEvent] {
        try Array(bytes).withUnsafeBytes { try read($0) }
    }

    /// The stream ended: what an unfinished last line or event held.
    mutating func finish() -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        if !line.isEmpty, let event = endLine() { events.append(event) }
        if let event = dispatch() { events.append(event) }
        return events
    }

    private mutating func append(_ bytes: Slice<UnsafeRawBufferPointer>) throws {
        guard line.count + bytes.count <= Self.maximumLine else { throw Overflow() }
        line.append(contentsOf: bytes)
        guard dataLength <= Self.maximumLine else { throw Overflow() }
    }

    private mutating func endLine() -> ServerSentEvent? {
        var bytes = line[...]
        if isFirstLine, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
        isFirstLine = false
        defer { line.removeAll(keepingCapacity: true) }
        guard let first = bytes.first else { return dispatch() }
        if first == 0x3A {
            readComment(bytes.dropFirst())
            return nil
        }
        let colon = bytes.firstIndex(of: 0x3A)
        let field = bytes[..<(colon ?? bytes.endIndex)]
        var value = colon.map { bytes[($0 + 1)...] } ?? []
        if value.first == 0x20 { value = value.dropFirst() }
        switch String(decoding: field, as: UTF8.self) {
        case "data":
            dataLength += value.count + 1
            data.append(String(decoding: value, as: UTF8.self))
        case "event": name = String(decoding: value, as: UTF8.self)
        case "id" where !data.isEmpty: return dispatch()
        default: break
        }
        return nil
    }

    private mutating func readComment(_ bytes: ArraySlice<UInt8>) {
        let comment = String(decoding: bytes.prefix(40), as: UTF8.self)
        guard let range = comment.firstRange(of: "HTTP_STATUS/") else { return }
        status = Int(comment[range.upperBound...].prefix(3)) ?? status
    }

    private mutating func dispatch() -> ServerSentEvent? {
        defer {
            name = ""
            data = []
            dataLength = 0
            status = nil
        }
        return data.isEmpty ? nil : ServerSentEvent(name: name, data: data.joined(separator: "\n"), status: status)
    }
}
