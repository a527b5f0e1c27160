import ArgumentParser

/// A verb that works on the server or its data.
protocol Verb: ParsableCommand {
    func perform(in program: Program) async throws
}

/// Options that stand for a key of the configuration, by the key's name.
protocol ConfigurationOptions {
    var values: [String: String] { get }
}
