public import Domain
import Foundation
public import Logging

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The bytes of attachments, in a folder: one file each, named by its row's key and by nothing that a client says.
///
/// A file comes into being under another name and is on disk, folder entry and all, before it gets its own. So whatever
/// bears a key is whole, and a row can be written for it. What has no row is a stray: of an upload that broke off, or of a
/// row that was removed. ``removeStrays(olderThan:isKnown:)`` takes those away in time.
public final class AttachmentFolder: Sendable {
    /// Files of one listing, at most.
    static let maximumListed = 10_000
    /// Folders that the files are spread over: of a million files each holds some four thousand.
    static let shards = 256

    let path: String
    let threads: FileThreads
    let logger: Logger
    private var incoming: String { "\(path)/incoming" }

    /// Makes the folder when it is missing, for its owner only.
    /// - Parameter path: the same one for all nodes of an installation.
    /// - Throws: ``StorageFailure/misconfigured(_:)`` when it cannot be made or written to.
    public init(path: String, logger: Logger) throws {
        self.path = path
        self.logger = logger
        threads = FileThreads(count: 4)
        do {
            try FileManager.default.createDirectory(
                atPath: "\(path)/incoming", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw StorageFailure.misconfigured("the folder \(path) cannot be made")
        }
        guard access("\(path)/incoming", W_OK | X_OK) == 0, access(path, W_OK | X_OK) == 0 else {
            throw StorageFailure.misconfigured("the folder \(path) cannot be written to")
        }
    }

    // MARK: Writing

    /// Begins a file.
    /// - Throws: ``StorageFailure``.
    public func begin() async throws -> IncomingFile {
        var generator = SystemRandomNumberGenerator()
        let name = String(generator.next() as UInt64, radix: 36)
        let path = "\(incoming)/\(name)"
        let descriptor = try await threads.run { try Descriptor.creating(path) }
        return IncomingFile(descriptor, path: path, in: self)
    }

    /// Gives a file its key.
    func keep(_ path: String, as id: Identifier<Attachment>) throws {
        let folder = folder(of: id)
        if mkdir(folder, 0o700) == 0 {
            try Descriptor.syncing(folder: self.path)
        } else if errno != EEXIST {
            throw StorageFailure.ofFile("a folder cannot be made")
        }
        guard rename(path, file(of: id)) == 0 else { throw StorageFailure.ofFile("a file cannot be renamed") }
        try Descriptor.syncing(folder: folder)
    }

    // MARK: Reading

    /// Bytes of a file from `offset` on. The file is opened for it: a reader who takes his time holds nothing open.
    /// - Returns: nil when this node does not have the file, an empty list behind its end.
    /// - Throws: ``StorageFailure``.
    public func read(_ id: Identifier<Attachment>, from offset: Int64, count: Int) async throws -> [UInt8]? {
        let path = file(of: id)
        return try await threads.run { try Descriptor.reading(path, from: offset, count: count) }
    }

    // MARK: Removing

    /// Removes files. What cannot be removed now is a stray.
    public func remove(_ ids: [Identifier<Attachment>]) {
        guard !ids.isEmpty else { return }
        let paths = ids.map(file)
        threads.add { [logger] in
            for path in paths where unlink(path) != 0 && errno != ENOENT {
                logger.warning("a file cannot be removed", metadata: ["errno": "\(errno)"])
            }
        }
    }

    /// Removes files of one shard that have no row, and uploads that broke off.
    /// - Parameters:
    ///   - shard: any number; it counts modulo ``shards``.
    ///   - end: only what was last written before. A file has no row while it is being uploaded.
    ///   - isKnown: which of the keys have a row.
    /// - Returns: how many were removed.
    @discardableResult
    public func removeStrays(
        in shard: Int, olderThan end: Timestamp,
        isKnown: @Sendable ([Identifier<Attachment>]) async throws -> Set<Identifier<Attachment>>
    ) async throws -> Int {
        let (incoming, folder) = (incoming, folder(shard))
        let (broken, old) = try await threads.run {
            (Self.names(in: incoming, olderThan: end), Self.names(in: folder, olderThan: end))
        }
        let ids = old.compactMap { Int64($0).map { Identifier<Attachment>($0) } }
        let known = ids.isEmpty ? [] : try await isKnown(ids)
        let strays = ids.filter { !known.contains($0) && $0.rawValue > 0 }
        let paths = broken.map { "\(incoming)/\($0)" } + strays.map(file)
        return try await threads.run { paths.count { unlink($0) == 0 } }
    }

    private static func names(in folder: String, olderThan end: Timestamp) -> [String] {
        guard let listing = opendir(folder) else { return [] }
        defer { closedir(listing) }
        var names: [String] = []
        while names.count < maximumListed, let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: tuple.pointee)) {
                    String(cString: $0)
                }
            }
            var status = stat()
            guard stat("\(folder)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG else { continue }
            let written = Int64(status.st_mtim.tv_sec) * 1000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
            if written < end.milliseconds { names.append(name) }
        }
        return names
    }

    // MARK: Places

    private func file(of id: Identifier<Attachment>) -> String { "\(folder(of: id))/\(id.rawValue)" }

    private func folder(of id: Identifier<Attachment>) -> String { folder(Self.shard(of: id)) }

    private func folder(_ shard: Int) -> String {
        let number = abs(shard % Self.shards)
        return "\(path)/\(number < 16 ? "0" : "")\(String(number, radix: 16))"
    }

    /// The low bits of keys are a counter that is mostly 0, so all bits are mixed (Fibonacci hashing).
    static func shard(of id: Identifier<Attachment>) -> Int {
        Int((UInt64(bitPattern: id.rawValue) &* 0x9E37_79B9_7F4A_7C15) >> 56)
    }
}

/// Removes the bytes of files once the end of their rows is committed.
extension AttachmentFolder: CommitObserver {
    public func committed(_ batch: CommittedBatch) { remove(batch.removedFiles) }
}
