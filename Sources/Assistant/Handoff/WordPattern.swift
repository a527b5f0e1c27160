/// A row of ``EnglishHandoffPhrases``, ready to be matched against words.
struct WordPattern: Sendable {
    private struct Element: Sendable {
        /// Each choice is a sequence of words.
        var choices: [[String]]
        var isOptional: Bool
        /// Any number of these may stand before the choice.
        var modifiers: Set<String>
    }

    private let elements: [Element]
    /// Words that a match can begin with: nearly every place of a text is ruled out by one look-up.
    private let beginnings: Set<String>

    init(_ row: String, sets: [String: [String]]) {
        let elements = row.split(separator: " ").map { part in
            let isOptional = part.hasSuffix("?")
            let name = String(isOptional ? part.dropLast() : part)
            if name.hasPrefix("{") {
                let set = String(name.dropFirst().dropLast())
                let takesModifiers = set == "human" || set == "anybody"
                let choices = (sets[set] ?? []).map { $0.split(separator: " ").map(String.init) }
                return Element(
                    choices: choices.sorted { $0.count > $1.count }, isOptional: isOptional,
                    modifiers: takesModifiers ? Set(sets["modifier"] ?? []) : [])
            }
            return Element(
                choices: name.split(separator: "/").map { [String($0)] }, isOptional: isOptional, modifiers: [])
        }
        self.elements = elements
        beginnings = elements.first.map { $0.modifiers.union($0.choices.compactMap(\.first)) } ?? []
    }

    /// Ends of every way in which the pattern matches `words` from `start`, longest first.
    func ends(_ words: [String], from start: Int) -> [Int] {
        guard start < words.count, beginnings.contains(words[start]) else { return [] }
        var ends: Set<Int> = [start]
        for element in elements {
            var next: Set<Int> = []
            for end in ends {
                if element.isOptional { next.insert(end) }
                var place = end
                repeat {
                    for choice in element.choices where words[place...].starts(with: choice) {
                        next.insert(place + choice.count)
                    }
                    place += 1
                } while place < words.count && element.modifiers.contains(words[place - 1])
            }
            ends = next
            if ends.isEmpty { return [] }
        }
        return ends.filter { $0 > start }.sorted(by: >)
    }
}
