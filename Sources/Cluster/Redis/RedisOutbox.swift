import NIOCore
import Synchronization

/// What threads want sent, on its way to the event loop: encoded at once, in one buffer, so that a tick writes once.
///
/// It also bounds what Redis has not answered yet. A server that is frozen makes it full, and then what is published is
/// dropped.
final class RedisOutbox: Sendable {
    /// Bytes of commands that may be unanswered at once: seconds of any load that we know.
    static let maximumBytes = 8 * 1024 * 1024
    /// Commands that may be unanswered at once; each costs some 50 bytes here.
    static let maximumReplies = 65_536
    /// Bytes of a payload: the inline limit of a doorbell is far below, and a subscriber's buffer at Redis is 8 MiB.
    static let maximumPayloadBytes = 1024 * 1024

    struct Load {
        var bytes = ByteBuffer()
        var replies: [PendingReply] = []
    }

    enum Outcome {
        case queued
        /// Queued, and nobody has called the event loop yet.
        case first
        case refused(RedisFault)
    }

    private struct State {
        var isOpen = false
        var load = Load()
        var unansweredBytes = 0
        var unansweredReplies = 0
        var published: UInt64 = 0
        var dropped: UInt64 = 0
        var hasOverflowed = false

        func hasRoom(for replies: Int) -> Bool {
            unansweredBytes < RedisOutbox.maximumBytes && replies <= RedisOutbox.maximumReplies - unansweredReplies
        }

        /// Encodes into the load and counts.
        mutating func append(_ replies: [ReplyBatch?], encode: (Int, inout ByteBuffer) -> Void) -> Outcome {
            let isFirst = load.replies.isEmpty
            for (index, batch) in replies.enumerated() {
                let before = load.bytes.writerIndex
                encode(index, &load.bytes)
                let bytes = load.bytes.writerIndex - before
                load.replies.append(PendingReply(batch: batch, bytes: bytes))
                unansweredBytes += bytes
            }
            unansweredReplies += replies.count
            return isFirst ? .first : .queued
        }
    }

    private let installation: String
    private let state = Mutex(State())

    init(installation: String) { self.installation = installation }

    /// Payloads that were handed to Redis, and that were dropped, since the start.
    var figures: (published: UInt64, dropped: UInt64) { state.withLock { ($0.published, $0.dropped) } }

    func publish(_ payload: ByteBuffer, to topic: Topic) -> Outcome {
        state.withLock { state in
            guard state.isOpen else {
                state.dropped &+= 1
                return .refused(.outOfReach("not connected"))
            }
            guard payload.readableBytes <= Self.maximumPayloadBytes, state.hasRoom(for: 1) else {
                state.dropped &+= 1
                state.hasOverflowed = true
                return .refused(.overloaded)
            }
            state.published &+= 1
            return state.append([nil]) { _, bytes in
                bytes.writePublish(payload, installation: installation, topic: topic.name)
            }
        }
    }

    func send(_ commands: [RedisCommand], batch: ReplyBatch) -> Outcome {
        state.withLock { state in
            guard state.isOpen else { return .refused(.outOfReach("not connected")) }
            guard state.hasRoom(for: commands.count) else { return .refused(.overloaded) }
            return state.append(commands.map { _ in batch }) { $1.writeCommand(commands[$0]) }
        }
    }

    func take() -> Load {
        state.withLock { state in
            var load = Load()
            swap(&load, &state.load)
            return load
        }
    }

    func answered(replies: Int, bytes: Int) {
        state.withLock { state in
            state.unansweredReplies -= replies
            state.unansweredBytes -= bytes
        }
    }

    /// Whether something was dropped for want of room since the last call.
    func takeOverflow() -> Bool {
        state.withLock { state in
            defer { state.hasOverflowed = false }
            return state.hasOverflowed
        }
    }

    func open() { state.withLock { $0.isOpen = true } }

    /// Takes nothing from now on.
    /// - Returns: what was not sent.
    func close() -> Load {
        state.withLock { state in
            state.isOpen = false
            state.unansweredBytes = 0
            state.unansweredReplies = 0
            var load = Load()
            swap(&load, &state.load)
            return load
        }
    }
}
