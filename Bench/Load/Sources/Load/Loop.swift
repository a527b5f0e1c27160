import CLinux
import Glibc

/// Who is told what comes in. A command is one while it runs.
class Crowd {
    /// A connection was made (or could be accepted): the first bytes may be sent.
    func connected(_ socket: SocketPointer) {}
    /// Bytes before the upgrade. Returns how many were used; the phase tells whether it is done.
    func upgrade(_ socket: SocketPointer, _ bytes: UnsafeRawPointer, _ count: Int) -> Int { 0 }
    /// One whole text or binary frame.
    func frame(_ socket: SocketPointer, _ bytes: UnsafeRawPointer, _ count: Int) {}
    /// All frames of one read were told.
    func handled() {}
    /// Bytes of a plain HTTP connection. Returns how many were used.
    func answer(_ socket: SocketPointer, _ bytes: UnsafeRawPointer, _ count: Int) -> Int { count }
    /// The connection is gone, and not by us.
    func lost(_ socket: SocketPointer, _ reason: String) {}
    /// The listener has connections to accept.
    func called(_ listener: SocketPointer) {}
}

/// The event loop: one thread, one epoll, one buffer for whatever is read.
final class Loop {
    /// Read at once; what a wake finds is mostly far less.
    private static let readSize = 256 * 1_024
    /// A peer that takes nothing for so many bytes is as good as gone.
    private static let largestUnsent = 4 << 20
    static let largestBatch = 512

    /// What came in since the last `hold`, on all sockets.
    struct Tally {
        var frames = 0
        var pings = 0
        var bytes = 0
        var longestGap: UInt64 = 0
        var closes: [UInt16: Int] = [:]
    }

    var crowd = Crowd()
    var tally = Tally()
    /// When the bytes now being handled were read, in nanoseconds.
    private(set) var readAt: UInt64 = 0
    private(set) var isOrderWaiting = false

    private let epoll: Int32
    private let events: UnsafeMutablePointer<linux_event>
    private let buffer: UnsafeMutableRawPointer
    private var due: [SocketPointer] = []
    private var gone: [SocketPointer] = []

    init() throws(Refused) {
        epoll = linux_epoll()
        guard epoll >= 0 else { throw Refused("no epoll: \(Dialling.reason())") }
        linux_precise_timers()
        events = .allocate(capacity: Self.largestBatch)
        buffer = .allocate(
            byteCount: Self.readSize + Frame.largestPayload + Frame.largestHead, alignment: 64)
    }

    deinit {
        close(epoll)
        events.deallocate()
        buffer.deallocate()
    }

    /// Watches the file that orders come from. False for one that is always readable.
    func watchOrders(_ file: Int32) -> Bool {
        isOrderWaiting = false
        return linux_watch(epoll, file, UInt32(linux_readable), nil) == 0
    }

    func ignoreOrders(_ file: Int32) {
        isOrderWaiting = false
        linux_unwatch(epoll, file)
    }

    /// Takes a file in. Connecting ones are watched for room first.
    func add(_ file: Int32, _ phase: Socket.Phase) -> SocketPointer {
        let socket = SocketPointer.allocate(capacity: 1)
        socket.initialize(to: Socket(file: file, phase: phase))
        let isConnecting = phase == .connecting
        socket.pointee.isWatchingRoom = isConnecting
        socket.pointee.heardAt = Clock.now()
        linux_watch(epoll, file, UInt32(isConnecting ? linux_writable : linux_readable), socket)
        return socket
    }

    /// Serves what happened, and waits for it until `time` at most.
    func turn(until time: UInt64, batch: Int = Loop.largestBatch) {
        flushDue()
        bury()
        let now = Clock.now()
        let wait = time > now ? Int64(min(time &- now, 3_600 * Clock.second)) : 0
        let count = linux_wait(epoll, events, Int32(batch), wait)
        var number = 0
        while number < count {
            let event = events[number]
            number &+= 1
            guard let pointer = event.pointer else {
                isOrderWaiting = true
                continue
            }
            serve(pointer.assumingMemoryBound(to: Socket.self), event.mask)
        }
        flushDue()
        bury()
    }

    private func serve(_ socket: SocketPointer, _ mask: UInt32) {
        switch socket.pointee.phase {
        case .closed: return
        case .listening: crowd.called(socket)
        case .connecting: finishConnecting(socket)
        case .upgrading, .open, .http, .closing:
            if mask & UInt32(linux_writable) != 0 { flush(socket) }
            if mask & ~UInt32(linux_writable) != 0, socket.pointee.phase != .closed { receive(socket) }
        }
    }

    private func finishConnecting(_ socket: SocketPointer) {
        var error: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(socket.pointee.file, SOL_SOCKET, SO_ERROR, &error, &size)
        guard error == 0 else { return lose(socket, "cannot connect: \(Dialling.reason(error))") }
        watchRoom(socket, false)
        crowd.connected(socket)
    }

    private func watchRoom(_ socket: SocketPointer, _ isWanted: Bool) {
        guard socket.pointee.isWatchingRoom != isWanted else { return }
        socket.pointee.isWatchingRoom = isWanted
        let mask = linux_readable | (isWanted ? linux_writable : 0)
        linux_rewatch(epoll, socket.pointee.file, UInt32(mask), socket)
    }

    // MARK: Reading

    private func receive(_ socket: SocketPointer) {
        let kept = socket.pointee.unread.count
        if kept > 0, let bytes = socket.pointee.unread.bytes { memcpy(buffer, bytes, kept) }
        let got = recv(socket.pointee.file, buffer + kept, Self.readSize, 0)
        guard got > 0 else {
            if got < 0, errno == EAGAIN || errno == EINTR { return }
            return lose(socket, got == 0 ? "the peer ended the connection" : Dialling.reason())
        }
        readAt = Clock.now()
        tally.bytes &+= got
        let count = kept &+ got
        let used = take(socket, count)
        crowd.handled()
        guard socket.pointee.phase != .closed else { return }
        if used == count {
            if kept > 0 { socket.pointee.unread.empty() }
        } else if count &- used > Frame.largestPayload &+ Frame.largestHead {
            lose(socket, "an answer is larger than 1 MiB")
        } else {
            socket.pointee.unread.empty()
            socket.pointee.unread.append(buffer + used, count &- used)
        }
    }

    /// Returns how many of the buffer's bytes were used.
    private func take(_ socket: SocketPointer, _ count: Int) -> Int {
        var used = 0
        if socket.pointee.phase == .upgrading {
            used = crowd.upgrade(socket, buffer, count)
        }
        switch socket.pointee.phase {
        case .http: used &+= crowd.answer(socket, buffer + used, count &- used)
        case .open, .closing: used = frames(socket, from: used, count)
        default: break
        }
        return used
    }

    private func frames(_ socket: SocketPointer, from start: Int, _ count: Int) -> Int {
        var used = start
        let crowd = crowd
        while true {
            switch Frame.read(buffer + used, count &- used) {
            case .unfinished: return used
            case .violation(let what):
                lose(socket, "\(what)")
                return count
            case .frame(let frame):
                used &+= frame.size
                if frame.opcode == 1 || frame.opcode == 2, frame.isFinal {
                    tally.frames &+= 1
                    crowd.frame(socket, frame.payload, frame.count)
                } else {
                    control(socket, frame)
                }
                if socket.pointee.phase == .closed { return count }
            }
        }
    }

    private func control(_ socket: SocketPointer, _ frame: Frame) {
        switch frame.opcode {
        case 8:
            // 1005 is what a close without a code is called; it is never sent.
            let code = frame.count >= 2 ? UInt16(bigEndian: frame.payload.loadUnaligned(as: UInt16.self)) : 1_005
            if socket.pointee.phase != .closing {
                tally.closes[code, default: 0] += 1
                let answer = UnsafeRawBufferPointer(start: frame.payload, count: frame.count >= 2 ? 2 : 0)
                send(socket, Frame.whole(opcode: 8, answer, isMasked: socket.pointee.isMasked))
            }
            let reason = frame.count > 2 ? " " + Bytes.text(frame.payload + 2, frame.count - 2) : ""
            lose(socket, "closed with \(code)\(reason)")
        case 9:
            tally.pings &+= 1
            tally.longestGap = max(tally.longestGap, readAt &- socket.pointee.heardAt)
            socket.pointee.heardAt = readAt
            let payload = UnsafeRawBufferPointer(start: frame.payload, count: min(frame.count, 125))
            send(socket, Frame.whole(opcode: 10, payload, isMasked: socket.pointee.isMasked))
        case 10: break
        default: lose(socket, "a frame of opcode \(frame.opcode)\(frame.isFinal ? "" : " in parts") was not expected")
        }
    }

    // MARK: Writing

    /// Sends now; what does not fit goes when there is room.
    @inline(__always)
    func send(_ socket: SocketPointer, _ bytes: UnsafeRawPointer, _ count: Int) {
        guard socket.pointee.phase != .closed else { return }
        var sent = 0
        if socket.pointee.unsent.count == 0 {
            sent = Glibc.send(socket.pointee.file, bytes, count, Int32(MSG_NOSIGNAL))
            if sent == count { return }
            if sent < 0 {
                // A broken connection is left to the reader: a close frame with its code may still be unread.
                guard errno == EAGAIN || errno == EINTR else { return }
                sent = 0
            }
        }
        keep(socket, bytes + sent, count &- sent)
    }

    func send(_ socket: SocketPointer, _ bytes: [UInt8]) {
        bytes.withUnsafeBytes { all in
            if let start = all.baseAddress { send(socket, start, all.count) }
        }
    }

    private func keep(_ socket: SocketPointer, _ bytes: UnsafeRawPointer, _ count: Int) {
        guard socket.pointee.unsent.count &+ count <= Self.largestUnsent else {
            return lose(socket, "the peer does not read what it is sent")
        }
        socket.pointee.unsent.append(bytes, count)
        watchRoom(socket, true)
    }

    /// Joins this with whatever else the socket has to send until the turn ends.
    func join(_ socket: SocketPointer, _ bytes: UnsafeRawPointer, _ count: Int) {
        guard socket.pointee.phase != .closed else { return }
        socket.pointee.unsent.append(bytes, count)
        if !socket.pointee.isDue, !socket.pointee.isWatchingRoom {
            socket.pointee.isDue = true
            due.append(socket)
        }
    }

    func flushDue() {
        guard !due.isEmpty else { return }
        for socket in due {
            socket.pointee.isDue = false
            if socket.pointee.phase != .closed { flush(socket) }
        }
        due.removeAll(keepingCapacity: true)
    }

    private func flush(_ socket: SocketPointer) {
        let count = socket.pointee.unsent.count
        if count > 0, let bytes = socket.pointee.unsent.bytes {
            let sent = Glibc.send(socket.pointee.file, bytes, count, Int32(MSG_NOSIGNAL))
            if sent == count || (sent < 0 && errno != EAGAIN && errno != EINTR) {
                socket.pointee.unsent.empty()
            } else {
                socket.pointee.unsent.drop(max(0, sent))
                guard socket.pointee.unsent.count <= Self.largestUnsent else {
                    return lose(socket, "the peer does not read what it is sent")
                }
            }
        }
        watchRoom(socket, socket.pointee.unsent.count > 0)
    }

    // MARK: Ending

    private func lose(_ socket: SocketPointer, _ reason: String) {
        guard socket.pointee.phase != .closed else { return }
        end(socket)
        crowd.lost(socket, reason)
    }

    /// Closes the file. What is known of the socket stays until its owner forgets it.
    func end(_ socket: SocketPointer) {
        guard socket.pointee.phase != .closed else { return }
        close(socket.pointee.file)
        socket.pointee.phase = .closed
        socket.pointee.unread.free()
        socket.pointee.unsent.free()
    }

    /// Closes without the farewell of TCP, as a machine that crashed.
    func reset(_ socket: SocketPointer) {
        guard socket.pointee.phase != .closed else { return }
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket.pointee.file, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        end(socket)
    }

    /// Gives the memory back at the end of the turn, in which an event may still name it.
    func forget(_ socket: SocketPointer) {
        end(socket)
        gone.append(socket)
    }

    /// Only when no event can name them any more: between turns.
    private func bury() {
        guard !gone.isEmpty else { return }
        for socket in gone {
            socket.deinitialize(count: 1)
            socket.deallocate()
        }
        gone.removeAll()
    }
}
