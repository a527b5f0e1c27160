import Cluster
public import Domain

/// Messages per contact and minute, over all its sockets and requests, on all nodes.
public final class MessageRates: Sendable {
    /// Contacts that are remembered at once; about 20 MB at the most.
    static let maximumRemembered = 100_000

    private let perMinute: Double
    private let rates: SharedRates<Identifier<Contact>>

    init(perMinute: Double, clock: any WallClock, sharing: RateSharing?) {
        self.perMinute = perMinute
        rates = SharedRates(
            table: "messages", counters: sharing?.counters, clock: clock, capacity: Self.maximumRemembered
        ) { String($0.rawValue) }
        if let sharing { rates.run(on: sharing.eventLoop) }
    }

    /// Counts a message.
    /// - Returns: nil when there was room, else the seconds until there is.
    public func take(_ contact: Identifier<Contact>) -> Double? {
        rates.take(contact, rate: perMinute / 60, burst: perMinute)
    }
}
