import Domain
import NIOCore

/// The readers that live on one event loop. Confined to it, which is what makes the unchecked conformance sound.
final class LoopShard: @unchecked Sendable {
    let eventLoop: any EventLoop
    let index: Int
    private let interest: Interest
    private var feeds: [Identifier<Conversation>: [ConversationFeed]] = [:]
    private var connections: [ObjectIdentifier: ChatConnection] = [:]
    private var viewers: [ObjectIdentifier: ChatConnection] = [:]
    private var streams: [ObjectIdentifier: StreamReader] = [:]

    init(eventLoop: any EventLoop, index: Int, interest: Interest) {
        self.eventLoop = eventLoop
        self.index = index
        self.interest = interest
    }

    // MARK: Feeds

    func add(_ feed: ConversationFeed) {
        let isFirst = feeds[feed.conversationId] == nil
        feed.slot = feeds[feed.conversationId, default: []].count
        feeds[feed.conversationId, default: []].append(feed)
        // Known before the head is read: what is committed from now on comes here.
        if isFirst { interest.add(index, to: feed.conversationId) }
    }

    func remove(_ feed: ConversationFeed) {
        guard feed.slot >= 0, var list = feeds.removeValue(forKey: feed.conversationId) else { return }
        let last = list.removeLast()
        if last !== feed {
            list[feed.slot] = last
            last.slot = feed.slot
        }
        feed.slot = -1
        if list.isEmpty {
            interest.remove(index, from: feed.conversationId)
        } else {
            feeds[feed.conversationId] = list
        }
    }

    func deliver(_ run: EventRun) {
        guard let conversationId = run.conversationId, let list = feeds[conversationId] else { return }
        run.isBulk = list.count > SocketLoop.flushedAtOnce
        for feed in list { feed.receive(run) }
    }

    /// There are events up to `seq`.
    func ring(_ conversationId: Identifier<Conversation>, seq: Int64) {
        guard let list = feeds[conversationId] else { return }
        for feed in list { feed.ring(seq) }
    }

    func deliver(_ passing: PassingFrame, in conversationId: Identifier<Conversation>) {
        guard let list = feeds[conversationId] else { return }
        for feed in list { feed.receive(passing) }
    }

    // MARK: Streams

    func add(_ stream: StreamReader) { streams[ObjectIdentifier(stream)] = stream }

    func remove(_ stream: StreamReader) { streams.removeValue(forKey: ObjectIdentifier(stream)) }

    func endStreams() {
        for stream in streams.values { stream.end() }
    }

    // MARK: Connections

    func add(_ connection: ChatConnection) { connections[ObjectIdentifier(connection)] = connection }

    func remove(_ connection: ChatConnection) {
        connections.removeValue(forKey: ObjectIdentifier(connection))
        removeViewer(connection)
    }

    func addViewer(_ connection: ChatConnection) {
        if viewers.isEmpty { interest.addViewers(index) }
        viewers[ObjectIdentifier(connection)] = connection
    }

    private func removeViewer(_ connection: ChatConnection) {
        if viewers.removeValue(forKey: ObjectIdentifier(connection)) != nil, viewers.isEmpty {
            interest.removeViewers(index)
        }
    }

    func rowsChanged(_ rows: [ChangedRow]) {
        for viewer in viewers.values {
            for row in rows where viewer.access?.workspaceId == row.workspaceId { viewer.rowChanged(row) }
        }
    }

    /// Tells every socket that it is for what an administrator has to say.
    func deliver(_ notice: Notice, frame: TextFrame) {
        for connection in connections.values { connection.take(notice, frame: frame) }
    }

    /// Closes the sockets and streams of those who may not go on, and has those who may do other things ask what.
    func rightsEnded(_ revoked: RevokedAccess) {
        for connection in connections.values {
            guard let access = connection.access else { continue }
            switch revoked.verdict(on: access) {
            case .stays: break
            case .goes(let reason): connection.close(reason)
            case .changes: connection.rightsChanged()
            }
        }
        for stream in streams.values {
            switch revoked.verdict(on: stream.access) {
            case .stays: break
            case .goes: stream.end()
            // It carries one reply, and its client opens it again; who sees everything need not.
            case .changes: if stream.access.scope(of: .conversationsRead) != .all { stream.end() }
            }
        }
    }

    /// Tells every client that the server is about to stop.
    func announceDrain(reconnectIn seconds: Int) {
        for connection in connections.values { connection.announceDrain(reconnectIn: seconds) }
    }

    /// Closes up to `count` sockets that are not closing yet.
    /// - Returns: how many are left.
    func closeForDrain(upTo count: Int) -> Int {
        var left = 0
        var closed = 0
        for connection in connections.values where !connection.isClosing {
            if closed < count {
                connection.close(.draining)
                closed += 1
            } else {
                left += 1
            }
        }
        return left
    }

    var openConnections: Int { connections.count }
}
