import Crypto
public import Domain
import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A file that is being written. Unless it is kept, nothing of it is left.
public final class IncomingFile: Sendable {
    private struct State {
        var hash = SHA256()
        var size: Int64 = 0
        var isKept = false
    }

    private let descriptor: Descriptor
    private let path: String
    private let folder: AttachmentFolder
    private let state = Mutex(State())

    init(_ descriptor: Descriptor, path: String, in folder: AttachmentFolder) {
        self.descriptor = descriptor
        self.path = path
        self.folder = folder
    }

    deinit {
        guard !state.withLock(\.isKept) else { return }
        let path = path
        folder.threads.add { unlink(path) }
    }

    /// Bytes that were written.
    public var size: Int64 { state.withLock(\.size) }

    /// Adds bytes at the end. Calls must not overlap.
    /// - Throws: ``StorageFailure``: ``StorageFailure/full`` when the disk is.
    public func write(_ bytes: [UInt8]) async throws {
        let descriptor = descriptor
        state.withLock { state in
            state.hash.update(data: bytes)
            state.size += Int64(bytes.count)
        }
        try await folder.threads.run { try descriptor.write(bytes) }
    }

    /// Puts all of it on disk and gives it the key under which it is found from now on.
    /// - Returns: SHA-256 of its bytes.
    /// - Throws: ``StorageFailure``.
    public func keep(as id: Identifier<Attachment>) async throws -> [UInt8] {
        let (descriptor, path, folder) = (descriptor, path, folder)
        try await folder.threads.run {
            try descriptor.sync()
            try folder.keep(path, as: id)
        }
        return state.withLock { state in
            state.isKept = true
            return Array(state.hash.finalize())
        }
    }
}
