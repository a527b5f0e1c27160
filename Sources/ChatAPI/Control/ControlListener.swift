#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A bound UNIX socket of mode 0600, which is removed at the end.
struct ControlListener: ~Copyable {
    /// The socket. It belongs to whoever listens on it.
    let descriptor: Int32
    private let path: String
    private let identity: FileIdentity?

    /// Binds a socket at `path`. A socket file that nobody answers at is what a crash left, and is replaced.
    /// - Throws: ``CommandFailure`` when another server answers there, or when the path is no socket's.
    init(path: String) throws {
        let address = try ControlSocketAddress(path: path)
        try Self.removeStaleSocket(at: address.systemPath, shownAs: path)
        let descriptor = Self.socket()
        guard descriptor >= 0 else { throw Self.failure(path, errno) }
        // The file gets its mode from the mask when it appears: there is no moment at which others could connect.
        // The mask is the process's, but files that another thread makes meanwhile only come out more private.
        let mask = umask(0o077)
        let result = Self.withSystemAddress(address.systemPath) { bind(descriptor, $0, $1) }
        let reason = errno
        umask(mask)
        guard result == 0 else {
            close(descriptor)
            throw Self.failure(path, reason)
        }
        _ = chmod(address.systemPath, 0o600)  // 0700 so far; the owner's execute bit means nothing
        self.descriptor = descriptor
        self.path = path
        identity = FileIdentity(of: address.systemPath)
        _ = consume address  // its path was valid until here
    }

    /// Removes the socket's file, unless another server has put its own there meanwhile.
    deinit {
        guard let address = try? ControlSocketAddress(path: path) else { return }
        if let identity, identity == FileIdentity(of: address.systemPath) { unlink(address.systemPath) }
        _ = consume address
    }

    private static func removeStaleSocket(at systemPath: String, shownAs path: String) throws {
        var status = stat()
        guard lstat(systemPath, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw CommandFailure(ExitStatus.databaseHeld, "\(path) is not a socket; move it away")
        }
        let probe = socket()
        guard probe >= 0 else { throw failure(path, errno) }
        defer { close(probe) }
        guard withSystemAddress(systemPath, { connect(probe, $0, $1) }) != 0 else {
            throw CommandFailure(
                ExitStatus.databaseHeld, "another server answers at \(path); give this one its own DATA_DIR")
        }
        unlink(systemPath)
    }

    private static func socket() -> Int32 {
        #if canImport(Glibc)
        Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        #elseif canImport(Musl)
        Musl.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)
        #else
        let descriptor = Darwin.socket(AF_UNIX, SOCK_STREAM, 0)
        if descriptor >= 0 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        return descriptor
        #endif
    }

    private static func withSystemAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { field in
            // Shorter than the field: ``ControlSocketAddress`` has seen to that; the rest is zero.
            field.copyBytes(from: path.utf8.prefix(field.count - 1))
        }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func failure(_ path: String, _ reason: Int32) -> CommandFailure {
        CommandFailure(ExitStatus.databaseHeld, "\(path) cannot be made: \(SystemError.text(reason))")
    }
}

/// Which file stands behind a path, so that a successor of the same name is told apart.
private struct FileIdentity: Equatable {
    private let device: UInt64
    private let number: UInt64

    init?(of path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        device = UInt64(truncatingIfNeeded: status.st_dev)
        number = UInt64(truncatingIfNeeded: status.st_ino)
    }
}
