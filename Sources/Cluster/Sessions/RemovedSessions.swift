import Domain

/// Sessions that this node knows to be over, for as long as another might still put them.
struct RemovedSessions: Sendable {
    /// Removals that are kept; when there are more, the oldest are left to Redis alone.
    static let maximumKept = 20_000

    private var ends: [Identifier<ChatSession>: Timestamp] = [:]

    mutating func insert(_ id: Identifier<ChatSession>, now: Timestamp) {
        if ends.count >= Self.maximumKept {
            ends = ends.filter { $0.value > now }
            if ends.count >= Self.maximumKept {
                let kept = ends.sorted { $0.value > $1.value }.prefix(Self.maximumKept / 2)
                ends = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
            }
        }
        ends[id] = now.adding(milliseconds: SessionMemory.removal)
    }

    func contains(_ id: Identifier<ChatSession>, now: Timestamp) -> Bool {
        ends[id].map { $0 > now } ?? false
    }
}
