/// Keys in turn, so that one can take another's place: the first is used from now on, the others only for what was made
/// with them before. Written comma-separated.
struct KeyRing: Sendable, Equatable {
    /// More are nobody's rotation.
    private static let maximumKeys = 8

    let current: Secret
    let former: [Secret]

    /// - Throws: ``WrongValue``, without any key in it.
    init(_ text: String) throws {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmingWhitespace() }
        guard parts.count <= Self.maximumKeys else {
            throw WrongValue(problem: "has \(parts.count) keys, not at most \(Self.maximumKeys)")
        }
        var keys: [Secret] = []
        for (index, part) in parts.enumerated() {
            do {
                keys.append(try Parse.keyMaterial(part))
            } catch let wrong as WrongValue where parts.count > 1 {
                throw WrongValue(problem: "has a key \(index + 1) that \(wrong.problem)")
            }
        }
        guard let first = keys.first else { throw WrongValue(problem: "is empty") }
        guard Set(parts).count == parts.count else { throw WrongValue(problem: "names the same key twice") }
        current = first
        former = Array(keys.dropFirst())
    }
}
