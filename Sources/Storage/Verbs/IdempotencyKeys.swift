import Domain

extension RowReader {
    /// What is known of a key; nil when it has not been used within its lifetime.
    public func idempotencyRecord(_ key: IdempotencyKey) throws -> IdempotencyRecord? {
        guard let record = try storedRecord(key), record.claimedAt > lastForgottenClaim else { return nil }
        return record
    }

    /// Claims of this time and before are forgotten.
    var lastForgottenClaim: Timestamp { now.adding(seconds: -IdempotencyRecord.lifetimeSeconds) }

    fileprivate func storedRecord(_ key: IdempotencyKey) throws -> IdempotencyRecord? {
        try connection.row(
            """
            SELECT request_digest, claimed_at, status, headers, body FROM idempotency_keys \
            WHERE \(IdempotencyKey.condition)
            """, key.values
        ) { row in
            var answer: IdempotencyRecord.Answer?
            if let status = row.optionalInteger(2) {
                answer = IdempotencyRecord.Answer(
                    status: Int(status), headers: try StoredJSON.decode([String: String].self, row.text(3)),
                    body: row.optionalBlob(4))
            }
            return IdempotencyRecord(
                requestDigest: row.optionalBlob(0) ?? [], claimedAt: row.timestamp(1), answer: answer)
        }
    }
}

extension Transaction {
    /// Makes the key this command's.
    /// - Throws: ``RepeatedRequest`` when it is another's.
    func claim(_ key: IdempotencyKey, requestDigest: [UInt8]) throws {
        do {
            try insertClaim(key, requestDigest)
        } catch StorageFailure.constraint {
            guard let record = try storedRecord(key) else {
                // Swept between the two statements, or not to be seen yet: the next attempt will know.
                throw RepeatedRequest(
                    record: IdempotencyRecord(requestDigest: requestDigest, claimedAt: now, answer: nil))
            }
            guard record.claimedAt <= lastForgottenClaim else { throw RepeatedRequest(record: record) }
            try connection.run(
                "DELETE FROM idempotency_keys WHERE \(IdempotencyKey.condition) AND claimed_at <= ?",
                key.values + [.time(lastForgottenClaim)])
            do {
                try insertClaim(key, requestDigest)
            } catch StorageFailure.constraint {
                // Another node found it forgotten at the same moment.
                throw RepeatedRequest(
                    record: IdempotencyRecord(requestDigest: requestDigest, claimedAt: now, answer: nil))
            }
        }
    }

    private func insertClaim(_ key: IdempotencyKey, _ requestDigest: [UInt8]) throws {
        try connection.run(
            """
            INSERT INTO idempotency_keys (workspace_id, principal, route, name, request_digest, claimed_at) \
            VALUES (?, ?, ?, ?, ?, ?)
            """, key.values + [.blob(requestDigest), .time(now)])
    }

    /// Keeps what the request under the key was answered.
    public func keepAnswer(_ answer: IdempotencyRecord.Answer, of key: IdempotencyKey) throws {
        try connection.run(
            "UPDATE idempotency_keys SET status = ?, headers = ?, body = ? WHERE \(IdempotencyKey.condition)",
            [
                .integer(Int64(answer.status)), .text(try StoredJSON.encode(answer.headers)),
                answer.body.map { .blob($0) } ?? .null,
            ] + key.values)
    }

    /// Forgets keys whose lifetime is over, the oldest first.
    /// - Returns: how many; call again while it reaches `limit`.
    public func sweepIdempotencyKeys(limit: Int) throws -> Int {
        let oldest = try connection.rows(
            "SELECT claimed_at FROM idempotency_keys WHERE claimed_at <= ? ORDER BY claimed_at LIMIT ?",
            [.time(lastForgottenClaim), .integer(Int64(limit))]
        ) { $0.timestamp(0) }
        guard let end = oldest.last else { return 0 }
        // With them go those of the same millisecond, of which there are no more than commands in it.
        return try connection.run("DELETE FROM idempotency_keys WHERE claimed_at <= ?", [.time(end)])
    }
}
