public import Domain

/// A message as clients send it, over HTTP and on sockets alike.
public struct NewMessage: Decodable, Sendable, Equatable, Validated {
    public var content: String
    public var clientMessageId: String?
    public var type: Message.Kind?
    public var replyTo: String?
    public var attachmentIds: [String]?

    public init(
        content: String, clientMessageId: String? = nil, type: Message.Kind? = nil, replyTo: String? = nil,
        attachmentIds: [String]? = nil
    ) {
        self.content = content
        self.clientMessageId = clientMessageId
        self.type = type
        self.replyTo = replyTo
        self.attachmentIds = attachmentIds
    }

    /// What can be said of each field alone.
    public func validate(_ check: inout Validation) {
        check.text(content, field: "content", scalars: 0...Validation.messageScalars.upperBound)
        check.identifier(clientMessageId, field: "client_message_id")
        check.note(.words(Message.Kind.written.map(\.rawValue).sorted()), of: "type")
        if let type, !Message.Kind.written.contains(type) {
            check.reject("type", code: "invalid_value", message: "must be text, note or file")
        }
        check.note(.items(maximum: Attachment.maximumPerMessage), of: "attachment_ids")
        check.note(.distinct, of: "attachment_ids")
        if let attachmentIds, attachmentIds.count > Attachment.maximumPerMessage {
            check.reject(
                "attachment_ids", code: "too_many", message: "must have at most \(Attachment.maximumPerMessage) items")
        }
    }

    /// The message to send.
    /// - Parameter needsClientId: on a socket, whose client must be able to send again.
    /// - Throws: everything that is wrong with it.
    public func draft(
        _ identifiers: PublicIdentifiers, needsClientId: Bool = false
    ) throws(ValidationProblems) -> MessageDraft {
        var check = Validation()
        validate(&check)
        let files = attachments(identifiers, &check)
        // Files speak for themselves.
        if content.isEmpty, attachmentIds?.isEmpty ?? true {
            check.reject("content", code: "required", message: "must not be empty")
        }
        if needsClientId, clientMessageId == nil {
            check.reject("client_message_id", code: "required", message: "is missing")
        }
        if type == .file, attachmentIds?.isEmpty ?? true {
            check.reject("attachment_ids", code: "required", message: "must name a file")
        }
        let repliedTo = replyTo.flatMap { identifiers.identifier($0, of: Message.self) }
        if replyTo != nil, repliedTo == nil {
            check.reject("reply_to", code: "not_found", message: "no such message in this conversation")
        }
        try check.finish()
        return MessageDraft(
            content: content, clientMessageId: clientMessageId, kind: kind, replyTo: repliedTo, attachmentIds: files)
    }

    /// Without words it is its files.
    private var kind: Message.Kind {
        if type ?? .text == .text, content.isEmpty { return .file }
        return type ?? .text
    }

    private func attachments(
        _ identifiers: PublicIdentifiers, _ check: inout Validation
    ) -> [Identifier<Attachment>] {
        guard let attachmentIds, attachmentIds.count <= Attachment.maximumPerMessage else { return [] }
        var ids: [Identifier<Attachment>] = []
        for (index, text) in attachmentIds.enumerated() {
            guard let id = identifiers.identifier(text, of: Attachment.self), !ids.contains(id) else {
                check.reject(
                    "attachment_ids[\(index)]", code: "not_found", message: "no such attachment, or named twice")
                continue
            }
            ids.append(id)
        }
        return ids
    }
}
