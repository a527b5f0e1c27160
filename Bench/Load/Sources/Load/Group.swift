/// The connections that commands name, kept between commands.
final class Groups: Crowd {
    private var faults = Faults()
    private var sockets: [String: [SocketPointer]] = [:]

    func members(of name: String) throws(Refused) -> [SocketPointer] {
        guard let found = sockets[name] else { throw Refused("there is no group \(name)") }
        return found
    }

    func append(_ members: [SocketPointer], to name: String) {
        sockets[name, default: []] += members
    }

    /// Takes a group out.
    func remove(_ name: String) -> [SocketPointer]? {
        sockets.removeValue(forKey: name)
    }

    var openCount: Int {
        sockets.values.reduce(0) { $0 + $1.count { $0.pointee.phase == .open } }
    }

    /// Every open socket.
    func forEachOpen(_ body: (SocketPointer) -> Void) {
        for members in sockets.values {
            for socket in members where socket.pointee.phase == .open { body(socket) }
        }
    }

    override func lost(_ socket: SocketPointer, _ reason: String) {
        faults.add("a socket was lost: \(reason)")
    }

    /// What was lost since the last time.
    func takeFaults() -> Faults {
        defer { faults = Faults() }
        return faults
    }
}
