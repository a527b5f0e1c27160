public import NIOCore
import Synchronization

/// How often the stream of a model is read.
///
/// Readers are shown a piece every 40 ms at most. What a model sends in between is left in the socket, where one read finds
/// it together: the tokens of a piece then cost one wake-up, one pass of the filter and one frame, however fast the model
/// is. The more replies are made at once, the longer the pauses, so that a busy server shows larger pieces and not later ones.
/// The beginning of a stream waits for nothing.
public final class ReadingPace: Sendable {
    /// A little longer than the least time between two pieces, so that what was read is shown at once.
    static let shortest = TimeAmount.milliseconds(41)
    /// Four pieces a second still read as writing.
    static let longest = TimeAmount.milliseconds(250)
    /// What a piece may take of a core, all in all. Measured: about 60 µs.
    static let perReply = TimeAmount.microseconds(80)

    private let running = Atomic<Int>(0)

    public init() {}

    /// A stream is being read.
    func begin() { running.add(1, ordering: .relaxed) }

    /// Its end.
    func end() { running.subtract(1, ordering: .relaxed) }

    /// From one read of a stream to the next, with as many being read as there are now.
    public var interval: TimeAmount {
        min(Self.longest, max(Self.shortest, Self.perReply * running.load(ordering: .relaxed)))
    }
}
