#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A small text that is made once and then kept, readable by its owner only.
///
/// It appears whole or not at all: it is written to a file of another name, synced, and linked to its own name, which
/// fails when another process has been faster; then that one's text holds. A half-written secret would be a wrong one
/// for ever.
struct KeptFile {
    /// No text that is kept like this is longer.
    private static let maximumBytes = 4096

    let path: String

    /// The kept text, without line ends around it; made by `make` when there is none.
    func content(make: () -> String) throws(ConfigurationProblem) -> String {
        if let kept = try kept() { return kept }
        try create(make())
        guard let kept = try kept() else { throw problem("cannot be kept") }
        return kept
    }

    private func kept() throws(ConfigurationProblem) -> String? {
        // Non-blocking, so that a pipe of this name cannot hold up the start.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw problem("cannot be read: \(SystemError.text(errno))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw problem("is not a regular file")
        }
        // Restored from a backup, perhaps: nobody else may read it from now on. Where modes do not exist this fails,
        // and there is nothing to protect with them.
        if status.st_mode & 0o077 != 0 { _ = fchmod(descriptor, 0o600) }
        var bytes = [UInt8](repeating: 0, count: Self.maximumBytes + 1)
        let count = bytes.withUnsafeMutableBytes { readAll(descriptor, into: $0) }
        guard (0...Self.maximumBytes).contains(count) else { throw problem("cannot be read, or is too long") }
        return String(decoding: bytes.prefix(count), as: UTF8.self).trimmingWhitespace()
    }

    private func create(_ text: String) throws(ConfigurationProblem) {
        let draft = "\(path).\(getpid()).\(UInt32.random(in: 0 ... .max))"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw problem("cannot be made: \(SystemError.text(errno))") }
        defer {
            close(descriptor)
            unlink(draft)
        }
        let bytes = Array("\(text)\n".utf8)
        guard fchmod(descriptor, 0o600) == 0,
            bytes.withUnsafeBytes({ write(descriptor, $0.baseAddress, $0.count) }) == bytes.count,
            fsync(descriptor) == 0
        else { throw problem("cannot be written: \(SystemError.text(errno))") }
        guard link(draft, path) == 0 || errno == EEXIST else {
            throw problem("cannot be made: \(SystemError.text(errno))")
        }
    }

    private func readAll(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = read(descriptor, buffer.baseAddress?.advanced(by: filled), buffer.count - filled)
            if count < 0 { return -1 }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    private func problem(_ text: String) -> ConfigurationProblem {
        ConfigurationProblem(key: path, problem: text)
    }
}

/// What the system says about an error number.
enum SystemError {
    static func text(_ number: Int32) -> String {
        String(cString: strerror(number))
    }
}
