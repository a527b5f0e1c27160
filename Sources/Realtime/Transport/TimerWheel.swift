public import NIOCore

/// Who is told that a deadline has passed. Called on the wheel's event loop.
public protocol DeadlineTarget: AnyObject {
    func deadlinePassed(_ tag: DeadlineTag)
}

/// Tells the deadlines of one target apart.
public struct DeadlineTag: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }
}

/// The deadlines of one event loop: thousands of them behind one scheduled task.
///
/// A task or a scheduled timer per socket is half the memory of an idle connection, and NIO cancels scheduled tasks
/// in linear time. Here setting, postponing and cancelling are O(1). A deadline never fires early and at most one
/// `granularity` late. When nothing is pending, nothing is scheduled; otherwise the loop is woken for slots in use
/// only.
///
/// Bound to its event loop: every call must be made on it.
public final class TimerWheel {
    /// A deadline that was set. It stays valid as a value after it has fired; using it then does nothing.
    public struct Deadline {
        fileprivate let key: DeadlineSlots<Waiting>.Key
    }

    fileprivate struct Waiting {
        let target: any DeadlineTarget
        let tag: DeadlineTag
    }

    /// Room for keys of due deadlines that is kept between sweeps.
    private static let retainedKeys = 1024

    private let eventLoop: any EventLoop
    private let granularity: Int64
    private let origin: NIODeadline
    private var slots: DeadlineSlots<Waiting>
    private var due: [DeadlineSlots<Waiting>.Key] = []
    private var isSweeping = false
    private var wakeUp: (tick: UInt64, task: Scheduled<Void>)?

    /// - Parameters:
    ///   - granularity: How late a deadline may fire at most; above zero.
    ///   - slots: Slots of one turn; deadlines beyond `granularity × slots` cost one look per turn.
    public init(eventLoop: any EventLoop, granularity: TimeAmount, slots: Int) {
        self.eventLoop = eventLoop
        self.granularity = max(granularity.nanoseconds, 1_000_000)
        self.origin = eventLoop.now
        self.slots = DeadlineSlots(slots: slots)
    }

    /// Number of pending deadlines.
    public var count: Int { slots.count }

    /// Sets a deadline. The wheel holds the target until the deadline fires or is cancelled.
    public func set(_ tag: DeadlineTag, after delay: TimeAmount, for target: any DeadlineTarget) -> Deadline {
        eventLoop.assertInEventLoop()
        slots.skip(to: currentTick)
        let tick = tick(after: delay)
        let key = slots.insert(Waiting(target: target, tag: tag), at: tick)
        wake(at: tick)
        return Deadline(key: key)
    }

    /// Moves a pending deadline to `delay` from now.
    ///
    /// - Returns: `false` when it has already fired or was cancelled.
    @discardableResult
    public func postpone(_ deadline: Deadline, to delay: TimeAmount) -> Bool {
        eventLoop.assertInEventLoop()
        let tick = tick(after: delay)
        guard slots.move(deadline.key, to: tick) else { return false }
        wake(at: tick)
        return true
    }

    /// Cancels a deadline; one that has already fired is left alone.
    public func cancel(_ deadline: Deadline) {
        eventLoop.assertInEventLoop()
        // The wake-up stays scheduled: one that finds nothing due is cheaper than cancelling one per connection.
        slots.remove(deadline.key)
    }

    // MARK: Time

    private var currentTick: UInt64 {
        UInt64(max(0, (eventLoop.now - origin).nanoseconds) / granularity)
    }

    /// Rounded up, and never a tick that has been swept: a deadline does not fire early.
    private func tick(after delay: TimeAmount) -> UInt64 {
        let distance = max(0, (eventLoop.now + delay - origin).nanoseconds)
        let (rounded, overflow) = distance.addingReportingOverflow(granularity - 1)
        return max(UInt64((overflow ? Int64.max : rounded) / granularity), slots.now + 1)
    }

    private func wake(at tick: UInt64) {
        if isSweeping { return }
        if let wakeUp {
            guard tick < wakeUp.tick else { return }
            wakeUp.task.cancel()
        }
        let offset = Int64(clamping: tick).multipliedReportingOverflow(by: granularity)
        // A wake-up that is too far away to be expressed is as good as any other far one.
        let time = origin + .nanoseconds(offset.overflow ? Int64.max / 4 : offset.partialValue)
        let task = eventLoop.assumeIsolated().scheduleTask(deadline: time) { [weak self] () -> Void in
            self?.sweep()
        }
        wakeUp = (tick, task)
    }

    private func sweep() {
        wakeUp = nil
        isSweeping = true
        var due = self.due
        self.due = []
        slots.sweep(to: currentTick, into: &due)
        for key in due {
            guard let waiting = slots.takeDue(key) else { continue }
            waiting.target.deadlinePassed(waiting.tag)
        }
        due.removeAll(keepingCapacity: due.count <= Self.retainedKeys)
        self.due = due
        isSweeping = false
        if let next = slots.nextOccupiedTick { wake(at: next) }
    }
}
