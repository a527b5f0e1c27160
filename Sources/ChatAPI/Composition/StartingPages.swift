import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Memory that only the start of the process needed.
///
/// Reading the configuration, migrating and composing run through most of the program's code once. Those pages stay mapped,
/// half of what the process then seems to need, although nothing runs there any more. They are let go when the server begins
/// to listen: what is needed again comes back from the system's page cache, a few microseconds for each 64 KiB.
enum StartingPages {
    /// Code that is hardly worth a system call stays.
    static let minimumBytes = 256 * 1024

    /// After which the server's services have begun too.
    static let settling = Duration.milliseconds(500)

    /// Gives back what can be given back, now and once the services have begun.
    static func releaseSoon() {
        release()
        Task {
            try await ContinuousClock().sleep(for: settling)
            release()
        }
    }

    /// Gives back what can be given back. Does nothing on systems other than Linux.
    static func release() {
        #if os(Linux)
        for range in code(in: (try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)) ?? "") {
            // Read-only and of a file, so that nothing is lost: it is read again when it is needed.
            madvise(UnsafeMutableRawPointer(bitPattern: range.lowerBound), range.count, MADV_DONTNEED)
        }
        #endif
    }

    /// Where the code of programs and libraries lies, by a process's map (proc(5)).
    static func code(in maps: String) -> [Range<UInt>] {
        maps.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            // Code that cannot be written, and that is a file's.
            guard fields.count == 6, fields[1] == "r-xp", fields[5].contains("/") else { return nil }
            let ends = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            guard ends.count == 2, ends[0] < ends[1], ends[1] - ends[0] >= UInt(minimumBytes) else { return nil }
            return ends[0]..<ends[1]
        }
    }
}
