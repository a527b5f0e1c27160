public import Domain

extension RowReader {
    /// What nodes have learnt of how far estimates of tokens are off; the newest first.
    public func tokenCalibrations() throws -> [TokenCalibration] {
        try connection.rows(
            """
            SELECT provider, model, factor_thousandths, samples FROM token_calibrations \
            ORDER BY updated_at DESC, provider, model LIMIT ?
            """, [.integer(Int64(TokenCalibration.maximumKept))]
        ) {
            TokenCalibration(
                provider: $0.text(0), model: $0.text(1), thousandths: $0.integer(2), samples: $0.integer(3))
        }
    }
}

extension Transaction {
    /// Keeps what this node has learnt. Of several nodes the last one's word counts: they learn from the same models.
    public func keep(_ calibrations: [TokenCalibration]) throws {
        for calibration in calibrations {
            let values: [SQLValue] = [
                .integer(calibration.thousandths), .integer(Int64(calibration.samples)), .time(now),
                .text(calibration.provider), .text(calibration.model),
            ]
            let updated = try connection.run(
                """
                UPDATE token_calibrations SET factor_thousandths = ?, samples = ?, updated_at = ? \
                WHERE provider = ? AND model = ?
                """, values)
            if updated > 0 { continue }
            do {
                try connection.run(
                    """
                    INSERT INTO token_calibrations (factor_thousandths, samples, updated_at, provider, model) \
                    VALUES (?, ?, ?, ?, ?)
                    """, values)
            } catch StorageFailure.constraint {
                // Another node has just kept its own.
            }
        }
    }
}
