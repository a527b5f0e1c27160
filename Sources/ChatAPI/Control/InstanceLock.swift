import Foundation

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The right to be the one process that opens a SQLite file: an exclusive `flock` on a file beside it.
///
/// The kernel gives the lock up when the process ends, however it ends, so a crash leaves nothing to clean up. The
/// lock file itself stays: removing it would let two processes lock two files of the same name. It is not the
/// database itself that is locked, because SQLite's own locks on it would be lost when any descriptor of it is closed.
final class InstanceLock: Sendable {
    private let descriptor: Int32

    private init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        // Said outright: a child process that is just being started shares the lock until it becomes another program.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Locks the file that `database` names; nil for a database server, which many processes may use.
    /// - Throws: ``DatabaseHeld`` when another process has it, ``CommandFailure`` when the file cannot be made.
    static func acquire(for database: DatabaseAddress) throws -> InstanceLock? {
        guard case .sqlite(let path) = database else { return nil }
        return try acquire(databasePath: path)
    }

    /// Locks the SQLite file at `databasePath`, which need not exist yet. Its folder is made when missing.
    static func acquire(databasePath: String) throws -> InstanceLock {
        let lockPath = try realPath(of: databasePath) + ".lock"
        // Not inherited by child processes: one that outlives the server must not keep the lock.
        let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CommandFailure.databaseOutOfReach("\(lockPath): \(SystemError.text(errno))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            defer { close(descriptor) }
            guard reason == EWOULDBLOCK else {
                throw CommandFailure.databaseOutOfReach("\(lockPath) cannot be locked: \(SystemError.text(reason))")
            }
            throw DatabaseHeld(databasePath: databasePath, holder: holder(descriptor))
        }
        let lock = InstanceLock(descriptor: descriptor)
        // For people: the lock is the flock, not the number.
        let text = Array("\(getpid())\n".utf8)
        guard ftruncate(descriptor, 0) == 0,
            text.withUnsafeBytes({ pwrite(descriptor, $0.baseAddress, $0.count, 0) }) == text.count
        else {
            throw CommandFailure.databaseOutOfReach("\(lockPath) cannot be written: \(SystemError.text(errno))")
        }
        return lock
    }

    /// The path with links resolved, so that one database has one lock whatever name it is opened by.
    private static func realPath(of path: String) throws -> String {
        if let resolved = resolve(path) { return resolved }
        let url = URL(fileURLWithPath: path)
        let folder = url.deletingLastPathComponent().path
        do {
            if !FileManager.default.fileExists(atPath: folder) {
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            }
        } catch {
            throw CommandFailure.databaseOutOfReach("\(folder): the folder cannot be made")
        }
        return (resolve(folder) ?? folder) + "/" + url.lastPathComponent
    }

    private static func resolve(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func holder(_ descriptor: Int32) -> Int? {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { return nil }
        return Int(String(decoding: bytes.prefix(count), as: UTF8.self).trimmingWhitespace())
    }
}

/// Another process has the database.
struct DatabaseHeld: Error, Equatable, CustomStringConvertible {
    let databasePath: String
    /// The process's id, when it could be read.
    let holder: Int?

    var description: String {
        "\(databasePath) is held by " + (holder.map { "process \($0)" } ?? "another process")
    }
}
