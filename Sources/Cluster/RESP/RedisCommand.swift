import NIOCore

/// A part of a command. Parts are sent with their length, so that no byte in them can be taken for anything else.
enum RedisArgument: Sendable, ExpressibleByStringLiteral {
    case text(String)
    case bytes(ByteBuffer)
    case number(Int64)

    init(stringLiteral value: String) { self = .text(value) }
}

/// A command as it is sent: an array of bulk strings.
struct RedisCommand: Sendable {
    let arguments: [RedisArgument]

    init(_ arguments: RedisArgument...) { self.arguments = arguments }

    init(_ name: String, _ arguments: [RedisArgument]) { self.arguments = [.text(name)] + arguments }
}

extension ByteBuffer {
    mutating func writeCommand(_ command: RedisCommand) {
        writeArrayHeader(command.arguments.count)
        for argument in command.arguments {
            switch argument {
            case .text(let text): writeBulk(text.utf8)
            case .bytes(let bytes): writeBulk(bytes)
            case .number(let number): writeBulk(String(number).utf8)
            }
        }
    }

    /// `PUBLISH`, which is what is sent most, without an array of parts.
    mutating func writePublish(_ payload: ByteBuffer, installation: String, topic: String) {
        writeArrayHeader(3)
        writeBulk("PUBLISH".utf8)
        writeByte("$")
        writeString(String(installation.utf8.count + 1 + topic.utf8.count))
        writeEnd()
        writeString(installation)
        writeByte(":")
        writeString(topic)
        writeEnd()
        writeBulk(payload)
    }

    private mutating func writeArrayHeader(_ count: Int) {
        writeByte("*")
        writeString(String(count))
        writeEnd()
    }

    private mutating func writeBulk(_ bytes: String.UTF8View) {
        writeByte("$")
        writeString(String(bytes.count))
        writeEnd()
        writeBytes(bytes)
        writeEnd()
    }

    private mutating func writeBulk(_ bytes: ByteBuffer) {
        writeByte("$")
        writeString(String(bytes.readableBytes))
        writeEnd()
        writeImmutableBuffer(bytes)
        writeEnd()
    }

    private mutating func writeByte(_ character: Unicode.Scalar) { writeInteger(UInt8(ascii: character)) }

    private mutating func writeEnd() { writeInteger(0x0D0A as UInt16) }
}
