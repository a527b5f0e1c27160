import Domain
import Foundation
import Wire

/// The parameters of every list, and the cursors behind which its places are hidden.
///
/// A cursor names its list, so that one list's is not taken for another's, and its row by a public identifier, which
/// nobody can make up.
enum Paging {
    /// Items of a page. Contract: 1…100, 25 when not given.
    static let limits: ClosedRange<Int64> = 1...100
    static let defaultLimit = 25

    static let limit = QueryParameter.integer("limit", in: limits, "items of a page, 25 when not given")
    static let cursor = QueryDescription(
        name: "cursor", summary: "`next_cursor` of the page before", form: .cursor)
    static let parameters = [limit.description, cursor]

    static let seqLimit = QueryParameter.integer(
        "limit", in: Int64(SeqPage.limits.lowerBound)...Int64(SeqPage.limits.upperBound),
        "items of a page, 50 when not given")
    static let after = QueryParameter.integer("after", in: 0...Int64.max, "ascending, from the seq after this one")
    static let before = QueryParameter.integer("before", in: 0...Int64.max, "descending, from the seq before this one")
    static let seqParameters = [after.description, before.description, seqLimit.description, cursor]
}

extension QueryReader {
    /// Where a list is to start and how much of it is wanted.
    mutating func page<Entity: PubliclyIdentified>(
        of list: String, _: Entity.Type
    ) -> (position: KeysetPosition?, limit: Int) {
        let limit = self[Paging.limit].map(Int.init) ?? Paging.defaultLimit
        guard let text = raw("cursor") else { return (nil, limit) }
        let parts = CursorText.parts(of: text)
        guard parts.count == 3, parts[0] == list, let sortKey = Int64(parts[1]),
            let id = identifiers.identifier(parts[2], of: Entity.self)
        else {
            reject(Paging.cursor)
            return (nil, limit)
        }
        return (KeysetPosition(sortKey: sortKey, id: id.rawValue), limit)
    }

    /// Which part of a numbered history is wanted: ascending from its start when nothing is said.
    mutating func seqPage() -> SeqPage {
        let limit = self[Paging.seqLimit].map(Int.init) ?? SeqPage.defaultLimit
        let after = self[Paging.after]
        let before = self[Paging.before]
        if let text = raw("cursor") {
            let parts = CursorText.parts(of: text)
            guard parts.count == 2, let seq = Int64(parts[1]), seq >= 0, ["after", "before"].contains(parts[0]),
                after == nil, before == nil
            else {
                reject(Paging.cursor)
                return SeqPage(.after(0), limit: limit)
            }
            return SeqPage(parts[0] == "after" ? .after(seq) : .before(seq), limit: limit)
        }
        guard after == nil || before == nil else {
            reject(Paging.before.description)
            return SeqPage(.after(0), limit: limit)
        }
        return SeqPage(before.map { .before($0) } ?? .after(after ?? 0), limit: limit)
    }
}

extension ListView {
    /// A page as clients see it.
    init<Row, Entity: PubliclyIdentified>(
        _ slice: KeysetSlice<Row>, of list: String, _: Entity.Type, _ identifiers: PublicIdentifiers,
        _ view: (Row) -> Item
    ) {
        items = slice.items.map(view)
        nextCursor = slice.next.map { position in
            CursorText.text([
                list, String(position.sortKey), identifiers.text(Identifier<Entity>(position.id)),
            ])
        }
    }
}

extension SeqListView {
    init<Row>(_ slice: SeqSlice<Row>, _ page: SeqPage, seq: (Row) -> Int64, _ views: ([Row]) -> [Item]) {
        items = views(slice.items)
        headSeq = slice.headSeq
        nextCursor = slice.hasMore ? slice.items.last.map { CursorText.text([page.word, String(seq($0))]) } : nil
    }
}

extension SeqPage {
    fileprivate var word: String {
        switch direction {
        case .after: "after"
        case .before: "before"
        }
    }
}

/// Parts of a cursor in base64url.
private enum CursorText {
    static let maximumBytes = 200

    static func text(_ parts: [String]) -> String {
        Data(parts.joined(separator: " ").utf8).base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }

    static func parts(of text: String) -> [String] {
        guard text.utf8.count <= maximumBytes else { return [] }
        let standard = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        let padding = String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: standard + padding) else { return [] }
        return String(decoding: data, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
            .map(String.init)
    }
}
