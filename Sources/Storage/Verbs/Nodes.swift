public import Domain

/// A process that uses the database, or did so until lately.
public struct NodeRecord: Sendable, Equatable {
    /// Goes into the keys that the node makes: 0…1023.
    public var number: Int
    public var nodeId: String
    /// Comma-separated.
    public var components: String
    public var startedAt: Timestamp
    /// Until when the node is taken to be alive.
    public var leaseUntil: Timestamp
}

extension Transaction {
    /// Numbers that there are: the keys have 10 bits for them.
    static var nodeNumbers: Int64 { 1024 }

    /// Enters this node under a number that no other has.
    ///
    /// Numbers go round: one that was given up is given out again only after all others, so that a node which was
    /// taken for dead and wakes up does not make another's keys.
    /// - Parameter replacing: the record of this node's former life, if it is over.
    /// - Throws: ``Refusal/conflict(_:)`` when there is a record of this node already, or no number is free.
    public func enrolNode(components: String, seconds: Int64, replacing former: NodeRecord?) throws -> NodeRecord {
        if let former { try forgetNode(former) }
        let taken = Set(try nodes().map { Int64($0.number) })
        guard taken.count < Int(Self.nodeNumbers) else { throw Refusal.conflict("1024 nodes are on this database") }
        var number: Int64
        repeat {
            if try !insertLease(.nodeNumbers, until: Timestamp(milliseconds: 0)) {
                try connection.run(
                    "UPDATE leases SET generation = generation + 1 WHERE name = ?",
                    [.text(LeasedWork.nodeNumbers.rawValue)])
            }
            number = (try generation(of: .nodeNumbers) ?? 0) % Self.nodeNumbers
        } while taken.contains(number)
        let record = NodeRecord(
            number: Int(number), nodeId: settings.nodeId, components: components, startedAt: now,
            leaseUntil: now.adding(seconds: seconds))
        try insert(record)
        return record
    }

    /// Says that this node is alive. A record that others have forgotten is made again.
    /// - Throws: ``Refusal/conflict(_:)`` when another process has the name or the number by now.
    public func renewNode(_ record: NodeRecord, seconds: Int64) throws {
        let until = now.adding(seconds: seconds)
        let renewed = try connection.run(
            "UPDATE nodes SET lease_until = ? WHERE number = ? AND node_id = ? AND started_at = ?",
            [.time(until), .integer(Int64(record.number)), .text(record.nodeId), .time(record.startedAt)])
        guard renewed == 0 else { return }
        var record = record
        record.leaseUntil = until
        try insert(record)
    }

    private func insert(_ record: NodeRecord) throws {
        do {
            try connection.run(
                "INSERT INTO nodes (number, node_id, components, started_at, lease_until) VALUES (?, ?, ?, ?, ?)",
                [
                    .integer(Int64(record.number)), .text(record.nodeId), .text(record.components),
                    .time(record.startedAt), .time(record.leaseUntil),
                ])
        } catch StorageFailure.constraint {
            throw Refusal.conflict("another process is \(record.nodeId) or has its number")
        }
    }

    /// Forgets a node, unless it has shown a sign of life since the record was read.
    /// - Returns: whether it was forgotten.
    @discardableResult
    public func forgetNode(_ record: NodeRecord) throws -> Bool {
        try connection.run(
            "DELETE FROM nodes WHERE number = ? AND started_at = ? AND lease_until = ?",
            [.integer(Int64(record.number)), .time(record.startedAt), .time(record.leaseUntil)]) == 1
    }

    /// Takes this node off the list.
    public func retireNode(_ record: NodeRecord) throws {
        try connection.run(
            "DELETE FROM nodes WHERE number = ? AND started_at = ?",
            [.integer(Int64(record.number)), .time(record.startedAt)])
    }
}

extension RowReader {
    /// Every node that is on record, by number.
    public func nodes() throws -> [NodeRecord] {
        try connection.rows(
            "SELECT number, node_id, components, started_at, lease_until FROM nodes ORDER BY number", []
        ) {
            NodeRecord(
                number: Int($0.integer(0)), nodeId: $0.text(1), components: $0.text(2), startedAt: $0.timestamp(3),
                leaseUntil: $0.timestamp(4))
        }
    }

    /// Nodes whose lease has run out: dead, or frozen with their locks held.
    public func lapsedNodes() throws -> [NodeRecord] { try nodes().filter { $0.leaseUntil < now } }
}
