import NIOCore

/// Frames of a client, and broken ones, for tests.
enum ClientFrame {
    static let mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]

    static func bytes(
        _ opcode: UInt8, _ payload: [UInt8] = [], final: Bool = true, reserved: UInt8 = 0, masked: Bool = true,
        declaring length: UInt64? = nil, inBytes lengthBytes: Int? = nil
    ) -> [UInt8] {
        var frame: [UInt8] = [(final ? 0x80 : 0) | reserved | opcode]
        let length = length ?? UInt64(payload.count)
        let size = lengthBytes ?? (length <= 125 ? 1 : length <= 0xFFFF ? 2 : 8)
        let marker: UInt8 = size == 1 ? UInt8(length) : size == 2 ? 126 : 127
        frame.append(marker | (masked ? 0x80 : 0))
        if size > 1 {
            for shift in (0..<size).reversed() {
                frame.append(UInt8(truncatingIfNeeded: length >> (8 * UInt64(shift))))
            }
        }
        guard masked else { return frame + payload }
        frame += mask
        for (index, byte) in payload.enumerated() { frame.append(byte ^ mask[index % 4]) }
        return frame
    }

    static func text(_ text: String, final: Bool = true) -> [UInt8] { bytes(1, Array(text.utf8), final: final) }
    static func more(_ text: String, final: Bool = true) -> [UInt8] { bytes(0, Array(text.utf8), final: final) }
    static func ping(_ text: String = "") -> [UInt8] { bytes(9, Array(text.utf8)) }
    static func pong(_ text: String = "") -> [UInt8] { bytes(10, Array(text.utf8)) }

    static func close(_ code: UInt16? = nil, _ reason: [UInt8] = []) -> [UInt8] {
        bytes(8, (code.map { [UInt8($0 >> 8), UInt8($0 & 0xFF)] } ?? []) + reason)
    }
}

/// A frame of the server, parsed without any of the code under test.
struct ServerFrame: Equatable, Sendable {
    var opcode: UInt8
    var payload: [UInt8]

    var text: String { String(decoding: payload, as: UTF8.self) }
    var closeCode: Int? { payload.count >= 2 ? Int(payload[0]) << 8 | Int(payload[1]) : nil }

    /// - Returns: `nil` when the frame is not complete, or masked, or fragmented.
    static func parse(_ buffer: inout ByteBuffer) -> ServerFrame? {
        let start = buffer.readerIndex
        guard let first = buffer.readInteger(as: UInt8.self), let second = buffer.readInteger(as: UInt8.self),
            first & 0xF0 == 0x80, second & 0x80 == 0
        else {
            buffer.moveReaderIndex(to: start)
            return nil
        }
        let length: Int? =
            switch second {
            case 126: buffer.readInteger(as: UInt16.self).map(Int.init)
            case 127: buffer.readInteger(as: UInt64.self).map(Int.init)
            default: Int(second)
            }
        guard let length, let payload = buffer.readBytes(length: length) else {
            buffer.moveReaderIndex(to: start)
            return nil
        }
        return ServerFrame(opcode: first & 0x0F, payload: payload)
    }
}
