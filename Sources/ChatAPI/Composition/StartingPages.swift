import Observability

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Memory that only the start of the process needed.
///
/// Reading the configuration, migrating and composing run through most of the program's code once. Those pages stay mapped,
/// half of what the process then seems to need, although nothing runs there any more. They are let go once the server
/// has begun: what is needed again comes back from the system's page cache, a few microseconds for each 64 KiB.
enum StartingPages {
    /// A piece that is hardly worth a system call stays.
    static let minimumResidentKiB: UInt = 64
    /// After which the server's services have begun too.
    static let settling = Duration.milliseconds(500)

    /// Gives back what can be given back once the services have begun.
    static func releaseSoon() {
        Task {
            try await ContinuousClock().sleep(for: settling)
            release()
        }
    }

    /// Gives back what can be given back. Does nothing on systems other than Linux.
    static func release() {
        #if os(Linux)
        for range in unchanged(in: ProcessFiles().memoryMap() ?? "") {
            // Read-only, of a file and as it is there, so that nothing is lost: it is read again when it is needed.
            madvise(UnsafeMutableRawPointer(bitPattern: range.lowerBound), range.count, MADV_DONTNEED)
        }
        #endif
    }

    /// Where code and constants of programs and libraries lie that the process never wrote to, by its map (proc(5)). What the
    /// loader has moved into place is read-only too, but no longer as in the file.
    static func unchanged(in map: String) -> [Range<UInt>] {
        var found: [Range<UInt>] = []
        var piece: Range<UInt>?
        var resident: UInt = 0
        for line in map.utf8.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5, omittingEmptySubsequences: true)
            guard let first = fields.first else { continue }
            if first.last != UInt8(ascii: ":") {
                (piece, resident) = (readOnlyPiece(fields), 0)
            } else if piece != nil, fields.count > 1, let size = UInt(Substring(fields[1])) {
                if first.elementsEqual("Rss:".utf8) { resident = size }
                // Last of what is asked for here.
                if first.elementsEqual("Private_Dirty:".utf8), size == 0, resident >= minimumResidentKiB,
                    let range = piece
                {
                    found.append(range)
                }
            }
        }
        return found
    }

    private static func readOnlyPiece(_ fields: [Substring.UTF8View]) -> Range<UInt>? {
        let isReadOnly = fields.count == 6 && ["r-xp", "r--p"].contains { fields[1].elementsEqual($0.utf8) }
        guard isReadOnly, fields[5].contains(UInt8(ascii: "/")) else { return nil }
        let ends = fields[0].split(separator: UInt8(ascii: "-")).compactMap { UInt(Substring($0), radix: 16) }
        guard ends.count == 2, ends[0] < ends[1] else { return nil }
        return ends[0]..<ends[1]
    }
}
