/// Why an installation was not copied, or not to its end.
public enum CopyFailure: Error, Sendable, Equatable {
    /// The source could not do what it was asked.
    case source(StorageFailure)
    /// The target could not.
    case target(StorageFailure)
    /// The two have schemas of different versions.
    case schemas(source: Int, target: Int)
    /// No server has ever used the source.
    case sourceHoldsNothing
    /// The target holds this installation already, from a copy that was completed.
    case alreadyCopied
    /// The target holds something else; `table` names where it was found.
    case targetIsNotEmpty(table: String)
    /// What the target holds was left by an interrupted copy of another installation.
    case targetHoldsAnotherCopy
    /// Processes are using the target.
    case targetIsInUse(nodeIds: [String])
    /// The target does not take a row of the source: a value is too long for it, or no valid text.
    case rejected(table: String, key: String, reason: String)
    /// Read back, a row is not the same in both, or only in one of them.
    case difference(table: String, key: String)
}

extension CopyFailure: CustomStringConvertible {
    /// One line.
    public var description: String {
        switch self {
        case .source(let failure): "the source cannot be used: \(failure)"
        case .target(let failure): "the target cannot be used: \(failure)"
        case .schemas(let source, let target):
            "the source has schema \(source) and the target \(target); both must have the same"
        case .sourceHoldsNothing: "the source holds no installation"
        case .alreadyCopied: "the target holds this installation already: the copy was completed before"
        case .targetIsNotEmpty(let table): "the target is not empty: there are rows in \(table)"
        case .targetHoldsAnotherCopy: "the target holds an unfinished copy of another installation"
        case .targetIsInUse(let nodeIds): "the target is in use by \(nodeIds.joined(separator: ", "))"
        case .rejected(let table, let key, let reason):
            "the target does not take the row of \(table) with \(key): \(reason)"
        case .difference(let table, let key): "\(table) is not the same in both databases, first at \(key)"
        }
    }
}
