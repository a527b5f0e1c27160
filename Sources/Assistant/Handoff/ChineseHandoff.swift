/// Reads a clause with ``ChineseHandoffPhrases``.
enum ChineseHandoff {
    private typealias Table = ChineseHandoffPhrases

    static func wish(of clause: [Character]) -> HandoffWish {
        guard clause.contains(where: { $0 != foreign }) else { return .none }
        if isOnly(retractions, clause, fillers: fillers) { return .refused }
        if isBare(clause) { return .wanted }
        if Table.about.contains(where: { contains(clause, $0) }) { return .none }
        return scan(clause)
    }

    private static let foreign = Character(HandoffClause.foreign)
    private static let verbs = PhraseList(Table.verbs)
    private static let links = PhraseList(Table.links)
    private static let humans = PhraseList(Table.humans)
    private static let companions = PhraseList(Table.companions)
    private static let talking = PhraseList(Table.talking)
    private static let talkingLinks = PhraseList(Table.talkingLinks)
    private static let talkingPast = PhraseList(Table.talkingPast)
    private static let requests = PhraseList(Table.requests)
    private static let bare = PhraseList(Table.bare)
    private static let fillers = PhraseList(Table.fillers)
    private static let followers = PhraseList(Table.followers)
    private static let negations = PhraseList(Table.negations)
    private static let negationLinks = PhraseList(Table.negationLinks)
    private static let neutral = PhraseList(Table.neutral)
    private static let retractions = PhraseList(Table.retractions)
    private static let thirdParties = PhraseList(Table.thirdParties)

    /// Goes through the clause; at each place the longest phrase counts.
    private static func scan(_ clause: [Character]) -> HandoffWish {
        var negated = false
        // Where the reach of the last negation ends unless a linking word carries it on.
        var reach = 0
        var thirdParty = false
        var wish = HandoffWish.none
        var index = 0
        while index < clause.count {
            let negation = negations.longest(clause, at: index) ?? 0
            let plain = neutral.longest(clause, at: index) ?? 0
            let request = request(clause, at: index)
            if let request, request.length >= negation, request.length >= plain {
                if negated && reach < index { negated = false }
                if !thirdParty { wish = negated != request.refused ? .refused : .wanted }
                index += request.length
                negated = false
            } else if plain >= negation, plain > 0 {
                negated = false
                index += plain
            } else if negation > 0 {
                negated = negated && reach >= index ? false : true
                index += negation
                reach = index
            } else {
                if let length = thirdParties.longest(clause, at: index) {
                    thirdParty = true
                    index += length
                    continue
                }
                if clause[index] == "我" { thirdParty = false }
                let link = negationLinks.longest(clause, at: index)
                if let link, reach == index { reach += link }
                index += link.map { reach == index + $0 ? $0 : 1 } ?? 1
            }
        }
        return wish
    }

    /// A request that starts at `start`: its length, and whether what follows takes it back.
    private static func request(_ clause: [Character], at start: Int) -> (length: Int, refused: Bool)? {
        if let length = requests.longest(clause, at: start) { return (length, false) }
        for verb in verbs.all(clause, at: start) {
            for end in ends(clause, from: start + verb, through: links) {
                for human in humans.all(clause, at: end) {
                    if let refused = tail(clause, at: end + human) { return (end + human - start, refused) }
                }
            }
        }
        for companion in companions.all(clause, at: start) {
            for human in humans.all(clause, at: start + companion) {
                for end in ends(clause, from: start + companion + human, through: talkingLinks) {
                    guard let length = talking.longest(clause, at: end) else { continue }
                    if talkingPast.longest(clause, at: end + length) == nil { return (end + length - start, false) }
                }
            }
        }
        return nil
    }

    /// `from` itself, and the ends of one or two linking words after it.
    private static func ends(_ clause: [Character], from: Int, through list: PhraseList) -> [Int] {
        var ends = [from]
        for first in list.all(clause, at: from) {
            ends.append(from + first)
            ends += list.all(clause, at: from + first).map { from + first + $0 }
        }
        return ends
    }

    /// Reads what follows the name of a human: nil when it makes it something else, else whether it is a refusal.
    private static func tail(_ clause: [Character], at index: Int) -> Bool? {
        if index >= clause.count { return false }
        let rest = clause[index...]
        let text = String(rest).filter { $0 != foreign }
        if Table.refusals.contains(text) { return true }
        if text.isEmpty || text == "不" || rest.first == foreign { return false }
        if Table.refusals.contains(String(strippedOfFillers(Array(rest)))) { return true }
        return followers.longest(clause, at: index) == nil ? nil : false
    }

    /// Nothing but names of a human and fillers.
    private static func isBare(_ clause: [Character]) -> Bool {
        let middle = strippedOfFillers(clause)
        if middle.isEmpty { return false }
        if Table.bareAlone.contains(String(middle)) { return middle.count == clause.count }
        var index = 0
        while index < middle.count {
            guard let length = bare.longest(middle, at: index) else { return false }
            index += length
        }
        return true
    }

    private static func isOnly(_ list: PhraseList, _ clause: [Character], fillers: PhraseList) -> Bool {
        list.longest(clause, at: 0) == clause.count || list.longest(strippedOfFillers(clause), at: 0) == clause.count
            || { middle in !middle.isEmpty && list.longest(middle, at: 0) == middle.count }(strippedOfFillers(clause))
    }

    private static func strippedOfFillers(_ clause: [Character]) -> [Character] {
        var start = 0
        while let length = fillers.longest(clause, at: start) { start += length }
        var middle = Array(clause[start...])
        while let length = fillers.longestSuffix(of: middle) { middle.removeLast(length) }
        return middle
    }

    private static func contains(_ clause: [Character], _ phrase: String) -> Bool {
        String(clause).contains(phrase)
    }
}

/// Phrases that are looked up at a place of a text.
struct PhraseList: Sendable {
    private let phrases: Set<[Character]>
    private let most: Int

    init(_ phrases: [String]) {
        self.phrases = Set(phrases.map(Array.init))
        most = phrases.map(\.count).max() ?? 0
    }

    /// Lengths of every phrase at `index`, longest first.
    func all(_ text: [Character], at index: Int) -> [Int] {
        guard index < text.count, most > 0 else { return [] }
        return (1...min(most, text.count - index)).reversed().filter {
            phrases.contains(Array(text[index..<index + $0]))
        }
    }

    func longest(_ text: [Character], at index: Int) -> Int? { all(text, at: index).first }

    func longestSuffix(of text: [Character]) -> Int? {
        guard !text.isEmpty, most > 0 else { return nil }
        return (1...min(most, text.count)).reversed().first { phrases.contains(Array(text.suffix($0))) }
    }
}
