/// Words that customers use for the same thing, ready to be looked up.
///
/// A group is expanded when a question is read, never in the index, so that a change of a table needs no new index: a
/// workspace's own can be made once and handed to every search.
public struct SynonymTable: Sendable {
    /// One word or phrase of a group: what must be in a text for it to be there.
    struct Member: Sendable, Equatable {
        /// Comparable: Chinese as written, words by their stems joined with a space.
        var key: String
        var terms: [Term]
    }

    /// What stands for a member.
    struct Entry: Sendable {
        var others: [Member]
        /// Whether it is asked of anything, so that the rest of the question matters more.
        var isLight: Bool
    }

    private var entries: [String: Entry] = [:]
    /// Members in a script without spaces, by ``Term/word(_:)`` of their characters.
    private var unspaced: Set<Term> = []
    /// Characters of the longest of them.
    private(set) var longestUnspaced = 1
    /// Words of the longest member in words.
    private(set) var longestWords = 1

    /// Of a workspace's own; more are left out. A question reads each group that it names, so a search stays short.
    public static let maximumGroups = 500
    public static let maximumMembers = 20
    /// Characters of a member; longer ones are left out.
    public static let maximumLength = 60

    /// - Parameter groups: each of words or short phrases that mean the same, in any language. A member in two scripts
    ///   (VIP卡) is found in articles but not in questions.
    public init(_ groups: [[String]]) {
        let bounded = groups.prefix(Self.maximumGroups).map { group in
            Array(group.filter { $0.unicodeScalars.count <= Self.maximumLength }.prefix(Self.maximumMembers))
        }
        self.init(bounded, lightGroups: 0)
    }

    /// - Parameter lightGroups: how many of the first groups are asked of anything.
    init(_ groups: [[String]], lightGroups: Int) {
        for (number, group) in groups.enumerated() {
            let members = group.map(Self.member).filter { !$0.terms.isEmpty }
            for member in members {
                var entry = entries[member.key] ?? Entry(others: [], isLight: true)
                for other in members where other.key != member.key && !entry.others.contains(other) {
                    entry.others.append(other)
                }
                entry.isLight = entry.isLight && number < lightGroups
                entries[member.key] = entry
                let scalars = member.key.unicodeScalars.map(\.value)
                if scalars.allSatisfy(Characters.isUnspaced) {
                    unspaced.insert(.word(scalars))
                    longestUnspaced = max(longestUnspaced, scalars.count)
                } else {
                    longestWords = max(longestWords, member.key.split(separator: " ").count)
                }
            }
        }
    }

    /// What stands for the member with `key`, nil when there is no such member.
    subscript(key: String) -> Entry? { entries[key] }

    /// Whether `run` is a member.
    func contains(_ run: ArraySlice<UInt32>) -> Bool { unspaced.contains(.word(run)) }

    private static func member(_ text: String) -> Member {
        let scalars = ComparableText(text).scalars
        var terms: [Term] = []
        var keys: [String] = []
        for run in TextRuns.all(in: scalars) {
            let slice = scalars[run.range]
            switch run.kind {
            case .unspaced:
                terms += unspacedTerms(slice)
                keys.append(String(String.UnicodeScalarView(slice.compactMap(Unicode.Scalar.init))))
            case .word, .number:
                let stem = EnglishWords.stem(slice)
                keys.append(String(String.UnicodeScalarView(stem.compactMap(Unicode.Scalar.init))))
                if !EnglishWords.isFunctionWord(slice) { terms.append(.word(stem)) }
            }
        }
        return Member(key: keys.joined(separator: " "), terms: terms)
    }

    /// The pairs of `slice`, or its only character.
    static func unspacedTerms(_ slice: ArraySlice<UInt32>) -> [Term] {
        guard slice.count > 1 else { return slice.map { .character($0) } }
        return zip(slice, slice.dropFirst()).map { .pair($0, $1) }
    }
}
