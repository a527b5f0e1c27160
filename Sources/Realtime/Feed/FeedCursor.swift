/// Where a reader stands in one conversation's numbered events: the rule behind "every event once, in order, no gap".
///
/// The reader is subscribed first and reads second. Live events that follow on directly are passed on; all others only
/// raise the target, and the hole is read from the log. No I/O, no clock.
struct FeedCursor: Equatable {
    enum Step: Equatable {
        /// Pass the event on; it is the next one.
        case deliver
        /// It was passed on before, or will be read.
        case ignore
        /// Read the log from behind `delivered`.
        case read
        /// Everything up to the target has been passed on.
        case caughtUp
    }

    /// Newest `seq` that was passed on.
    private(set) var delivered: Int64
    /// Newest `seq` known to exist.
    private(set) var target: Int64
    /// A page is on its way; live events wait for it.
    private(set) var isReading = false
    /// Where to start is not known yet: the head is being read.
    private(set) var isStarting = true

    init() {
        delivered = 0
        target = 0
    }

    /// The reader starts behind `seq`, with the log's head at `head`.
    /// - Returns: ``Step/read`` when there is something to replay, else ``Step/caughtUp``.
    mutating func start(after seq: Int64, head: Int64) -> Step {
        isStarting = false
        delivered = seq
        target = max(target, head, seq)
        isReading = delivered < target
        return isReading ? .read : .caughtUp
    }

    /// A live event with this `seq` has been committed.
    mutating func live(_ seq: Int64) -> Step {
        if isStarting || isReading {
            target = max(target, seq)
            return .ignore
        }
        if seq <= delivered { return .ignore }
        target = max(target, seq)
        if seq == delivered + 1 {
            delivered = seq
            return .deliver
        }
        isReading = true
        return .read
    }

    /// Live events from `first` to `last` have been committed, and the reader can take all of them or none.
    /// - Returns: whether it takes them: then they are the next ones, and count as passed on.
    mutating func takes(_ first: Int64, through last: Int64) -> Bool {
        guard !isStarting, !isReading, first == delivered + 1 else { return false }
        delivered = last
        target = max(target, last)
        return true
    }

    /// There are events up to `seq`, which were committed elsewhere.
    mutating func rung(_ seq: Int64) -> Step {
        target = max(target, seq)
        guard !isStarting, !isReading, delivered < target else { return .ignore }
        isReading = true
        return .read
    }

    /// The reader was told of `seq` by an acknowledgement; the event itself is on its way.
    mutating func acknowledged(_ seq: Int64) {
        target = max(target, seq)
    }

    /// One event of a page.
    /// - Returns: ``Step/deliver``, or ``Step/ignore`` for one that was passed on before.
    mutating func replayed(_ seq: Int64) -> Step {
        guard seq == delivered + 1 else { return .ignore }
        delivered = seq
        return .deliver
    }

    /// A page has been passed on; the log's head stood at `head` when it was read.
    mutating func pageEnded(head: Int64) -> Step {
        target = max(target, head)
        isReading = delivered < target
        return isReading ? .read : .caughtUp
    }

    /// Nothing is to be passed on until a page has ended, or something was looked up: live events wait for it.
    mutating func hold() { isReading = true }

    /// A page could not be read. Live events are passed on again only after the hole was read.
    mutating func pageFailed() {
        isReading = false
    }

    /// Tries again after ``pageFailed()``.
    mutating func retry() -> Step {
        guard !isStarting, !isReading, delivered < target else { return .ignore }
        isReading = true
        return .read
    }
}
