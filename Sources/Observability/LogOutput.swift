import Dispatch
import Foundation
import Synchronization

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Writes log lines to a file descriptor on a thread of its own.
///
/// A pipe that nobody reads blocks whoever writes to it, and an event loop that is blocked stops every connection it
/// serves. So ``write(_:)`` only queues, in bounded memory; a thread writes. When the queue is full, lines are
/// dropped and counted, and the log says how many as soon as it is read again: chat goes on, the log has a hole that
/// admits to being one.
///
/// Lines are never split between two writes unless the reader takes them only in part.
public final class LogOutput: Sendable {
    /// 4 MiB: some 20 000 request lines, seconds of a busy server, and nothing beside its other memory.
    public static let defaultQueueBytes = 4 * 1024 * 1024
    /// Counted per line beside its bytes, so that very short lines cannot take more memory than the bound says.
    private static let lineOverheadBytes = 64
    /// Bytes handed over in one write: what a pipe holds by default on Linux.
    private static let chunkBytes = 64 * 1024

    private struct Queue {
        var lines: [[UInt8]] = []
        var bytes = 0
        /// Lines that found the queue full since the log last told so.
        var unreportedDrops = 0
        var totalDrops = 0
        var isClosed = false
        /// The thread has ended; nothing is written any more.
        var hasEnded = false
        /// Signalled when everything queued before it has been written.
        var flushes: [DispatchSemaphore] = []
    }

    private let descriptor: Int32
    private let maximumBytes: Int
    private let droppedLine: @Sendable (Int) -> [UInt8]
    private let queue = Mutex(Queue())
    private let work = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - descriptor: where to write; it stays the caller's.
    ///   - maximumBytes: bound of the queue.
    ///   - droppedLine: makes the line that tells how many lines were lost.
    public init(
        descriptor: Int32, maximumBytes: Int = LogOutput.defaultQueueBytes,
        droppedLine: @escaping @Sendable (Int) -> [UInt8]
    ) {
        self.descriptor = descriptor
        self.maximumBytes = maximumBytes
        self.droppedLine = droppedLine
        let thread = Thread { [self] in run() }
        thread.name = "log"
        thread.stackSize = 256 * 1024  // it only copies bytes
        thread.start()
    }

    /// Output of JSON lines.
    public static func json(descriptor: Int32, maximumBytes: Int = defaultQueueBytes) -> LogOutput {
        LogOutput(descriptor: descriptor, maximumBytes: maximumBytes) {
            JSONLogHandler.droppedLine(count: $0, time: .now())
        }
    }

    /// Output of readable lines.
    public static func text(
        descriptor: Int32, colours: Bool, maximumBytes: Int = defaultQueueBytes
    ) -> LogOutput {
        LogOutput(descriptor: descriptor, maximumBytes: maximumBytes) {
            TextLogHandler.droppedLine(count: $0, time: .now(), colours: colours)
        }
    }

    /// Lines lost so far, because the reader was too slow or the descriptor could not be written to.
    public var droppedLines: Int { queue.withLock { $0.totalDrops } }

    /// Queues a line, its line feed included. Never blocks on the reader.
    public func write(_ line: [UInt8]) {
        let cost = line.count + Self.lineOverheadBytes
        let wasEmpty = queue.withLock { queue in
            guard !queue.isClosed, queue.bytes + cost <= maximumBytes else {
                queue.unreportedDrops += 1
                queue.totalDrops += 1
                return false
            }
            queue.lines.append(line)
            queue.bytes += cost
            return queue.lines.count == 1
        }
        if wasEmpty { work.signal() }
    }

    /// Waits until everything queued so far is written, for at most `limit` seconds.
    /// - Returns: whether it was; false when the reader does not read.
    @discardableResult
    public func flush(within limit: Double) -> Bool {
        let done = DispatchSemaphore(value: 0)
        let isPending = queue.withLock { queue in
            guard !queue.hasEnded else { return false }
            queue.flushes.append(done)
            return true
        }
        guard isPending else { return true }
        work.signal()
        return done.wait(timeout: .now() + limit) == .success
    }

    /// Ends the thread after what is queued has been written, and waits for that for at most `limit` seconds. Later
    /// lines are dropped.
    /// - Returns: whether the descriptor will not be touched any more, and may be closed.
    @discardableResult
    public func close(within limit: Double) -> Bool {
        queue.withLock { $0.isClosed = true }
        return flush(within: limit)
    }

    private func run() {
        while true {
            work.wait()
            let (lines, flushes, drops, isClosed) = queue.withLock { queue in
                defer {
                    queue.lines = []
                    queue.flushes = []
                    queue.unreportedDrops = 0
                }
                return (queue.lines, queue.flushes, queue.unreportedDrops, queue.isClosed)
            }
            write(lines, lostBefore: drops)
            for flush in flushes { flush.signal() }
            if isClosed { return end() }
            // What was lost during this write is told now, not when the next line happens to come.
            if queue.withLock({ $0.unreportedDrops > 0 }) { work.signal() }
        }
    }

    /// Nothing comes after the lines just written: later ones were refused.
    private func end() {
        let flushes = queue.withLock { queue in
            queue.hasEnded = true
            return queue.flushes
        }
        for flush in flushes { flush.signal() }
    }

    private func write(_ lines: [[UInt8]], lostBefore drops: Int) {
        var chunk: [UInt8] = []
        var linesInChunk = 0
        for line in lines {
            if !chunk.isEmpty, chunk.count + line.count > Self.chunkBytes {
                deliver(&chunk, lines: &linesInChunk)
            }
            chunk.append(contentsOf: line)
            linesInChunk += 1
        }
        if drops > 0 { chunk.append(contentsOf: droppedLine(drops)) }
        deliver(&chunk, lines: &linesInChunk)
        // Only now: the queue and what is being written are bounded together.
        let written = lines.reduce(0) { $0 + $1.count + Self.lineOverheadBytes }
        if written > 0 { queue.withLock { $0.bytes -= written } }
    }

    private func deliver(_ chunk: inout [UInt8], lines: inout Int) {
        if !chunk.isEmpty, !Self.writeAll(chunk, to: descriptor) {
            // A closed pipe or a full disk: there is nowhere left to complain, so it is only counted.
            let lost = lines
            queue.withLock { $0.totalDrops += lost }
        }
        chunk.removeAll(keepingCapacity: true)
        lines = 0
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var rest = buffer[...]
            while !rest.isEmpty {
                #if canImport(Darwin)
                let written = Darwin.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                #elseif canImport(Glibc)
                let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                #elseif canImport(Musl)
                let written = Musl.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                #endif
                if written > 0 {
                    rest = rest.dropFirst(written)
                } else if written < 0, errno == EINTR {
                    continue
                } else if written < 0, errno == EAGAIN {
                    // Somebody who shares the descriptor has made it non-blocking.
                    var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = waitUntilWritable(&poll)
                } else {
                    return false
                }
            }
            return true
        }
    }

    private static func waitUntilWritable(_ descriptor: inout pollfd) -> Int32 {
        poll(&descriptor, 1, 1000)
    }
}
