import Glibc

/// The machine's monotonic clock, in nanoseconds. All processes of a machine share it.
enum Clock {
    static let second: UInt64 = 1_000_000_000

    @inline(__always) static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(truncatingIfNeeded: time.tv_sec) &* second &+ UInt64(truncatingIfNeeded: time.tv_nsec)
    }

    /// From outside: never negative, never so long that times would overflow (an hour).
    static func nanoseconds(_ seconds: Double) -> UInt64 {
        seconds > 0 ? UInt64(min(seconds, 3_600) * 1e9) : 0
    }

    static func seconds(_ nanoseconds: UInt64) -> Double {
        Double(nanoseconds) / 1e9
    }

    /// What this process has used of the processor, user and system, in seconds.
    static func processorSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }
}
