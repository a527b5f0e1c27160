import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// An open file.
final class Descriptor: Sendable {
    private let number: Int32

    private init(_ number: Int32) { self.number = number }

    deinit { close(number) }

    /// A new file, for its owner only.
    static func creating(_ path: String) throws -> Descriptor {
        let number = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard number >= 0 else { throw StorageFailure.ofFile("a file cannot be made") }
        return Descriptor(number)
    }

    func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { all in
            var rest = all[...]
            while !rest.isEmpty {
                let written = posixWrite(number, UnsafeRawBufferPointer(rebasing: rest))
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { throw StorageFailure.ofFile("a file cannot be written") }
                rest = rest.dropFirst(written)
            }
        }
    }

    func sync() throws {
        guard fsync(number) == 0 else { throw StorageFailure.ofFile("a file cannot be synced") }
    }

    /// Puts the entries of a folder on disk.
    static func syncing(folder path: String) throws {
        let number = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard number >= 0 else { throw StorageFailure.ofFile("a folder cannot be opened") }
        try Descriptor(number).sync()
    }

    /// - Returns: nil when there is no such file.
    static func reading(_ path: String, from offset: Int64, count: Int) throws -> [UInt8]? {
        let number = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard number >= 0 else {
            guard errno == ENOENT else { throw StorageFailure.ofFile("a file cannot be opened") }
            return nil
        }
        let descriptor = Descriptor(number)
        return try withExtendedLifetime(descriptor) {
            try [UInt8](unsafeUninitializedCapacity: max(0, count)) { buffer, filled in
                while filled < buffer.count {
                    let place = buffer.baseAddress.map { $0 + filled }
                    let read = pread(number, place, buffer.count - filled, off_t(offset) + off_t(filled))
                    if read < 0, errno == EINTR { continue }
                    guard read >= 0 else { throw StorageFailure.ofFile("a file cannot be read") }
                    if read == 0 { break }
                    filled += read
                }
            }
        }
    }
}

/// The system call, which inside of ``Descriptor`` is hidden by its own method.
private func posixWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}

extension StorageFailure {
    /// What the last system call on a file met.
    static func ofFile(_ text: String) -> StorageFailure {
        switch errno {
        case ENOSPC, EDQUOT: .full
        default: .unavailable("\(text) (errno \(errno))")
        }
    }
}
