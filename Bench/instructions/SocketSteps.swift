import Dispatch
import Domain
import NIOCore
import NIOEmbedded
import Realtime
import Storage
import Synchronization

/// Frames of a visitor from the socket's bytes to the command in the writer's queue, one operation for each.
struct DecodingStep {
    static let warmUps = 8
    static let frames = 64

    func run() async throws -> Int {
        let installation = try await Installation(visitors: 1)
        let hall = try await SocketHall(installation)
        let channel = try await hall.visitor(0)
        // A writer that waits inside a transaction takes no other command.
        let writerWaits = DispatchSemaphore(value: 0)
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            installation.store.write { _ in
                continuation.resume()
                writerWaits.wait()
            } completion: { _ in
            }
        }
        let frames = (0..<(Self.warmUps + Self.frames)).map(ClientText.message)
        try await hall.loop.executeInContext {
            for (number, frame) in frames.enumerated() {
                if number == Self.warmUps { Window.open() }
                channel.receive(frame)
            }
            Window.close()
        }
        writerWaits.signal()
        let stored = try await hall.stored(in: 0)
        await installation.end()
        guard stored == frames.count else { throw ScriptFault("\(stored) of \(frames.count) messages were taken") }
        return Self.frames
    }
}

/// A committed event told to 1000 sockets that read its conversation, half of them visitors' and half agents', one operation
/// for each event.
struct FanOutStep {
    static let sockets = 1000
    static let warmUps = 2
    static let events = 8

    func run() async throws -> Int {
        let installation = try await Installation(visitors: 1)
        let hall = try await SocketHall(installation)
        var channels: [NIOAsyncTestingChannel] = []
        for number in 0..<Self.sockets {
            channels.append(number % 2 == 0 ? try await hall.visitor(0) : try await hall.agent(reading: 0))
        }
        // The hub hears of the commits when the script says so.
        let recorder = CommitRecorder()
        installation.commits.subscribe(recorder)
        for number in 0..<(Self.warmUps + Self.events) {
            let next = installation.draft(number)
            _ = try await installation.store.write(to: next.conversationId) {
                try $0.send(next.draft, to: next.conversationId, by: next.access)
            }
        }
        let batches = try await recorder.batches(Self.warmUps + Self.events)
        let hub = hall.hub
        try await hall.performInSlices(warmUps: Self.warmUps, counted: Self.events, frames: Self.sockets) { number in
            hub.committed(batches[number])
        }
        await installation.end()
        return Self.events
    }
}

/// A visitor's message from its frame to its acknowledgement and its event, for the visitor and for an agent, one operation for
/// each message. The only step in which threads take turns.
struct MessageStep {
    static let warmUps = 8
    static let messages = 32

    func run() async throws -> Int {
        let installation = try await Installation(visitors: 1)
        let hall = try await SocketHall(installation)
        let channel = try await hall.visitor(0)
        let agent = try await hall.agent(reading: 0)
        installation.commits.subscribe(hall.hub)
        let frames = (0..<(Self.warmUps + Self.messages)).map(ClientText.message)
        try await hall.perform(warmUps: Self.warmUps, counted: Self.messages, frames: 3) { number in
            channel.receive(frames[number])
        }
        let stored = try await hall.stored(in: 0)
        await installation.end()
        guard agent.isActive, stored == frames.count else { throw ScriptFault("\(stored) messages were stored") }
        return Self.messages
    }
}

extension NIOAsyncTestingChannel {
    /// Bytes that have come from the client. On the loop only.
    func receive(_ bytes: ByteBuffer) {
        let pipeline = pipeline.syncOperations
        pipeline.fireChannelRead(NIOAny(bytes))
        pipeline.fireChannelReadComplete()
    }
}

extension SocketHall {
    /// Messages of a visitor that have been committed.
    func stored(in number: Int) async throws -> Int {
        let visitor = installation.visitors[number]
        // Behind everything that is queued.
        try await installation.store.write { _ in }
        return try await installation.store.read { snapshot in
            try snapshot.messages(of: visitor.conversationId, SeqPage(.before(nil), limit: 200), by: visitor.access)
                .items
        }.count { $0.sender.kind == .contact }
    }
}

/// Keeps what was committed.
private final class CommitRecorder: CommitObserver {
    private let recorded = Mutex<[CommittedBatch]>([])

    func committed(_ batch: CommittedBatch) {
        if !batch.events.isEmpty { recorded.withLock { $0.append(batch) } }
    }

    func batches(_ count: Int) async throws -> [CommittedBatch] {
        // Observers hear of a commit after its sender.
        for _ in 0..<10_000 {
            let batches = recorded.withLock { $0 }
            if batches.count >= count { return batches }
            try await Task.sleep(for: .milliseconds(1))
        }
        throw ScriptFault("commits went unheard")
    }
}
