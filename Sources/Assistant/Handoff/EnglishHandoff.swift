/// Reads a clause with ``EnglishHandoffPhrases``.
enum EnglishHandoff {
    private typealias Table = EnglishHandoffPhrases

    static func wish(of words: [String]) -> HandoffWish {
        guard words.contains(where: { $0 != HandoffClause.foreign }) else { return .none }
        let core = strippedOfFillers(words)
        if retractions.contains(core) || retractions.contains(words) { return .refused }
        if bare.contains(core) || (Set(core).count == 1 && core.first.map { bare.contains([$0]) } ?? false) {
            return .wanted
        }
        if about.contains(where: { contains(words, $0) }) { return .none }
        return scan(words)
    }

    private static func sequences(_ phrases: [String]) -> [[String]] {
        phrases.map { $0.split(separator: " ").map(String.init) }
    }

    private static let requests = Table.requests.map { row in
        (pattern: WordPattern(row, sets: Table.sets), ends: Table.requestsThatEnd.contains(row))
    }
    private static let bare = Set(sequences(Table.sets["bare"] ?? []))
    private static let retractions = Set(sequences(Table.retractions))
    private static let refusals = Set(sequences(Table.refusals))
    private static let about = sequences(Table.about)
    private static let negations = sequences(Table.negations)
    private static let neutral = sequences(Table.neutral)
    private static let fillers = Set(Table.sets["filler"] ?? [])
    private static let followers = Set(Table.sets["follower"] ?? [])

    private static func scan(_ words: [String]) -> HandoffWish {
        var wish = HandoffWish.none
        var negated = false
        var negatedAt = 0
        var thirdParty = false
        var index = 0
        while index < words.count {
            let negation = longest(negations, words, at: index) ?? 0
            let plain = longest(neutral, words, at: index) ?? 0
            let request = request(words, at: index)
            if let request, request.length >= negation, request.length >= plain {
                if negated, index - negatedAt > Table.scope { negated = false }
                if !thirdParty { wish = negated != request.refused ? .refused : .wanted }
                negated = false
                index += request.length
            } else if plain >= negation, plain > 0 {
                negated = false
                index += plain
            } else if negation > 0 {
                negated.toggle()
                index += negation
                negatedAt = index
            } else {
                if Table.scopeEnds.contains(words[index]) { negated = false }
                if Table.thirdParties.contains(words[index]) { thirdParty = true }
                if ["i", "we", "me"].contains(words[index]) { thirdParty = false }
                index += 1
            }
        }
        return wish
    }

    private static func request(_ words: [String], at start: Int) -> (length: Int, refused: Bool)? {
        var best: (length: Int, refused: Bool)?
        for request in requests {
            for end in request.pattern.ends(words, from: start) {
                guard let refused = tail(words, at: end, mustEnd: request.ends) else { continue }
                if end - start > best?.length ?? 0 { best = (end - start, refused) }
                break
            }
        }
        return best
    }

    /// Reads what follows: nil when it makes the human something else, else whether it is a refusal.
    private static func tail(_ words: [String], at index: Int, mustEnd: Bool) -> Bool? {
        let rest = Array(words[index...])
        if refusals.contains(rest) { return true }
        if mustEnd { return strippedOfFillers(rest).isEmpty ? false : nil }
        guard let next = rest.first else { return false }
        return next == HandoffClause.foreign || followers.contains(next) ? false : nil
    }

    private static func strippedOfFillers(_ words: [String]) -> [String] {
        var words = words[...]
        while let first = words.first, fillers.contains(first), words.count > 1 || !bare.contains([first]) {
            words.removeFirst()
        }
        while let last = words.last, fillers.contains(last) { words.removeLast() }
        return Array(words)
    }

    private static func longest(_ phrases: [[String]], _ words: [String], at index: Int) -> Int? {
        phrases.filter { words[index...].starts(with: $0) }.map(\.count).max()
    }

    private static func contains(_ words: [String], _ phrase: [String]) -> Bool {
        words.indices.contains { words[$0...].starts(with: phrase) }
    }
}
