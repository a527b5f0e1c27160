import Cluster
import Domain
import Logging
import NIOCore
import Storage
import Wire

// What a socket reads: its conversation or those it subscribes to, and lists.
extension ChatConnection: FeedReceiver {
    func feed(_ feed: ConversationFeed, event frame: TextFrame, of facts: EventFacts) { send(frame) }

    func feed(_ feed: ConversationFeed, run: EventRun) {
        // What waits is counted, and may have to be refused, event by event.
        if let frame = run.frame(for: feed.viewer), sendsAtOnce(frame, inBulk: run.isBulk) { return }
        for event in run.events { send(event.frame(for: feed.viewer)) }
    }

    func feed(_ feed: ConversationFeed, passing frame: PassingFrame) {
        if case .snapshot(let snapshot) = frame.kind, answerSync(with: snapshot, in: feed.conversationId) { return }
        pass(frame, in: feed.conversationId)
    }

    func feedSynced(_ feed: ConversationFeed, at seq: Int64) {
        send(serverFrames.synced(feed.conversationId, at: seq))
    }

    func feedLeftScope(_ feed: ConversationFeed) {
        if feeds[feed.conversationId] === feed { feeds[feed.conversationId] = nil }
        send(serverFrames.unsubscribed(feed.conversationId, reason: "scope"))
    }

    func feedFailed(_ feed: ConversationFeed, _ error: any Error) {
        guard error as? Refusal == nil else {
            feeds.removeValue(forKey: feed.conversationId)?.stop()
            return send(serverFrames.unsubscribed(feed.conversationId, reason: "scope"))
        }
        hub.logger.warning("a replay could not be read", metadata: ["error": "\(error)", "connection": "\(id)"])
        close(.internalError)
    }

    /// Loads what `ready` tells and begins to read. `resume` is where the client stands.
    func begin(resume: HelloData.Resume?, requestId: String?) {
        guard let access else { return }
        switch access.principal {
        case .contact(let contact): beginContact(contact, access, resume: resume, requestId: requestId)
        case .staff(let staff): beginStaff(staff, requestId: requestId)
        case .server: break
        }
    }

    /// Looks up a few rows by their keys and comes back in another tick, unless the socket has gone meanwhile.
    func lookUp<Value: Sendable>(
        _ body: @escaping @Sendable (Snapshot) throws -> Value,
        then: @escaping (ChatConnection, Result<Value, any Error>) -> Void
    ) {
        hub.store.lookUp(body, completion: returning(to: then))
    }

    /// Runs a read of whatever length and comes back to the event loop, unless the socket has gone meanwhile.
    func load<Value: Sendable>(
        _ body: @escaping @Sendable (Snapshot) throws -> Value,
        then: @escaping (ChatConnection, Result<Value, any Error>) -> Void
    ) {
        hub.store.gathered.read(body, completion: returning(to: then))
    }

    private func returning<Value: Sendable>(
        to then: @escaping (ChatConnection, Result<Value, any Error>) -> Void
    ) -> @Sendable (Result<Value, any Error>) -> Void {
        let eventLoop = eventLoop
        let bound = NIOLoopBound((connection: self, then: then), eventLoop: eventLoop)
        return { result in
            eventLoop.execute {
                guard !bound.value.connection.isClosing else { return }
                bound.value.then(bound.value.connection, result)
            }
        }
    }

    private func beginContact(
        _ contact: Access.ContactPrincipal, _ access: Access, resume: HelloData.Resume?, requestId: String?
    ) {
        // Subscribed first, read second: nothing falls between.
        feeds.removeValue(forKey: contact.conversationId)?.stop()
        let feed = ConversationFeed(
            of: contact.conversationId, access: access, on: shard, hub: hub, receiver: self)
        feeds[contact.conversationId] = feed
        shard.add(feed)
        lookUp { snapshot in
            (
                session: try snapshot.session(contact.sessionId, by: access),
                conversation: try snapshot.conversation(contact.conversationId, by: access),
                head: try snapshot.head(of: contact.conversationId, by: access)
            )
        } then: { connection, result in
            guard connection.feeds[contact.conversationId] === feed else { return }
            guard case .success(let loaded) = result else { return connection.close(.internalError) }
            guard !loaded.session.status.isOver else { return connection.close(.sessionClosed) }
            connection.hub.directory?.put(KnownSession(loaded.session))
            connection.locale = loaded.session.locale
            let head = loaded.head.seq
            let (mode, start) = connection.start(of: resume, head: head)
            connection.send(
                connection.serverFrames.ready(
                    .init(
                        connectionId: connection.id, nodeId: connection.hub.settings.nodeId,
                        session: connection.hub.encoder.views.session(loaded.session),
                        conversation: connection.hub.encoder.views.contactConversation(loaded.conversation),
                        epoch: connection.hub.settings.logEpoch, headSeq: head, mode: mode,
                        limits: .init(framesPerSecond: connection.hub.settings.contactFramesPerSecond)),
                    conversationId: contact.conversationId, requestId: requestId))
            feed.start(after: start, head: loaded.head)
        }
    }

    /// Where a client that stands at `resume` goes on.
    private func start(of resume: HelloData.Resume?, head: Int64) -> (ServerFrames.Mode, Int64) {
        guard let resume else { return (.live, head) }
        guard resume.epoch == hub.settings.logEpoch, resume.seq <= head, head - resume.seq <= Self.maximumReplay else {
            return (.snapshot, head)
        }
        return (.replay, resume.seq)
    }

    private func beginStaff(_ staff: Access.StaffPrincipal, requestId: String?) {
        guard let workspaceId = access?.workspaceId else { return }
        lookUp { snapshot in
            // The socket is on its loop's list by now: rights that end or change from here on are heard of there.
            (user: try snapshot.user(staff.userId), standing: try snapshot.standing(of: staff, in: workspaceId))
        } then: { connection, result in
            guard case .success(let loaded) = result else { return connection.close(.internalError) }
            guard connection.goesOn(with: loaded.standing), let user = loaded.user else {
                return connection.close(.revoked)
            }
            connection.locale = user.locale
            connection.send(
                connection.serverFrames.ready(
                    .init(
                        connectionId: connection.id, nodeId: connection.hub.settings.nodeId,
                        user: connection.view(of: user), epoch: connection.hub.settings.logEpoch,
                        mode: .live, limits: .init(framesPerSecond: connection.hub.settings.staffFramesPerSecond)),
                    requestId: requestId))
            connection.send(connection.serverFrames.synced())
        }
    }

    // MARK: Subscriptions of staff

    func subscribe(_ frame: ClientFrame) throws {
        guard let access else { return }
        let data = try frame.decoded(SubscribeData.self)
        guard data.view != nil || data.conversations != nil else {
            throw SocketError(.invalid, "conversations or view is needed")
        }
        if let view = data.view {
            viewFilter = ViewFilter(try filter(view))
            shard.addViewer(self)
        }
        guard let wanted = data.conversations else {
            return send(serverFrames.ack(requestId: frame.requestId, conversationId: nil))
        }
        guard wanted.count <= Self.maximumSubscribedPerFrame else {
            throw SocketError(.invalid, "at most \(Self.maximumSubscribedPerFrame) conversations at once")
        }
        var starts: [(id: Identifier<Conversation>, after: Int64?)] = []
        for entry in wanted {
            guard let id: Identifier<Conversation> = hub.encoder.views.identifiers.identifier(entry.id) else {
                throw SocketError(.notFound, "no such conversation: \(entry.id.prefix(64))")
            }
            if let after = entry.after, after < 0 { throw SocketError(.invalid, "after is negative") }
            starts.append((id, entry.after))
        }
        guard Set(feeds.keys).union(starts.map(\.id)).count <= Self.maximumSubscriptions else {
            throw SocketError(.invalid, "at most \(Self.maximumSubscriptions) conversations per socket")
        }
        var begun: [Identifier<Conversation>: ConversationFeed] = [:]
        for start in starts where begun[start.id] == nil {
            feeds.removeValue(forKey: start.id)?.stop()
            let feed = ConversationFeed(of: start.id, access: access, on: shard, hub: hub, receiver: self)
            feeds[start.id] = feed
            begun[start.id] = feed
            shard.add(feed)
        }
        let ids = starts.map(\.id)
        load { snapshot in
            try ids.map { try snapshot.head(of: $0, by: access) }
        } then: { connection, result in
            switch result {
            case .success(let heads):
                connection.send(connection.serverFrames.ack(requestId: frame.requestId, conversationId: nil))
                for (start, head) in zip(starts, heads) {
                    guard let feed = begun.removeValue(forKey: start.id), connection.feeds[start.id] === feed else {
                        continue
                    }
                    // A client ahead of the log holds another incarnation; `synced` shows it the head.
                    let after = min(start.after ?? head.seq, head.seq)
                    feed.start(after: after, head: head)
                }
            case .failure(let error):
                for (id, feed) in begun where connection.feeds[id] === feed {
                    connection.feeds.removeValue(forKey: id)?.stop()
                }
                connection.answer(frame, with: SocketError(error))
            }
        }
    }

    func unsubscribe(_ frame: ClientFrame) throws {
        let data = try frame.decoded(UnsubscribeData.self)
        for entry in data.conversations {
            guard let id: Identifier<Conversation> = hub.encoder.views.identifiers.identifier(entry.id) else {
                throw SocketError(.notFound, "no such conversation: \(entry.id.prefix(64))")
            }
            feeds.removeValue(forKey: id)?.stop()
        }
        send(serverFrames.ack(requestId: frame.requestId, conversationId: nil))
    }

    // MARK: Lists

    private func filter(_ view: SubscribeData.View) throws -> ConversationFilter {
        let identifiers = hub.encoder.views.identifiers
        func decoded<Entity: PubliclyIdentified>(_ text: String?, _ field: String) throws -> Identifier<Entity>? {
            guard let text else { return nil }
            guard let id: Identifier<Entity> = identifiers.identifier(text) else {
                throw SocketError(.notFound, "no such \(field)")
            }
            return id
        }
        var filter = ConversationFilter()
        filter.status = view.status
        filter.priority = view.priority
        filter.ownerKind = view.owner
        filter.assignee =
            view.assignee == "me" ? access?.staff?.userId : try decoded(view.assignee, "assignee")
        filter.teamId = try decoded(view.teamId, "team")
        filter.inboxId = try decoded(view.inboxId, "inbox")
        filter.contactId = try decoded(view.contactId, "contact")
        filter.label = view.label
        return filter
    }

    /// A row that may be in this socket's list has changed. Rows that change while one read runs are read together next.
    func rowChanged(_ row: ChangedRow) {
        guard let access else { return }
        let mayLeave = row.formerOwners.contains { access.allows(.conversationsRead, on: $0) }
        changedRows[row.conversationId] = mayLeave || changedRows[row.conversationId] ?? false
        readRows()
    }

    private func readRows() {
        guard !isReadingRows, !changedRows.isEmpty, takesReplay, let access, !isClosing else { return }
        isReadingRows = true
        let wanted = changedRows.prefix(Self.maximumSubscribedPerFrame).map { (id: $0.key, mayLeave: $0.value) }
        for row in wanted { changedRows[row.id] = nil }
        load { snapshot in
            try wanted.compactMap { id, mayLeave -> (row: Conversation, isWithinScope: Bool)? in
                do {
                    return (try snapshot.conversation(id, by: access), true)
                } catch is Refusal {
                    // Beyond what this socket may see. That it went there is told to those who saw it.
                    guard mayLeave, access.allows(.conversationsRead) else { return nil }
                    return try snapshot.departed(id, for: access).map { ($0, false) }
                }
            }
        } then: { connection, result in
            connection.isReadingRows = false
            guard case .success(let rows) = result else { return connection.close(.internalError) }
            // A conversation without a message is in no list yet.
            for (row, isWithinScope) in rows where row.lastMessage != nil || !isWithinScope {
                let isIn = isWithinScope && connection.viewFilter?.filter.matches(row) ?? false
                connection.send(connection.serverFrames.viewRow(row, isIn: isIn))
            }
            connection.readRows()
        }
    }
}

/// The list that a socket shows.
final class ViewFilter {
    let filter: ConversationFilter

    init(_ filter: ConversationFilter) {
        self.filter = filter
    }
}

extension KnownSession {
    /// What the other nodes need to know of a session. That it is not over; the rest is in the database.
    init(_ session: ChatSession) {
        self.init(
            id: session.id, contactId: session.contactId, conversationId: session.conversationId,
            workspaceId: session.workspaceId, state: ByteBuffer(), expiresAt: session.expiresAt)
    }
}
