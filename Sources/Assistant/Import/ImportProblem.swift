/// What is wrong with a file that cannot be imported.
public struct ImportProblem: Error, Sendable, Equatable, Codable, CustomStringConvertible {
    /// From 1; nil where the whole file is meant.
    public var line: Int?
    /// A sentence for whoever has to put it right.
    public var message: String

    public init(line: Int? = nil, _ message: String) {
        self.line = line
        self.message = message
    }

    public var description: String { line.map { "line \($0): \(message)" } ?? message }
}

/// Several of them.
struct ImportProblems: Error {
    var all: [ImportProblem]

    init(_ all: [ImportProblem]) {
        self.all = all
    }

    init(line: Int? = nil, _ message: String) {
        all = [ImportProblem(line: line, message)]
    }
}
