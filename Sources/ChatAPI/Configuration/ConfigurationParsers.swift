/// How the text of a value becomes a typed one. Each says in its error what is wrong, in words that follow the key's
/// name; values are quoted, so these are not for secrets.
enum Parse {
    /// A whole number within `range`.
    static func integer(in range: ClosedRange<Int>) -> (String) throws -> Int {
        { text in
            guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                let number = Int(text), range.contains(number)
            else {
                throw wrong(text, "is not a whole number from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }

    /// Seconds within `range`.
    static func seconds(in range: ClosedRange<Int>) -> (String) throws -> Duration {
        { text in .seconds(try integer(in: range)(text)) }
    }

    /// One of the raw values of an enumeration.
    static func choice<Choice: RawRepresentable & CaseIterable>(
        of type: Choice.Type
    ) -> (String) throws -> Choice where Choice.RawValue == String {
        { text in
            guard let choice = Choice(rawValue: text.lowercased()) else {
                let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
                throw wrong(text, "is not one of \(names)")
            }
            return choice
        }
    }

    /// Comma-separated values, each read by `parse`; neither empty entries nor the same one twice.
    static func list<Element: Hashable>(_ parse: @escaping (String) throws -> Element) -> (String) throws -> [Element] {
        { text in
            var elements: [Element] = []
            for part in text.split(separator: ",", omittingEmptySubsequences: false) {
                let part = part.trimmingWhitespace()
                guard !part.isEmpty else { throw wrong(text, "has an empty entry between commas") }
                let element = try parse(part)
                guard !elements.contains(element) else { throw wrong(part, "is listed twice") }
                elements.append(element)
            }
            return elements
        }
    }

    /// An IP address or a host name to listen on.
    static func listenAddress(_ text: String) throws -> String {
        if IPAddress(text) != nil || HostName.isValid(text) { return text }
        throw wrong(text, "is neither an IP address nor a host name")
    }

    /// A name that is safe in headers, logs and file names.
    static func nodeName(_ text: String) throws -> String {
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy(NodeName.isAllowed) else {
            throw wrong(text, "is not 1 to 64 letters, digits, dots, dashes or underscores")
        }
        return text
    }

    /// An e-mail address, as far as can be told without sending one.
    static func email(_ text: String) throws -> String {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...64).contains(parts[0].utf8.count), text.utf8.count <= 254,
            !text.contains(where: { $0.isWhitespace || $0.isNewline || "<>,;\"".contains($0) }),
            text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F }),
            HostName.isValid(String(parts[1]))
        else { throw wrong(text, "is not an e-mail address") }
        return text
    }

    /// The name of a model: visible ASCII.
    static func modelName(_ text: String) throws -> String {
        guard text.utf8.count <= 200, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw wrong(text, "is not a model's name: at most 200 visible ASCII characters")
        }
        return text
    }

    /// A path in the file system.
    static func path(_ text: String) throws -> String {
        guard !text.utf8.contains(0), text.utf8.count <= 4096 else {
            throw wrong(text, "is not a path: at most 4096 bytes, no NUL")
        }
        return text
    }

    /// A secret that is sent as a header: visible ASCII, or a line end could slip into the request.
    static func headerSecret(minimum: Int) -> (String) throws -> Secret {
        { text in
            guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw WrongValue(problem: "holds spaces, control or non-ASCII characters, which no key has")
            }
            guard (minimum...4096).contains(text.utf8.count) else {
                throw WrongValue(problem: "is \(text.utf8.count) characters long, not \(minimum) to 4096")
            }
            return Secret(text)
        }
    }

    /// A secret that keys are made from, at least 32 bytes: an HMAC-SHA-256 key shorter than its hash is weaker than
    /// the hash (RFC 7518 §3.2 forbids it).
    static func keyMaterial(_ text: String) throws -> Secret {
        guard (Secret.minimumKeyBytes...4096).contains(text.utf8.count) else {
            throw WrongValue(
                problem: "is \(text.utf8.count) bytes long, not \(Secret.minimumKeyBytes) to 4096")
        }
        return Secret(text)
    }

    /// A password for a person.
    static func password(_ text: String) throws -> Secret {
        guard (8...200).contains(text.unicodeScalars.count), !text.utf8.contains(0) else {
            throw WrongValue(problem: "is \(text.unicodeScalars.count) characters long, not 8 to 200")
        }
        return Secret(text)
    }

    /// The problem with a value that may be shown.
    static func wrong(_ text: String, _ problem: String) -> WrongValue {
        WrongValue(problem: "\"\(PlainLine.text(text, limit: 80))\" \(problem)")
    }
}

/// Host names as DNS has them (RFC 1123 §2.1).
enum HostName {
    static func isValid(_ text: String) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        // Four numbers that are no IP address are a mistyped one, not a name.
        guard !labels.allSatisfy({ $0.allSatisfy(\.isNumber) }) else { return false }
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { NodeName.isAllowed($0) && $0 != UInt8(ascii: ".") }
        }
    }
}
