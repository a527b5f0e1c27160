public import Domain

/// A message as clients send it, over HTTP and on sockets alike.
public struct NewMessage: Decodable, Sendable {
    public var content: String
    public var clientMessageId: String?
    public var type: Message.Kind?
    public var replyTo: String?
    public var attachmentIds: [String]?

    /// The message to send.
    /// - Parameter needsClientId: on a socket, whose client must be able to send again.
    /// - Throws: everything that is wrong with it.
    public func draft(
        _ identifiers: PublicIdentifiers, needsClientId: Bool = false
    ) throws(ValidationProblems) -> MessageDraft {
        var check = Validation()
        check.text(content, field: "content", scalars: Validation.messageScalars)
        check.identifier(clientMessageId, field: "client_message_id")
        if needsClientId, clientMessageId == nil {
            check.reject("client_message_id", code: "required", message: "is missing")
        }
        if let type, !Message.Kind.written.contains(type) {
            check.reject("type", code: "invalid_value", message: "must be text or note")
        }
        if let attachmentIds, !attachmentIds.isEmpty {
            check.reject("attachment_ids[0]", code: "not_found", message: "no such attachment")
        }
        let repliedTo = replyTo.flatMap { identifiers.identifier($0, of: Message.self) }
        if replyTo != nil, repliedTo == nil {
            check.reject("reply_to", code: "not_found", message: "no such message in this conversation")
        }
        try check.finish()
        return MessageDraft(
            content: content, clientMessageId: clientMessageId, kind: type ?? .text, replyTo: repliedTo)
    }
}
