/// How much of everything is allowed. Nil means off, which production refuses.
struct LimitsConfiguration: Sendable, Equatable {
    let contactFramesPerSecond: Int?
    let staffFramesPerSecond: Int?
    let contactMessagesPerMinute: Int?
    /// Per account and address.
    let loginsPerMinute: Int?
    /// Per address.
    let sessionsPerMinute: Int?
    /// Per token.
    let requestsPerSecond: Int?
    /// Failed logins within 15 minutes, per account and address, that lock it out.
    let lockoutFailures: Int?
    let socketsPerPrincipal: Int?
    let socketsPerAddress: Int?

    init(_ values: ConfigurationValues, environment: DeploymentEnvironment) throws(ConfigurationProblem) {
        func limit(_ key: ConfigurationKey) throws(ConfigurationProblem) -> Int? {
            let limit = try values.required(key, Parse.integer(in: 0...1_000_000))
            guard limit == 0 else { return limit }
            guard environment == .development else {
                throw key.problem("0 turns the limit off, which ENVIRONMENT=production refuses")
            }
            return nil
        }
        contactFramesPerSecond = try limit(.rateContactFrames)
        staffFramesPerSecond = try limit(.rateStaffFrames)
        contactMessagesPerMinute = try limit(.rateContactMessages)
        loginsPerMinute = try limit(.rateLogin)
        sessionsPerMinute = try limit(.rateSessions)
        requestsPerSecond = try limit(.rateRequests)
        lockoutFailures = try limit(.lockoutFailures)
        socketsPerPrincipal = try limit(.maxSocketsPerPrincipal)
        socketsPerAddress = try limit(.maxSocketsPerAddress)
    }
}
