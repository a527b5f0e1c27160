import ArgumentParser

/// `chat-api stats …`.
struct StatisticsVerbs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Statistics: figures that are kept up from the event log.",
        subcommands: [Rebuild.self])

    struct Rebuild: Verb {
        static let configuration = CommandConfiguration(
            commandName: "rebuild", abstract: "Count all figures anew from the event log.",
            discussion: """
                The figures are removed and counted again; until that is done they are incomplete, and say up to when they \
                are. It may be broken off: whoever serves next goes on with it.
                """)

        func perform(in program: Program) async throws {
            let configuration = try program.configuration()
            try await program.withOperations(configuration) { operations in
                let begun = try await operations.rebuildStatistics()
                var state = begun
                while !state.hasReached(begun.head) {
                    program.console.print(
                        state.isClearing
                            ? "removing the old figures" : "counted up to event \(state.position) of \(begun.head)")
                    state = try await operations.continueStatistics()
                }
                program.console.print("counted \(begun.head) events anew")
            }
        }
    }
}

/// How far the figures are.
struct StatisticsState: Codable, Sendable, Equatable {
    /// Place in the log of the last event that was counted.
    let position: Int64
    /// Newest place in the log.
    let head: Int64
    /// Whether old figures are still being removed.
    let isClearing: Bool

    private enum CodingKeys: String, CodingKey {
        case position, head
        case isClearing = "is_clearing"
    }

    /// Whether everything up to a place of the log is counted.
    func hasReached(_ place: Int64) -> Bool { !isClearing && position >= place }
}
