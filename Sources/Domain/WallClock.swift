import Synchronization

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Where the present comes from. Everything that compares or stores times takes one, so that tests and simulations
/// decide what time it is.
public protocol WallClock: Sendable {
    /// The present moment.
    func now() -> Timestamp
}

/// The operating system's clock. It may step backwards when the host's time is corrected.
public struct SystemClock: WallClock {
    public init() {}

    public func now() -> Timestamp {
        var time = timespec()
        // Fails only for an unknown clock id.
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}

/// A clock that stands still until it is told to move. For tests and simulations; safe to share between threads.
public final class ManualClock: WallClock {
    private let moment: Mutex<Timestamp>

    /// A clock that shows `start` (default 2026-01-01T00:00:00Z).
    public init(_ start: Timestamp = Timestamp(milliseconds: 1_767_225_600_000)) {
        moment = Mutex(start)
    }

    public func now() -> Timestamp {
        moment.withLock { $0 }
    }

    /// Moves the clock by `milliseconds` (backwards when negative) and returns what it shows then.
    @discardableResult
    public func advance(milliseconds: Int64) -> Timestamp {
        moment.withLock { moment in
            moment = moment.adding(milliseconds: milliseconds)
            return moment
        }
    }

    /// Moves the clock by `seconds` (backwards when negative) and returns what it shows then.
    @discardableResult
    public func advance(seconds: Int64) -> Timestamp {
        moment.withLock { moment in
            moment = moment.adding(seconds: seconds)
            return moment
        }
    }

    /// Sets the clock to `moment`.
    public func set(to moment: Timestamp) {
        self.moment.withLock { $0 = moment }
    }
}
