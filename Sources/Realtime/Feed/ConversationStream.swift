public import Domain
public import NIOCore
import Storage
import Synchronization
import Wire

/// A frame of a conversation outside a socket, as a `text/event-stream` carries it.
public struct StreamFrame: Sendable {
    /// Name of the frame, such as `message.created` or `reply.delta`.
    public var type: String
    /// What it is about, for durable events.
    public var event: FeedEventKind?
    /// The whole envelope, as on a socket.
    public var json: ByteBuffer

    /// Number of a durable event.
    public var seq: Int64? { event?.seq }
}

/// The frames of one conversation from a given event on, without gap or repetition. Iterating ends when the reader is too
/// slow or the log cannot be read: like a socket, it is then to be opened again.
public struct ConversationStream: AsyncSequence, Sendable {
    /// Frames that may wait for a slow reader.
    static let maximumWaiting = 512

    private let frames: AsyncStream<StreamFrame>

    public struct AsyncIterator: AsyncIteratorProtocol {
        var base: AsyncStream<StreamFrame>.Iterator

        public mutating func next() async -> StreamFrame? { await base.next() }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: frames.makeAsyncIterator()) }

    fileprivate init(_ frames: AsyncStream<StreamFrame>) {
        self.frames = frames
    }
}

extension Hub {
    /// Opens a stream of a conversation's frames behind event `seq`.
    /// - Throws: ``Refusal`` when `access` may not read it; ``StorageFailure``.
    public func stream(
        of conversationId: Identifier<Conversation>, after seq: Int64, by access: Access
    ) async throws -> ConversationStream {
        guard let shard = fanout.anyShard() else { throw StorageFailure.unavailable("no event loop") }
        let (frames, continuation) = AsyncStream.makeStream(
            of: StreamFrame.self, bufferingPolicy: .bufferingOldest(ConversationStream.maximumWaiting))
        let reader = try await shard.eventLoop.submit { [self] in
            let reader = StreamReader(continuation, access: access, shard: shard)
            let feed = ConversationFeed(of: conversationId, access: access, on: shard, hub: self, receiver: reader)
            reader.feed = feed
            shard.add(feed)
            shard.add(reader)
            return NIOLoopBound(reader, eventLoop: shard.eventLoop)
        }.get()
        continuation.onTermination = { _ in
            shard.eventLoop.execute { reader.value.stop() }
        }
        do {
            // The reader is on its loop's list by now: rights that end from here on end it there.
            let head = try await store.read { snapshot in
                guard try !snapshot.hasEnded(access) else {
                    throw access.contact == nil ? Refusal.forbidden : Refusal.sessionOver
                }
                return try snapshot.head(of: conversationId, by: access)
            }
            shard.eventLoop.execute {
                reader.value.feed?.start(after: Swift.min(seq, head.seq), head: head)
            }
        } catch {
            continuation.finish()
            throw error
        }
        return ConversationStream(frames)
    }
}

/// Hands what a feed delivers to a stream. On its event loop only.
final class StreamReader: FeedReceiver {
    private let continuation: AsyncStream<StreamFrame>.Continuation
    let access: Access
    private let shard: LoopShard
    var feed: ConversationFeed?

    init(
        _ continuation: AsyncStream<StreamFrame>.Continuation, access: Access, shard: LoopShard
    ) {
        self.continuation = continuation
        self.access = access
        self.shard = shard
    }

    // A page has fewer events than may wait; a reader that is further behind than that is ended by the next.
    var takesReplay: Bool { true }

    func feed(_ feed: ConversationFeed, run: EventRun) {
        for event in run.events { self.feed(feed, event: event.frame(for: feed.viewer), of: event.facts) }
    }

    func feed(_ feed: ConversationFeed, event frame: TextFrame, of facts: EventFacts) {
        let kind = FeedEventKind(facts, to: feed.viewer)
        let type = kind.isHidden ? "event.hidden" : kind.kind.rawValue
        yield(StreamFrame(type: type, event: kind, json: frame.payload))
    }

    func feed(_ feed: ConversationFeed, passing frame: PassingFrame) {
        yield(StreamFrame(type: frame.type, event: nil, json: frame.frame(for: access.viewer).payload))
    }

    func feedSynced(_ feed: ConversationFeed, at seq: Int64) {}

    func feedLeftScope(_ feed: ConversationFeed) { end() }

    func feedFailed(_ feed: ConversationFeed, _ error: any Error) { end() }

    /// Ends the stream; ``stop()`` follows.
    func end() { continuation.finish() }

    func stop() {
        feed?.stop()
        feed = nil
        shard.remove(self)
    }

    private func yield(_ frame: StreamFrame) {
        // A durable frame must not be skipped: rather end, so that the client asks again.
        if case .dropped = continuation.yield(frame) { end() }
    }
}
