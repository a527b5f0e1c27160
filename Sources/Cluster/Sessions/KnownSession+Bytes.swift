import Domain
import NIOCore

extension KnownSession {
    /// The form in which a session stands in Redis. A node of another build reads it as unknown.
    private static let version: UInt8 = 1

    var bytes: ByteBuffer {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(41 + state.readableBytes)
        bytes.writeInteger(Self.version)
        for number in [
            id.rawValue, contactId.rawValue, conversationId.rawValue, workspaceId.rawValue, expiresAt.milliseconds,
        ] {
            bytes.writeInteger(number)
        }
        bytes.writeImmutableBuffer(state)
        return bytes
    }

    init?(bytes: ByteBuffer) {
        var bytes = bytes
        guard
            bytes.readInteger(as: UInt8.self) == Self.version,
            let id = bytes.readInteger(as: Int64.self), let contact = bytes.readInteger(as: Int64.self),
            let conversation = bytes.readInteger(as: Int64.self), let workspace = bytes.readInteger(as: Int64.self),
            let end = bytes.readInteger(as: Int64.self)
        else { return nil }
        self.init(
            id: Identifier(id), contactId: Identifier(contact), conversationId: Identifier(conversation),
            workspaceId: Identifier(workspace), state: bytes, expiresAt: Timestamp(milliseconds: end))
    }
}
