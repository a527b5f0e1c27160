import Domain

/// What runs on one node of a cluster at a time.
public enum LeasedWork: String, Sendable, CaseIterable {
    /// Stamps events with their place in the feed.
    case sequencer
    /// Ends sessions, opens snoozed conversations, forgets dead nodes.
    case sweeps
    /// Counts events into the figures.
    case statistics
    /// Holds no lease: its generation counts the numbers that were given to nodes.
    case nodeNumbers = "node_numbers"
}

extension Transaction {
    /// Takes a lease that is free or has run out, or renews this node's own.
    /// - Parameter seconds: how long it is this node's from now on.
    /// - Returns: its generation, which grows with each change of hands; nil while another node holds it.
    public func takeLease(_ work: LeasedWork, seconds: Int64) throws -> Int64? {
        let until = now.adding(seconds: seconds)
        let renewed = try connection.run(
            "UPDATE leases SET lease_until = ? WHERE name = ? AND owner = ? AND lease_until > ?",
            [.time(until), .text(work.rawValue), .text(settings.nodeId), .time(now)])
        if renewed == 0 {
            let taken = try connection.run(
                """
                UPDATE leases SET owner = ?, generation = generation + 1, lease_until = ? \
                WHERE name = ? AND lease_until <= ?
                """, [.text(settings.nodeId), .time(until), .text(work.rawValue), .time(now)])
            if taken == 0, try !insertLease(work, until: until) { return nil }
        }
        return try generation(of: work)
    }

    /// Gives a lease back before its time.
    public func releaseLease(_ work: LeasedWork) throws {
        try connection.run(
            "UPDATE leases SET lease_until = 0 WHERE name = ? AND owner = ?",
            [.text(work.rawValue), .text(settings.nodeId)])
    }

    /// - Returns: false when there is one.
    func insertLease(_ work: LeasedWork, until: Timestamp) throws -> Bool {
        guard try generation(of: work) == nil else { return false }
        do {
            try connection.run(
                "INSERT INTO leases (name, owner, generation, lease_until) VALUES (?, ?, 1, ?)",
                [.text(work.rawValue), .text(settings.nodeId), .time(until)])
            return true
        } catch StorageFailure.constraint {
            return false
        }
    }

    /// Whether a lease is still what it was when it was taken. Nobody can take it before this transaction has ended.
    func holds(_ work: LeasedWork, generation: Int64) throws -> Bool {
        try connection.integer(
            "SELECT generation FROM leases WHERE name = ? AND owner = ? \(connection.lockingClause)",
            [.text(work.rawValue), .text(settings.nodeId)]) == generation
    }

    func generation(of work: LeasedWork) throws -> Int64? {
        try connection.integer("SELECT generation FROM leases WHERE name = ?", [.text(work.rawValue)])
    }
}
