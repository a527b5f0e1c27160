/// Which part of a conversation's numbered history is asked for.
public struct SeqPage: Sendable, Equatable {
    public enum Direction: Sendable, Equatable {
        /// Ascending, from the seq after this one.
        case after(Int64)
        /// Descending, from the seq before this one; nil starts at the head.
        case before(Int64?)
    }

    /// Contract: 1…200, 50 when not given.
    public static let limits = 1...200
    public static let defaultLimit = 50

    public var direction: Direction
    public var limit: Int

    public init(_ direction: Direction, limit: Int = SeqPage.defaultLimit) {
        self.direction = direction
        self.limit = limit
    }
}

/// A part of a conversation's history, with the head that it was read at.
public struct SeqSlice<Item: Sendable>: Sendable {
    public var items: [Item]
    /// The newest `seq` in the same snapshot.
    public var headSeq: Int64
    /// Whether the history goes on in the direction that was asked for.
    public var hasMore: Bool

    public init(items: [Item], headSeq: Int64, hasMore: Bool) {
        self.items = items
        self.headSeq = headSeq
        self.hasMore = hasMore
    }
}

/// A part of a list in the list's own order, and where it goes on.
public struct KeysetSlice<Item: Sendable>: Sendable {
    public var items: [Item]
    /// Position of the last item, or nil at the end.
    public var next: KeysetPosition?

    public init(items: [Item], next: KeysetPosition?) {
        self.items = items
        self.next = next
    }
}

/// A place in a list: the sort key of its row and, among equals, the row's key.
public struct KeysetPosition: Sendable, Equatable {
    public var sortKey: Int64
    public var id: Int64

    public init(sortKey: Int64, id: Int64) {
        self.sortKey = sortKey
        self.id = id
    }
}
