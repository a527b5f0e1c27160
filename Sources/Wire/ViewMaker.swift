public import Domain

/// Makes views from the domain's values. The only place that turns row keys into public identifiers.
public struct ViewMaker: Sendable {
    public let identifiers: PublicIdentifiers
    /// What the addresses of files are made with.
    public let links: AttachmentLinks

    public init(identifiers: PublicIdentifiers, links: AttachmentLinks = AttachmentLinks()) {
        self.identifiers = identifiers
        self.links = links
    }

    /// A message. A contact gets no keys of agents.
    public func message(_ message: Message, for viewer: Viewer) -> MessageView {
        view(of: message, in: identifiers.text(message.conversationId), by: sender(message.sender, for: viewer))
    }

    /// Messages of one conversation. What many of them have in common is written once.
    public func messages(_ messages: [Message], for viewer: Viewer) -> [MessageView] {
        var conversation: (id: Identifier<Conversation>, text: String)?
        var senders: [Actor: MessageView.Sender] = [:]
        return messages.map { message in
            if conversation?.id != message.conversationId {
                conversation = (message.conversationId, identifiers.text(message.conversationId))
            }
            let sender = senders[message.sender] ?? sender(message.sender, for: viewer)
            senders[message.sender] = sender
            return view(of: message, in: conversation?.text ?? "", by: sender)
        }
    }

    private func view(
        of message: Message, in conversation: String, by sender: MessageView.Sender
    ) -> MessageView {
        MessageView(
            id: identifiers.text(message.id), conversationId: conversation,
            seq: message.seq, clientMessageId: message.clientMessageId,
            sender: sender, type: message.kind, content: message.content,
            attachments: message.attachments.map(attachment),
            sources: message.sources.map(source),
            status: message.status, replyTo: message.replyTo.map { identifiers.text($0) }, createdAt: message.createdAt,
            editedAt: message.editedAt)
    }

    /// A passage that a text of the assistant rests on.
    public func source(_ source: Message.Source) -> MessageView.Source {
        MessageView.Source(
            number: source.number, articleId: identifiers.text(source.articleId), title: source.title,
            excerpt: source.excerpt, score: source.score)
    }

    /// A file, with a link that is good for an hour at least.
    public func attachment(_ attachment: Attachment) -> AttachmentView {
        AttachmentView(
            id: identifiers.text(attachment.id), name: attachment.name, mediaType: attachment.mediaType,
            size: attachment.size, url: links.url(of: attachment.id, identifiers))
    }

    private func sender(_ actor: Actor, for viewer: Viewer) -> MessageView.Sender {
        MessageView.Sender(kind: actor.kind, id: actorId(actor, for: viewer), name: actor.name)
    }

    /// The public id of an actor, or nil where there is none or the viewer must not know it.
    func actorId(_ actor: Actor, for viewer: Viewer) -> String? {
        switch (actor.kind, viewer) {
        case (.contact, _): actor.id.map { identifiers.text(Identifier<Contact>($0)) }
        case (.agent, .staff): actor.id.map { identifiers.text(Identifier<User>($0)) }
        case (.agent, .contact), (.ai, _), (.system, _): nil
        }
    }

    public func owner(_ owner: Owner) -> OwnerView {
        let id: String? =
            switch owner.kind {
            case .agent: owner.id.map { identifiers.text(Identifier<User>($0)) }
            case .team: owner.id.map { identifiers.text(Identifier<Team>($0)) }
            case .none, .ai: nil
            }
        return OwnerView(kind: owner.kind, id: id, name: owner.name, epoch: owner.epoch)
    }

    public func contactOwner(_ owner: Owner) -> ContactOwnerView {
        ContactOwnerView(kind: owner.kind, name: owner.name, epoch: owner.epoch)
    }

    public func conversation(_ conversation: Conversation) -> ConversationView {
        ConversationView(
            id: identifiers.text(conversation.id), number: conversation.number, subject: conversation.subject,
            status: conversation.status, priority: conversation.priority,
            inboxId: identifiers.text(conversation.inboxId),
            contact: .init(
                id: identifiers.text(conversation.contact.id), name: conversation.contact.name,
                email: conversation.contact.email),
            labels: conversation.labels, owner: owner(conversation.owner), headSeq: conversation.headSeq,
            unread: conversation.unread, lastMessage: conversation.lastMessage.map { message($0, for: .staff) },
            snoozedUntil: conversation.snoozedUntil, createdAt: conversation.createdAt,
            updatedAt: conversation.updatedAt)
    }

    /// A conversation for its contact. The last message must already be one that the contact may see.
    public func contactConversation(_ conversation: Conversation) -> ContactConversationView {
        let last = conversation.lastMessage.flatMap {
            Audience.isVisible($0.kind, to: .contact) ? message($0, for: .contact) : nil
        }
        return ContactConversationView(
            id: identifiers.text(conversation.id), number: conversation.number, subject: conversation.subject,
            status: conversation.status, owner: contactOwner(conversation.owner), headSeq: conversation.headSeq,
            unread: conversation.unread, lastMessage: last, createdAt: conversation.createdAt,
            updatedAt: conversation.updatedAt)
    }

    public func session(_ session: ChatSession) -> SessionView {
        SessionView(
            id: identifiers.text(session.id), status: session.status,
            contactId: identifiers.text(session.contactId), conversationId: identifiers.text(session.conversationId),
            locale: session.locale, metadata: session.metadata, createdAt: session.createdAt,
            lastActiveAt: session.lastActiveAt, expiresAt: session.expiresAt)
    }

    public func contact(_ contact: Contact) -> ContactView {
        ContactView(
            id: identifiers.text(contact.id), name: contact.name, email: contact.email, phone: contact.phone,
            externalId: contact.externalId, claimedEmail: contact.claimedEmail,
            claimedExternalId: contact.claimedExternalId, attributes: contact.attributes, locale: contact.locale,
            createdAt: contact.createdAt, updatedAt: contact.updatedAt)
    }

    public func user(_ user: User) -> UserView {
        UserView(
            id: identifiers.text(user.id), email: user.email, name: user.name, role: user.role.name,
            permissions: user.role.grants.texts, status: user.status, locale: user.locale,
            createdAt: user.createdAt, lastLoginAt: user.lastLoginAt)
    }

    public func article(_ article: Article) -> ArticleView {
        ArticleView(
            id: identifiers.text(article.id), title: article.title, content: article.content, locale: article.locale,
            questions: article.questions, status: article.status, version: article.version,
            updatedAt: article.updatedAt)
    }
}
