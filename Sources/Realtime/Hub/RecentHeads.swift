import Domain

/// The newest events that lists were told of, so that what is found once more in the feed is not read once more by each.
/// Bounded: of two generations the older is dropped when the younger is full. What is forgotten is at worst told twice.
struct RecentHeads: Sendable {
    /// Conversations of a generation: more than change between two looks into the feed.
    static let generationSize = 4_096

    private var young: [Identifier<Conversation>: Int64] = [:]
    private var old: [Identifier<Conversation>: Int64] = [:]

    /// Takes note of an event.
    /// - Returns: whether it is newer than what lists were told of its conversation.
    mutating func isNews(_ seq: Int64, in conversation: Identifier<Conversation>) -> Bool {
        if let known = young[conversation] ?? old[conversation], seq <= known { return false }
        if young[conversation] == nil, young.count >= Self.generationSize {
            old = young
            young = [:]
        }
        young[conversation] = seq
        return true
    }
}
