public import Domain

// Messages as JSON without views: one is written for staff and one for contacts whenever somebody says something.
extension ViewMaker {
    /// Writes ``message(_:for:)``.
    public func write(_ message: Message, for viewer: Viewer, to writer: inout JSONWriter) {
        writer.text(#"{"id":"#)
        identifiers.write(message.id, to: &writer)
        writer.text(#","conversation_id":"#)
        identifiers.write(message.conversationId, to: &writer)
        writer.text(#","seq":"#)
        writer.integer(message.seq)
        writer.text(#","client_message_id":"#)
        writer.string(message.clientMessageId)
        writer.text(#","sender":{"kind":"#)
        writer.word(message.sender.kind.rawValue)
        writer.text(#","id":"#)
        if !writeKey(of: message.sender, for: viewer, to: &writer) { writer.null() }
        writer.text(#","name":"#)
        writer.string(message.sender.name)
        writer.text(#"},"type":"#)
        writer.word(message.kind.rawValue)
        writer.text(#","content":"#)
        writer.string(message.content)
        writer.text(#","attachments":"#)
        writer.list(message.attachments) { $0.value(attachment($1)) }
        writer.text(#","sources":"#)
        writer.list(message.sources) { write($1, to: &$0) }
        writer.text(#","status":"#)
        writer.word(message.status.rawValue)
        writer.text(#","reply_to":"#)
        if let repliedTo = message.replyTo { identifiers.write(repliedTo, to: &writer) } else { writer.null() }
        writer.text(#","created_at":"#)
        writer.time(message.createdAt)
        writer.text(#","edited_at":"#)
        if let editedAt = message.editedAt { writer.time(editedAt) } else { writer.null() }
        writer.text("}")
    }

    private func write(_ source: Message.Source, to writer: inout JSONWriter) {
        writer.text(#"{"number":"#)
        writer.integer(source.number)
        writer.text(#","article_id":"#)
        identifiers.write(source.articleId, to: &writer)
        writer.text(#","title":"#)
        writer.string(source.title)
        writer.text(#","excerpt":"#)
        writer.string(source.excerpt)
        writer.text(#","score":"#)
        if !writer.number(source.score) { writer.null() }
        writer.text("}")
    }

    /// Writes ``actorId(_:for:)``.
    /// - Returns: false, with nothing written, where there is none.
    public func writeKey(of actor: Actor, for viewer: Viewer, to writer: inout JSONWriter) -> Bool {
        guard let id = actor.id else { return false }
        switch (actor.kind, viewer) {
        case (.contact, _): identifiers.write(Identifier<Contact>(id), to: &writer)
        case (.agent, .staff): identifiers.write(Identifier<User>(id), to: &writer)
        case (.agent, .contact), (.ai, _), (.system, _): return false
        }
        return true
    }
}

extension MessageView {
    /// Writes it as the general encoder would.
    /// - Returns: false, with nothing written, for one with files or sources, which the general encoder writes.
    func write(to writer: inout JSONWriter) -> Bool {
        guard attachments.isEmpty, sources.isEmpty else { return false }
        writer.text(#"{"id":"#)
        writer.string(id)
        writer.text(#","conversation_id":"#)
        writer.string(conversationId)
        writer.text(#","seq":"#)
        writer.integer(seq)
        writer.text(#","client_message_id":"#)
        writer.string(clientMessageId)
        writer.text(#","sender":{"kind":"#)
        writer.word(sender.kind.rawValue)
        writer.text(#","id":"#)
        writer.string(sender.id)
        writer.text(#","name":"#)
        writer.string(sender.name)
        writer.text(#"},"type":"#)
        writer.word(type.rawValue)
        writer.text(#","content":"#)
        writer.string(content)
        writer.text(#","attachments":[],"sources":[],"status":"#)
        writer.word(status.rawValue)
        writer.text(#","reply_to":"#)
        writer.string(replyTo)
        writer.text(#","created_at":"#)
        writer.time(createdAt)
        writer.text(#","edited_at":"#)
        if let editedAt { writer.time(editedAt) } else { writer.null() }
        writer.text("}")
        return true
    }
}

extension JSONWriter {
    /// An array, whose elements `write` writes.
    mutating func list<Element>(_ elements: [Element], _ write: (inout JSONWriter, Element) -> Void) {
        text("[")
        for element in elements {
            separator()
            write(&self, element)
        }
        text("]")
    }
}
