import Foundation

/// What somebody looks for: beginnings of words, of which a row must have all.
struct SearchQuery: Equatable {
    /// Beginnings of which one will do.
    struct Term: Hashable {
        var beginnings: [String]

        init(_ beginnings: String...) {
            self.beginnings = beginnings
        }

        func matches(_ words: Set<String>) -> Bool {
            words.contains { word in beginnings.contains { word.utf8.starts(with: $0.utf8) } }
        }
    }

    /// Terms beyond these are not looked at: so many words say enough.
    static let maximumTerms = 16
    /// Fewer digits are no part of a telephone number that anybody looks for.
    static let minimumPhoneDigits = 3

    /// Readings of the query, each with the terms that must all match.
    let readings: [[Term]]
    /// The conversation number that the query may be.
    let number: Int64?

    init(_ text: String) {
        var terms: [Term] = []
        let digits = SearchText.digits(of: text)
        for chunk in SearchText.chunks(of: text) {
            if chunk.contains("@") {
                terms.append(Term(SearchText.cut(chunk)))
                continue
            }
            for run in SearchText.runs(of: chunk) {
                switch run {
                case .word(let word): terms.append(Term(SearchText.cut(word)))
                case .unspaced(let characters) where characters.count == 1: terms.append(Term(String(characters[0])))
                case .unspaced(let characters):
                    for (first, second) in zip(characters, characters.dropFirst()) {
                        terms.append(Term("\(first)\(second)"))
                    }
                }
            }
        }
        var readings = [Self.unique(terms)]
        // A number of a telephone, however it is written: by its beginning, or by its end without a country's or trunk's code.
        let mayBePhone = SearchText.folded(text).unicodeScalars.allSatisfy {
            ("0"..."9").contains($0) || " +-()./".unicodeScalars.contains($0)
        }
        if mayBePhone, digits.count >= Self.minimumPhoneDigits {
            let ending = String(digits.drop { $0 == "0" })
            let beginnings =
                [SearchText.cut(digits)] + (ending.isEmpty ? [] : [SearchText.cut(SearchText.reversed(ending))])
            var term = Term()
            term.beginnings = beginnings
            readings.append([term])
        }
        self.readings = readings.filter { !$0.isEmpty }
        let spoken = text.trimmingCharacters(in: .whitespaces)
        number = Int64(spoken.hasPrefix("#") ? String(spoken.dropFirst()) : spoken)
    }

    func matches(_ words: Set<String>) -> Bool {
        readings.contains { $0.allSatisfy { $0.matches(words) } }
    }

    private static func unique(_ terms: [Term]) -> [Term] {
        var seen: Set<Term> = []
        return Array(terms.filter { seen.insert($0).inserted }.prefix(maximumTerms))
    }
}
