import Domain

extension RowReader {
    /// Whether a sweep would find something to do: a read, so that looking every second costs no commit.
    public func hasSweepWork() throws -> Bool {
        let idleSince = now.adding(seconds: -settings.lifetime.idleSeconds)
        return try connection.integer(
            """
            SELECT EXISTS (SELECT 1 FROM chat_sessions WHERE status IN ('active', 'idle') AND expires_at <= ?) \
            OR EXISTS (SELECT 1 FROM chat_sessions WHERE status = 'active' AND last_active_at <= ?) \
            OR EXISTS (SELECT 1 FROM tickets WHERE expires_at <= ?) \
            OR EXISTS (SELECT 1 FROM login_failures WHERE window_began_at <= ?) \
            OR EXISTS (SELECT 1 FROM invitations WHERE expires_at <= ?) \
            OR EXISTS (SELECT 1 FROM idempotency_keys WHERE claimed_at <= ?) \
            OR EXISTS (SELECT 1 FROM conversations WHERE snoozed_until <= ? AND status = 'snoozed') \
            OR EXISTS (SELECT 1 FROM ai_reservations WHERE reserved_at <= ?) \
            OR EXISTS (SELECT 1 FROM ai_spending WHERE starts_at <= ?)
            """,
            [
                .time(now), .time(idleSince), .time(now), .time(lastForgottenFailure), .time(lastForgottenInvitation),
                .time(lastForgottenClaim), .time(now), .time(lastDeadReservation), .time(lastForgottenSpending),
            ]) == 1
    }
}
