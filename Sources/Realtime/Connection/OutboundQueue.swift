import DequeModule
import Domain
import NIOCore

/// What waits for a reader that is slower than its conversations. Bounded; durable events are never dropped from it.
struct OutboundQueue {
    /// Contract: at most 256 KiB or 512 events per connection; one larger event passes an empty queue.
    static let maximumBytes = 256 * 1024
    static let maximumEntries = 512

    enum Entry {
        case fixed(TextFrame)
        case replaceable(key: String, TextFrame)
        case delta(PassingFrame.ReplyDelta, Identifier<Conversation>, ownerEpoch: Int64, TextFrame)
    }

    private var entries = Deque<Entry>()
    private(set) var bytes = 0

    var isEmpty: Bool { entries.isEmpty }
    var count: Int { entries.count }

    /// Adds a frame that must not be lost: a durable event or an answer.
    /// - Returns: false when there is no room: the reader is too slow.
    mutating func append(_ frame: TextFrame) -> Bool {
        let size = frame.bytes.readableBytes
        guard entries.isEmpty || (bytes + size <= Self.maximumBytes && entries.count < Self.maximumEntries) else {
            return false
        }
        entries.append(.fixed(frame))
        bytes += size
        return true
    }

    /// Adds what may be replaced, merged or, without room, dropped.
    /// - Parameter merged: makes the frame of a merged delta.
    mutating func append(
        _ passing: PassingFrame, in conversationId: Identifier<Conversation>, for viewer: Viewer,
        merged: (PassingFrame.ReplyDelta) -> TextFrame
    ) {
        let frame = passing.frame(for: viewer)
        switch passing.kind {
        case .replaceable(let key):
            let index = entries.firstIndex {
                if case .replaceable(key, _) = $0 { true } else { false }
            }
            if let index {
                replace(at: index, with: .replaceable(key: key, frame))
            } else {
                add(.replaceable(key: key, frame))
            }
        case .delta(let delta):
            if let last = entries.indices.last, case .delta(var earlier, _, let epoch, _) = entries[last],
                earlier.messageId == delta.messageId, earlier.generation == delta.generation,
                // Not by addition: offsets come from other nodes, and must not overflow.
                delta.offset - earlier.offset == earlier.scalars
            {
                earlier.text += delta.text
                earlier.scalars += delta.scalars
                replace(at: last, with: .delta(earlier, conversationId, ownerEpoch: epoch, merged(earlier)))
            } else {
                add(.delta(delta, conversationId, ownerEpoch: passing.ownerEpoch ?? 0, frame))
            }
        case .reply, .reset, .snapshot:
            add(.fixed(frame))
        }
    }

    /// The next frame to send.
    mutating func next() -> TextFrame? {
        guard let entry = entries.popFirst() else { return nil }
        bytes -= entry.frame.bytes.readableBytes
        return entry.frame
    }

    private mutating func add(_ entry: Entry) {
        let size = entry.frame.bytes.readableBytes
        guard bytes + size <= Self.maximumBytes, entries.count < Self.maximumEntries else { return }
        entries.append(entry)
        bytes += size
    }

    private mutating func replace(at index: Int, with entry: Entry) {
        bytes += entry.frame.bytes.readableBytes - entries[index].frame.bytes.readableBytes
        entries[index] = entry
    }
}

extension OutboundQueue.Entry {
    var frame: TextFrame {
        switch self {
        case .fixed(let frame), .replaceable(_, let frame), .delta(_, _, _, let frame): frame
        }
    }
}
