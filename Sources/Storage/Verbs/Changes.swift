import Domain

/// The fields of a row that a change touches, as they were and as they are, for the audit log.
struct Changes {
    private(set) var before: JSONValue = .object([:])
    private(set) var after: JSONValue = .object([:])

    /// Takes note of a field unless it stays what it was.
    mutating func note(_ field: String, _ old: JSONValue, _ new: JSONValue) {
        guard old != new else { return }
        before = .object((before.objectValue ?? [:]).merging([field: old]) { $1 })
        after = .object((after.objectValue ?? [:]).merging([field: new]) { $1 })
    }

    var isEmpty: Bool { before.objectValue?.isEmpty ?? true }
}

extension JSONValue {
    /// A text, or null.
    init(_ text: String?) { self = text.map(JSONValue.string) ?? .null }
}
