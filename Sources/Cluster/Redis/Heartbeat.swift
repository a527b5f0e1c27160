/// Judges the bus by what it does: this node's own beats must come back to it.
///
/// A connection that stands says little. A server that was frozen holds its connections for ever, and one without memory
/// answers all but writes.
struct Heartbeat: Sendable {
    /// Beats in a row that may stay unheard; the next makes the bus unhealthy.
    static let allowedUnheard: UInt64 = 1

    /// The newest beat that was sent; the first is 1.
    private(set) var sent: UInt64 = 0
    private var heard: UInt64 = 0
    /// Beats up to this one prove nothing: they were sent before something was lost.
    private var void: UInt64 = 0
    private var trouble: String? = "not connected yet"
    private var refusal: String?

    var health: BusHealth {
        if let trouble { return .unhealthy(trouble) }
        if let refusal { return .unhealthy(refusal) }
        return .healthy
    }

    /// It is time for a beat.
    /// - Returns: its number, to be sent.
    mutating func beat() -> UInt64 {
        if sent - max(heard, void) > Self.allowedUnheard, trouble == nil {
            trouble = "two beats in a row were not heard"
        }
        sent += 1
        return sent
    }

    /// A beat came back. One that took longer than the others may does not count.
    mutating func hear(_ number: UInt64) {
        guard number > max(heard, void), number <= sent else { return }
        heard = number
        if sent - number <= Self.allowedUnheard { trouble = nil }
    }

    /// Something was lost, or a connection: only a beat that is sent from now on proves that all is well.
    mutating func lose(_ reason: String) {
        trouble = reason
        void = sent
    }

    /// Whether the beat's write was taken.
    mutating func written(refusal: String?) { self.refusal = refusal }
}
