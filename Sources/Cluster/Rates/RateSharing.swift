public import NIOCore

/// By what the nodes of a cluster count together.
public struct RateSharing: Sendable {
    public var counters: any SharedCounters
    /// The timer's.
    public var eventLoop: any EventLoop

    public init(counters: any SharedCounters, eventLoop: any EventLoop) {
        self.counters = counters
        self.eventLoop = eventLoop
    }
}
