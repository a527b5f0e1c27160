public import Cluster
public import Domain
public import Storage
import Synchronization
import Wire

// What other nodes tell, and what this one finds when they cannot.
extension Hub {
    /// Takes a message of another node. On the bus's event loop, in the order in which that node sent it.
    public func heard(_ message: NodeMessage) {
        switch message {
        case .events(let events): heard(events)
        case .ended(let ended): rightsEnded(ended)
        case .passing(let frame): fanout.passHere(PassingFrame(frame), in: frame.conversationId)
        case .stopReply(let id, let conversationId): _ = cancelReply(id, in: conversationId)
        case .wantsReply(let id, let conversationId): liveReplies.tell(id, in: conversationId)
        case .notice(let notice): deliver(notice)
        case .replies: break  // The assistant's.
        }
    }

    private func heard(_ events: [RungEvent]) {
        // Those without bytes are read from the log; a run of the others goes out together.
        var run: [SharedEvent] = []
        for event in events {
            let facts = EventFacts(event)
            if let epoch = facts.ownerEpoch {
                fanout.deliver(run)
                run = []
                liveReplies.ownerChanged(in: facts.conversationId, toEpoch: epoch)
            }
            if let json = event.json {
                run.append(SharedEvent(facts, json))
            } else {
                fanout.deliver(run)
                run = []
                fanout.ring([Fanout.Head(facts)])
            }
        }
        fanout.deliver(run)
    }

    /// Tells the sockets here what an administrator has to say, once, whether it was heard or found.
    public func deliver(_ notice: Notice) {
        let isNew = notices.withLock { told in
            guard !told.contains(notice.id) else { return false }
            told.append(notice.id)
            if told.count > Self.maximumNotices { told.removeFirst() }
            return true
        }
        guard isNew else { return }
        let frame = serverFrames.notice(notice)
        fanout.onEachShard { $0.deliver(notice, frame: frame) }
    }

    /// Tells the readers here of events that were found in the feed. Those that they have already change nothing.
    public func found(_ entries: [FeedEntry]) {
        fanout.ring(
            entries.map {
                Fanout.Head(
                    workspaceId: $0.workspaceId, conversationId: $0.conversationId, seq: $0.seq, owners: $0.owners)
            })
    }

    /// Asks for an AI reply to be stopped, wherever it is made.
    /// - Parameter isOpen: whether the reply is under way, by its row.
    /// - Throws: ``SocketError`` when it is not, or when the node that makes it cannot be told.
    func stopReply(
        _ id: Identifier<Message>, in conversationId: Identifier<Conversation>, isOpen: Bool
    ) throws(SocketError) {
        if cancelReply(id, in: conversationId) { return }
        guard isOpen, let link, link.isShared else { throw SocketError(.notFound, "no such reply is under way") }
        guard link.health == .healthy else {
            throw SocketError(.unavailable, "the reply's node cannot be told: send it again", retryInSeconds: 1)
        }
        link.tell(.stopReply(id, in: conversationId))
    }
}
