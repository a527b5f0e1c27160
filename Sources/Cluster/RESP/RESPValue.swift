import NIOCore

/// What a Redis server answers, in its protocol's second version (RESP2).
enum RESPValue: Sendable, Equatable {
    /// A short text, such as `OK`.
    case status(ByteBuffer)
    /// Why a command was not carried out, such as `WRONGPASS invalid username-password pair`.
    case error(ByteBuffer)
    case integer(Int64)
    /// Any bytes. They may share memory with whatever was read together with them.
    case bulk(ByteBuffer)
    case array([RESPValue])
    /// No such value; RESP2 writes it in two ways, as a string and as an array.
    case null
}

extension RESPValue {
    /// The number of an integer reply.
    var number: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    /// The bytes of a status or a bulk string.
    var bytes: ByteBuffer? {
        switch self {
        case .status(let bytes), .bulk(let bytes): bytes
        case .error, .integer, .array, .null: nil
        }
    }

    /// The text of a status or a bulk string. What is no UTF-8 is repaired.
    var text: String? { bytes.map { String(buffer: $0) } }

    var elements: [RESPValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The text of an error, fit for one line of a log.
    var refusal: String? {
        guard case .error(let bytes) = self else { return nil }
        return bytes.quoted
    }
}

extension ByteBuffer {
    /// What another server sent, fit for one line of a log: printable ASCII only, at most 200 characters.
    var quoted: String {
        let bytes = readableBytesView.prefix(200).map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }
        return String(decoding: bytes, as: UTF8.self)
    }
}
