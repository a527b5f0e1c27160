import Domain
import NIOCore
import Storage
import Wire

// What each frame type does.
extension ChatConnection {
    /// Contract: `typing` at most every 3 s.
    static let typingInterval = TimeAmount.seconds(3)
    /// How long the node that makes a reply may take to tell its text; then what was saved last must do.
    static let syncLimit = TimeAmount.milliseconds(500)

    func handle(_ frame: ClientFrame) throws {
        guard let command = SocketCommand(rawValue: frame.type) else {
            throw SocketError(.unknownType, "unknown type \(frame.type.prefix(64))")
        }
        try command.admission.check(access)
        switch command {
        case .hello: try hello(frame)
        case .send: try sendMessage(frame)
        case .markRead: try markRead(frame)
        case .typing: try typing(frame)
        case .handOff: try handOff(frame)
        case .cancelReply: try cancelReply(frame)
        case .syncReply: try syncReply(frame)
        case .subscribe: try subscribe(frame)
        case .unsubscribe: try unsubscribe(frame)
        case .ping: try ping(frame)
        case .refreshToken: try refreshToken(frame)
        }
    }

    /// The conversation that a frame is about: the session's own, or the one that a staff frame names.
    private func conversation(of frame: ClientFrame) throws -> (Identifier<Conversation>, Access) {
        guard let access else { throw SocketError(.forbidden, "say hello first") }
        let identifiers = hub.encoder.views.identifiers
        if let contact = access.contact {
            if let named = frame.conversationId, named != identifiers.text(contact.conversationId) {
                throw SocketError(.notFound, "no such conversation")
            }
            return (contact.conversationId, access)
        }
        guard let named = frame.conversationId else { throw SocketError(.invalid, "conversation_id is missing") }
        guard let id: Identifier<Conversation> = identifiers.identifier(named) else {
            throw SocketError(.notFound, "no such conversation")
        }
        return (id, access)
    }

    private func messageId(_ text: String) throws -> Identifier<Message> {
        guard let id: Identifier<Message> = hub.encoder.views.identifiers.identifier(text) else {
            throw SocketError(.notFound, "no such message")
        }
        return id
    }

    /// Runs a command; its outcome comes back to the event loop ahead of the events that it made.
    private func command<Value: Sendable>(
        _ frame: ClientFrame, to conversations: [Identifier<Conversation>] = [],
        _ body: @escaping @Sendable (Transaction) throws -> Value,
        then: @escaping (ChatConnection, Value) -> Void
    ) {
        let eventLoop = eventLoop
        let bound = NIOLoopBound((connection: self, frame: frame, then: then), eventLoop: eventLoop)
        hub.store.write(to: conversations, run: body) { [hub, shard] result in
            hub.tell(on: shard) {
                let (connection, frame, then) = bound.value
                guard !connection.isClosing else { return }
                switch result {
                case .success(let value): then(connection, value)
                case .failure(Refusal.sessionOver): connection.close(.sessionClosed)
                case .failure(let error): connection.answer(frame, with: SocketError(error))
                }
            }
        }
    }

    /// Answers a frame that asked for an answer.
    private func acknowledge(_ frame: ClientFrame) {
        guard frame.requestId != nil else { return }
        send(serverFrames.ack(requestId: frame.requestId, conversationId: frame.conversationId))
    }

    private func sendMessage(_ frame: ClientFrame) throws {
        let (conversationId, access) = try conversation(of: frame)
        let draft = try frame.message().draft(hub.encoder.views.identifiers, needsClientId: true)
        if let contact = access.contact, let seconds = hub.messageRates.take(contact.contactId) {
            throw SocketError(.rateLimited, "too many messages", retryInSeconds: seconds)
        }
        command(frame, to: [conversationId]) {
            try $0.send(draft, to: conversationId, by: access)
        } then: { connection, sent in
            connection.feeds[conversationId]?.acknowledged(sent.message.seq)
            connection.send(
                connection.serverFrames.ack(
                    of: sent.message, isDuplicate: sent.isDuplicate, requestId: frame.requestId,
                    conversationId: frame.conversationId))
        }
    }

    private func markRead(_ frame: ClientFrame) throws {
        let (conversationId, access) = try conversation(of: frame)
        let seq = try frame.decoded(ReadData.self).seq
        guard seq >= 0 else { throw SocketError(.invalid, "seq is negative") }
        command(frame) {
            try $0.markRead(conversationId, upTo: seq, by: access)
        } then: { connection, hasMoved in
            connection.acknowledge(frame)
            if hasMoved { connection.hub.receipt(in: conversationId, of: access.actor, seq: seq) }
        }
    }

    private func typing(_ frame: ClientFrame) throws {
        let (conversationId, access) = try conversation(of: frame)
        _ = try frame.decoded(NoData.self)
        guard let contact = access.contact else { return try staffTyping(frame, in: conversationId, access) }
        acknowledge(frame)
        guard isTypingDue() else { return }
        hub.typing(in: conversationId, by: access.actor)
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let eventLoop = eventLoop
        hub.store.write {
            try $0.touchSession(contact.sessionId, atLeastEvery: ChatSession.activityGranularitySeconds)
        } completion: { result in
            guard case .failure(Refusal.sessionOver) = result else { return }
            eventLoop.execute { bound.value.close(.sessionClosed) }
        }
    }

    private func staffTyping(
        _ frame: ClientFrame, in conversationId: Identifier<Conversation>, _ access: Access
    ) throws {
        func type() {
            acknowledge(frame)
            if isTypingDue() { hub.typing(in: conversationId, by: access.actor) }
        }
        // A subscription has been checked; any other conversation may be one that this socket must not reach.
        if feeds[conversationId]?.isStarted == true { return type() }
        load {
            try $0.head(of: conversationId, by: access).seq
        } then: { connection, result in
            switch result {
            case .success: type()
            case .failure(let error): connection.answer(frame, with: SocketError(error))
            }
        }
    }

    /// More often than every 3 s tells the others nothing new.
    private func isTypingDue() -> Bool {
        let now = eventLoop.now
        if let last = lastTypingAt, now < last + Self.typingInterval { return false }
        lastTypingAt = now
        return true
    }

    private func handOff(_ frame: ClientFrame) throws {
        let (conversationId, access) = try conversation(of: frame)
        let data = try frame.decoded(HandoffData.self)
        var check = Validation()
        check.text(data.reason, field: "reason", scalars: 1...500)
        try check.finish()
        let target: OwnerSwitch = data.to == .ai ? .ai : .anyHuman
        let wording = hub.handoffWording
        command(frame, to: [conversationId]) {
            try $0.switchOwner(of: conversationId, to: target, reason: data.reason, wording: wording, by: access)
        } then: { connection, _ in
            connection.acknowledge(frame)
        }
    }

    private func cancelReply(_ frame: ClientFrame) throws {
        let (conversationId, access) = try conversation(of: frame)
        let id = try messageId(try frame.decoded(ReplyData.self).messageId)
        command(frame) { transaction in
            // Who may not read the conversation, or not write in it, may not stop its replies.
            let head = try transaction.head(of: conversationId, by: access)
            if access.contact == nil { try access.require(.messagesWrite, on: head.owner) }
            if let contact = access.contact {
                try transaction.touchSession(
                    contact.sessionId, atLeastEvery: ChatSession.activityGranularitySeconds)
            }
            return try transaction.openJob(id)?.conversationId == conversationId
        } then: { connection, isOpen in
            do throws(SocketError) {
                try connection.hub.stopReply(id, in: conversationId, isOpen: isOpen)
                connection.acknowledge(frame)
            } catch {
                connection.answer(frame, with: error)
            }
        }
    }

    private func syncReply(_ frame: ClientFrame) throws {
        let (conversationId, access) = try conversation(of: frame)
        let id = try messageId(try frame.decoded(ReplyData.self).messageId)
        findText(for: frame, of: id, in: conversationId, by: access, mayAsk: true)
    }

    /// Answers with the text of a reply as it is known best.
    /// - Parameter mayAsk: whether to wait for the node that makes the reply.
    private func findText(
        for frame: ClientFrame, of id: Identifier<Message>, in conversationId: Identifier<Conversation>,
        by access: Access, mayAsk: Bool
    ) {
        load { snapshot in
            (
                message: try snapshot.message(id, in: conversationId, by: access),
                job: try snapshot.openJob(id),
                // Of an ended one too: no answer may be of an older generation than what was shown.
                generation: try snapshot.generation(ofReply: id) ?? 1
            )
        } then: { connection, result in
            switch result {
            case .success(let stored):
                let feed = connection.feeds[conversationId]
                // While the reply runs here, its own text is newer than what is saved.
                if let live = connection.hub.liveReplies.snapshot(of: id, in: conversationId) {
                    feed?.cover(live)
                    return connection.answerSync(
                        frame, id, in: conversationId, generation: live.generation, text: live.text)
                }
                let isGrowing = stored.message.status == .streaming
                if isGrowing, mayAsk,
                    connection.awaitSync(
                        frame, of: id, in: conversationId,
                        else: { $0.findText(for: frame, of: id, in: conversationId, by: access, mayAsk: false) })
                {
                    return
                }
                let saved = isGrowing ? stored.job?.checkpoint : stored.message.content
                connection.answerSync(frame, id, in: conversationId, generation: stored.generation, text: saved ?? "")
            case .failure(let error): connection.answer(frame, with: SocketError(error))
            }
        }
    }

    private func answerSync(
        _ frame: ClientFrame, _ id: Identifier<Message>, in conversationId: Identifier<Conversation>,
        generation: Int64, text: String
    ) {
        send(
            hub.frames.snapshot(
                of: id, in: conversationId, generation: generation, text: text, requestId: frame.requestId))
    }

    /// Asks the node that makes a reply for its text, which is newer than what is saved, and between its own pieces.
    /// - Parameter late: done when it does not answer in time.
    /// - Returns: false when there is nobody to ask, or the conversation is not read on this socket.
    private func awaitSync(
        _ frame: ClientFrame, of id: Identifier<Message>, in conversationId: Identifier<Conversation>,
        else late: @escaping (ChatConnection) -> Void
    ) -> Bool {
        guard let feed = feeds[conversationId], awaitedSyncs[id] == nil, feed.askForReply(id) else { return false }
        awaitedSyncs[id] = frame
        let bound = NIOLoopBound((connection: self, late: late), eventLoop: eventLoop)
        eventLoop.scheduleTask(in: Self.syncLimit) {
            let (connection, late) = bound.value
            guard !connection.isClosing, connection.awaitedSyncs.removeValue(forKey: id) != nil else { return }
            late(connection)
        }
        return true
    }

    /// - Returns: whether a client has asked for it: then it has its answer.
    func answerSync(with snapshot: LiveReplies.Snapshot, in conversationId: Identifier<Conversation>) -> Bool {
        guard let frame = awaitedSyncs.removeValue(forKey: snapshot.messageId) else { return false }
        answerSync(
            frame, snapshot.messageId, in: conversationId, generation: snapshot.generation, text: snapshot.text)
        return true
    }

    private func ping(_ frame: ClientFrame) throws {
        _ = try frame.decoded(NoData.self)
        if let contact = access?.contact {
            let head = feeds[contact.conversationId]?.head ?? 0
            send(
                serverFrames.pong(
                    headSeq: head, requestId: frame.requestId, conversationId: contact.conversationId))
        } else {
            send(
                serverFrames.pong(
                    heads: feeds.filter { $0.value.isStarted }.mapValues(\.head), requestId: frame.requestId))
        }
    }

    private func refreshToken(_ frame: ClientFrame) throws {
        let token = try frame.decoded(TokenData.self).token
        let (credentials, eventLoop) = (credentials, eventLoop)
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        Task(executorPreference: socket.loop.executor) {
            let credential = try? await credentials.bearer(token)
            eventLoop.execute {
                let connection = bound.value
                guard !connection.isClosing else { return }
                guard let credential, let access = connection.access, credential.access.isSameSignIn(as: access) else {
                    return connection.answer(
                        frame, with: SocketError(.forbidden, "not a valid token of this user and sign-in"))
                }
                connection.setTokenEnd(credential.expiresAt)
                connection.acknowledge(frame)
            }
        }
    }
}

extension Access {
    /// Whether both are the same user by the same sign-in, or the same session.
    func isSameSignIn(as other: Access) -> Bool {
        switch (principal, other.principal) {
        case (.staff(let one), .staff(let two)): one.userId == two.userId && one.credential == two.credential
        case (.contact(let one), .contact(let two)): one.sessionId == two.sessionId
        default: false
        }
    }
}
