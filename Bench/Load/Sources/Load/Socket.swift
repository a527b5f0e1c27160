/// What is known of one connection. Used through a pointer, so that the hot path counts no references.
struct Socket {
    enum Phase: UInt8 {
        case listening, connecting, upgrading, open, http, closing, closed
    }

    let file: Int32
    var phase: Phase
    /// What the running command uses it as, and the number of its state there.
    var role: UInt8 = 0
    var slot = 0
    /// Watched for room to write.
    var isWatchingRoom = false
    /// In the list of those that have something to write at the end of the turn.
    var isDue = false
    /// It masks what it sends: it is a client's.
    var isMasked = true
    var unread = Store()
    var unsent = Store()
    /// In nanoseconds: when the connection was begun, then when the last ping came.
    var heardAt: UInt64 = 0

    init(file: Int32, phase: Phase) {
        self.file = file
        self.phase = phase
    }
}

typealias SocketPointer = UnsafeMutablePointer<Socket>
