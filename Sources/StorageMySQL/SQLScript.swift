/// A file of SQL, statement by statement: the server takes one at a time.
enum SQLScript {
    /// The statements of `text` without their semicolons and without comments (`-- ` to the end of the line). Quoted texts and
    /// names are left as they are; a quote in them is doubled.
    static func statements(of text: String) -> [String] {
        var statements: [String] = []
        var statement = ""
        var quote: Character?
        var isComment = false
        var rest = text[...]
        while let character = rest.popFirst() {
            if isComment {
                isComment = !character.isNewline
                if !isComment { statement.append(character) }
            } else if let open = quote {
                statement.append(character)
                // A doubled quote closes and opens again, which comes to the same.
                if character == open { quote = nil }
            } else if character == "-", rest.hasPrefix("-") {
                isComment = true
            } else if character == ";" {
                statements.append(statement)
                statement = ""
            } else {
                if "'\"`".contains(character) { quote = character }
                statement.append(character)
            }
        }
        statements.append(statement)
        return statements.map { String($0.drop(while: \.isWhitespace)) }.map(trimmedAtEnd).filter { !$0.isEmpty }
    }

    private static func trimmedAtEnd(_ text: String) -> String {
        var text = text
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
