import ArgumentParser

/// `chat-api doctor`.
struct DoctorVerb: Verb {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check the configuration, the data folder, the database and Redis.",
        discussion: "Ends with 0 when nothing is broken, 1 when something is, 78 when the configuration is wrong.")

    func perform(in program: Program) async throws {
        let configuration = try program.configuration()
        var checks = [DoctorCheck(name: "configuration", status: .ok, detail: "\(configuration.environment.rawValue)")]
        checks += configuration.warnings.map { DoctorCheck(name: "configuration", status: .warning, detail: $0) }
        checks += DataDirectoryChecks(configuration.dataDirectory).run()
        do {
            checks += try await program.withOperations(configuration) { try await $0.doctor() }
        } catch {
            let failure = CommandFailure(error)
            checks.append(DoctorCheck(name: "database", status: .failed, detail: failure.description))
        }
        if let redis = configuration.redis { checks.append(await RedisCheck(redis, configuration.nodeId).run()) }
        let width = checks.map(\.name.count).max() ?? 0
        for check in checks {
            let status = check.status.rawValue
            let name = check.name + String(repeating: " ", count: width - check.name.count)
            program.console.print(
                PlainLine.text(
                    status + String(repeating: " ", count: 8 - status.count) + "\(name)  \(check.detail)", limit: 400))
        }
        if checks.contains(where: { $0.status == .failed }) {
            throw CommandFailure(ExitStatus.checksFailed, "something is broken")
        }
    }
}
