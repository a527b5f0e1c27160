import NIOCore

/// Reads the replies of a Redis server from a stream of bytes, however they are cut into pieces.
///
/// It keeps what it has read of an unfinished array, so that no byte is looked at twice, and it never asks for more memory
/// than bytes have arrived. After an error the stream means nothing any more and must be closed.
struct RESPDecoder: NIOSingleStepByteToMessageDecoder {
    typealias InboundOut = RESPValue

    /// Why a stream is not, or no longer, that of a Redis server we talk to.
    enum Fault: Error, Equatable {
        /// A reply begins with a byte that stands for no kind of reply.
        case unknownKind(UInt8)
        case badNumber
        /// A length below -1.
        case badLength
        /// A bulk string does not end where it said.
        case badTerminator
        /// More than ``Limits`` allow.
        case excess
    }

    /// What one reply may be at the most. A server of ours sends nothing near it.
    struct Limits: Sendable {
        /// Bytes of a status or an error without its end.
        var lineBytes = 16 * 1024
        /// Bytes of a bulk string.
        var bulkBytes = 4 * 1024 * 1024
        /// Elements that all arrays of a reply announce together.
        var elements = 128 * 1024
        /// Bytes of a reply with all that is in it.
        var replyBytes = 16 * 1024 * 1024
        /// Arrays within arrays; as many as hiredis takes.
        var depth = 8
    }

    private struct OpenArray {
        var missing: Int
        var elements: [RESPValue] = []
    }

    private enum Item {
        case value(RESPValue)
        case arrayOfLength(Int)
    }

    /// Digits of the longest number, and its sign.
    private static let longestNumber = 20

    private let limits: Limits
    private var arrays: [OpenArray] = []
    /// Length of the bulk string that is being read.
    private var bulkLength: Int?
    /// Bytes of an unfinished line that hold no end.
    private var searched = 0
    private var elements = 0
    private var consumed = 0

    init(limits: Limits = Limits()) { self.limits = limits }

    /// Whether a reply has begun and not ended.
    var isInside: Bool { !arrays.isEmpty || bulkLength != nil }

    /// - Throws: ``Fault``.
    mutating func decode(buffer: inout ByteBuffer) throws -> RESPValue? {
        while let item = try next(in: &buffer) {
            switch item {
            case .arrayOfLength(let count): arrays.append(OpenArray(missing: count))
            case .value(let value):
                if let reply = close(with: value) {
                    elements = 0
                    consumed = 0
                    return reply
                }
            }
        }
        return nil
    }

    /// What is left at the end of the stream is an unfinished reply, and nobody's.
    mutating func decodeLast(buffer: inout ByteBuffer, seenEOF: Bool) throws -> RESPValue? {
        try decode(buffer: &buffer)
    }

    /// Puts a value where it belongs.
    /// - Returns: the reply that it completes.
    private mutating func close(with value: RESPValue) -> RESPValue? {
        var value = value
        while var array = arrays.popLast() {
            array.elements.append(value)
            array.missing -= 1
            guard array.missing == 0 else {
                arrays.append(array)
                return nil
            }
            value = .array(array.elements)
        }
        return value
    }

    private mutating func next(in buffer: inout ByteBuffer) throws -> Item? {
        if let length = bulkLength { return try bulk(of: length, in: &buffer) }
        guard let kind = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) else { return nil }
        switch kind {
        case UInt8(ascii: "+"): return try line(in: &buffer).map { .value(.status($0)) }
        case UInt8(ascii: "-"): return try line(in: &buffer).map { .value(.error($0)) }
        case UInt8(ascii: ":"): return try number(in: &buffer).map { .value(.integer($0)) }
        case UInt8(ascii: "$"):
            guard let length = try length(in: &buffer) else { return nil }
            guard length >= 0 else { return .value(.null) }
            guard length <= limits.bulkBytes else { throw Fault.excess }
            bulkLength = length
            return try bulk(of: length, in: &buffer)
        case UInt8(ascii: "*"):
            guard arrays.count < limits.depth else { throw Fault.excess }
            guard let count = try length(in: &buffer) else { return nil }
            guard count > 0 else { return .value(count < 0 ? .null : .array([])) }
            guard count <= limits.elements - elements else { throw Fault.excess }
            elements += count
            return .arrayOfLength(count)
        default: throw Fault.unknownKind(kind)
        }
    }

    private mutating func bulk(of length: Int, in buffer: inout ByteBuffer) throws -> Item? {
        guard buffer.readableBytes >= length + 2 else { return nil }
        try count(length + 2)
        guard let bytes = buffer.readSlice(length: length), buffer.readInteger(as: UInt16.self) == 0x0D0A else {
            throw Fault.badTerminator
        }
        bulkLength = nil
        return .value(.bulk(bytes))
    }

    /// Reads a line up to the first CRLF, without its first byte. A CR or LF alone belongs to the line.
    private mutating func line(in buffer: inout ByteBuffer) throws -> ByteBuffer? {
        let view = buffer.readableBytesView
        // The last byte that was searched may be the CR of an end that was cut in two.
        var position = view.startIndex + max(1, searched - 1)
        while position < view.endIndex, let carriageReturn = view[position...].firstIndex(of: 0x0D) {
            guard carriageReturn + 1 < view.endIndex else { break }
            if view[carriageReturn + 1] == 0x0A {
                let length = carriageReturn - view.startIndex - 1
                guard length <= limits.lineBytes else { throw Fault.excess }
                searched = 0
                try count(length + 3)
                buffer.moveReaderIndex(forwardBy: 1)
                let line = buffer.readSlice(length: length)
                buffer.moveReaderIndex(forwardBy: 2)
                return line
            }
            position = carriageReturn + 1
        }
        searched = view.count
        guard searched <= limits.lineBytes + 2 else { throw Fault.excess }
        return nil
    }

    private mutating func length(in buffer: inout ByteBuffer) throws -> Int? {
        guard let number = try number(in: &buffer) else { return nil }
        guard number >= -1 else { throw Fault.badLength }
        return Int(exactly: number)
    }

    /// Reads a number and its CRLF. One that can no longer become a number is refused before its line has ended: another
    /// protocol may never end it.
    private mutating func number(in buffer: inout ByteBuffer) throws -> Int64? {
        var position = buffer.readerIndex + 1
        let isNegative = buffer.getInteger(at: position, as: UInt8.self) == UInt8(ascii: "-")
        if isNegative { position += 1 }
        let first = position
        var value: Int64 = 0
        while let byte = buffer.getInteger(at: position, as: UInt8.self) {
            if byte == 0x0D {
                let length = position - first
                guard length > 0 else { throw Fault.badNumber }
                guard let end = buffer.getInteger(at: position + 1, as: UInt8.self) else { return nil }
                guard end == 0x0A else { throw Fault.badNumber }
                let bytes = position + 2 - buffer.readerIndex
                try count(bytes)
                buffer.moveReaderIndex(forwardBy: bytes)
                return value
            }
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), position - first < Self.longestNumber else {
                throw Fault.badNumber
            }
            let digit = Int64(byte - UInt8(ascii: "0"))
            // No zeros in front, and no negative zero: no server writes them.
            if position == first, digit == 0 {
                let next = buffer.getInteger(at: position + 1, as: UInt8.self)
                guard !isNegative, next == nil || next == 0x0D else { throw Fault.badNumber }
            }
            let (tenfold, isTooLong) = value.multipliedReportingOverflow(by: 10)
            let (sum, isTooMuch) =
                isNegative ? tenfold.subtractingReportingOverflow(digit) : tenfold.addingReportingOverflow(digit)
            guard !isTooLong, !isTooMuch else { throw Fault.badNumber }
            value = sum
            position += 1
        }
        return nil
    }

    private mutating func count(_ bytes: Int) throws {
        consumed += bytes
        guard consumed <= limits.replyBytes else { throw Fault.excess }
    }
}
