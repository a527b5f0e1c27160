import Cluster
import Domain
import NIOCore
import Wire

/// Consecutive events of one conversation on their way to its readers on one loop: whoever is to get all of them gets one
/// buffer with their frames behind each other, which all such readers share.
///
/// Confined to its loop.
final class EventRun {
    /// Bytes of frames that are put behind each other. What is larger is sent frame by frame: copying it would cost more than
    /// it saves.
    static let maximumJoinedBytes = 16 * 1024
    /// Events of a run.
    static let maximumEvents = 64

    let events: ArraySlice<SharedEvent>
    /// Whether one of them is about a reply of the assistant.
    let concernsReplies: Bool
    /// Whether readers may take all at once: none of them changes who may read what follows.
    let isPlain: Bool
    /// Whether it has so many readers on the loop that their sockets are flushed behind those of others.
    var isBulk = false
    private var staff: Joined?
    private var contact: Joined?

    private enum Joined {
        case frame(TextFrame)
        case tooLarge
    }

    /// - Parameter events: of one conversation; when there are several, ones that follow each other and change no owner.
    private init(_ events: ArraySlice<SharedEvent>) {
        self.events = events
        concernsReplies = events.contains { $0.facts.message?.sender == .ai }
        isPlain = events.allSatisfy { $0.facts.owners == nil }
    }

    var conversationId: Identifier<Conversation>? { events.first?.facts.conversationId }
    var firstSeq: Int64 { events.first?.facts.seq ?? 0 }
    var lastSeq: Int64 { events.last?.facts.seq ?? 0 }

    /// The frames of all its events in one buffer; nil when they are too large for that.
    func frame(for viewer: Viewer) -> TextFrame? {
        let joined: Joined
        switch viewer {
        case .staff:
            joined = staff ?? join(for: .staff)
            staff = joined
        case .contact:
            joined = contact ?? join(for: .contact)
            contact = joined
        }
        return if case .frame(let frame) = joined { frame } else { nil }
    }

    private func join(for viewer: Viewer) -> Joined {
        let frames = events.map { $0.frame(for: viewer) }
        if let only = frames.first, frames.count == 1 { return .frame(only) }
        guard frames.reduce(0, { $0 + $1.bytes.readableBytes }) <= Self.maximumJoinedBytes else { return .tooLarge }
        return .frame(TextFrame(joining: frames))
    }

    /// Cuts what was committed into runs; the order within each conversation stays.
    static func runs(of events: [SharedEvent]) -> [EventRun] {
        var runs: [EventRun] = []
        var start = events.startIndex
        for index in events.indices.dropFirst() {
            if index - start < maximumEvents, follows(events[index], events[index - 1]) { continue }
            runs.append(EventRun(events[start..<index]))
            start = index
        }
        if start < events.endIndex { runs.append(EventRun(events[start...])) }
        return runs
    }

    private static func follows(_ next: SharedEvent, _ last: SharedEvent) -> Bool {
        next.facts.conversationId == last.facts.conversationId && last.facts.seq < next.facts.seq
            && next.facts.seq - last.facts.seq == 1 && next.facts.owners == nil && last.facts.owners == nil
    }
}
