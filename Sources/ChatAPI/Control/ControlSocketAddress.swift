#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension DataDirectory {
    /// Path of the socket through which verbs reach a running server.
    var controlSocket: String { file("control.sock") }
}

/// A UNIX socket's path in the form that the system takes.
///
/// The system takes 107 bytes on Linux and 103 on macOS, and data folders can lie deeper. On Linux such a path is
/// reached through an open descriptor of its folder (`/proc/self/fd/9/control.sock`); elsewhere it is an error.
struct ControlSocketAddress: ~Copyable {
    /// What to hand to the system instead of the path. Valid as long as this value lives.
    let systemPath: String
    private let folder: Int32?

    init(path: String) throws {
        let limit = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1
        guard path.utf8.count > limit else {
            systemPath = path
            folder = nil
            return
        }
        #if os(Linux)
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let descriptor = open(parts.dropLast().joined(separator: "/"), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0, let name = parts.last else {
            throw ControlUnreachable(reason: "\(path): \(SystemError.text(errno))")
        }
        folder = descriptor
        systemPath = "/proc/self/fd/\(descriptor)/\(name)"
        #else
        throw ConfigurationKey.dataDirectory.problem(
            "is too long a path: \(path) has \(path.utf8.count) bytes, and a socket's path has at most \(limit)")
        #endif
    }

    deinit {
        if let folder { close(folder) }
    }
}

/// Nobody answers at the control socket.
struct ControlUnreachable: Error, Equatable, CustomStringConvertible {
    let reason: String

    var description: String { "its control socket does not answer: \(reason)" }
}
