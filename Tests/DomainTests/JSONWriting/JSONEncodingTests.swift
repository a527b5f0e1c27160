import Domain
import Foundation
import Testing
import Wire

@Suite("The general encoder of JSON")
struct JSONEncodingTests {
    private func text(_ value: some Encodable) -> String { String(decoding: JSON.encode(value), as: UTF8.self) }

    /// Random values of a type, each written by both encoders.
    private func compare<T: Codable>(_: T.Type, seeds: Range<UInt64> = 0..<60) throws {
        for seed in seeds {
            let value = try RandomDecoder(seed: seed).value(T.self)
            try compare(value, "\(T.self) of seed \(seed)")
        }
    }

    private func compare(_ value: some Encodable, _ name: String = "") throws {
        let theirs = try #require(JSONOracle.bytes(value))
        let ours = JSON.encode(value)
        #expect(JSONOracle.sorted(ours) == JSONOracle.sorted(theirs), "\(name)")
        // Strictly: no key twice.
        #expect((try? JSONValue(parsing: ours, limits: JSONLimits(maximumDepth: 600))) != nil)
    }

    @Test("writes every view as Foundation's does")
    func views() throws {
        try compare(MessageView.self)
        try compare(AttachmentView.self)
        try compare(OwnerView.self)
        try compare(ContactOwnerView.self)
        try compare(ConversationView.self)
        try compare(ContactConversationView.self)
        try compare(SessionView.self)
        try compare(ContactView.self)
        try compare(UserView.self)
        try compare(ArticleView.self)
        try compare(LoginView.self)
        try compare(RoleView.self)
        try compare(TeamView.self)
        try compare(AuditEntryView.self)
        try compare(InboxView.self)
        try compare(InboxSecretView.self)
        try compare(VisitorInboxView.self)
        try compare(InvitationView.self)
        try compare(NewInvitationView.self)
        try compare(APIKeyView.self)
        try compare(NewAPIKeyView.self)
        try compare(PriceView.self)
        try compare(ProblemDocument.self)
        try compare(SettingsView.self)
        try compare([MessageView].self)
        try compare([String: ConversationView?].self)
        try compare(JSONValue.self, seeds: 0..<500)
        try compare([Double].self, seeds: 0..<2000)
        try compare([String].self, seeds: 0..<500)
    }

    private struct Ordered: Encodable {
        struct Inner: Encodable {
            var z = 1, a = 2
        }

        var zName = 1
        var kind = Owner.Kind.agent
        @Nullable var name: String?
        var left: Int?
        var aName = Inner()
    }

    @Test("writes keys in the order of the type")
    func order() {
        #expect(
            text(Ordered()) == #"{"z_name":1,"kind":"agent","name":null,"a_name":{"z":1,"a":2}}"#)
    }

    private struct Scalars: Codable {
        var int = 0, optionalInt: Int?
        var int8: Int8, int16: Int16, int32: Int32, int64: Int64, uint: UInt, uint8: UInt8, uint16: UInt16
        var uint32: UInt32, uint64: UInt64, int128: Int128, uint128: UInt128
        var bool: Bool, optionalBool: Bool?, double: Double, optionalDouble: Double?, text: String,
            optionalText: String?
        var nothing: Nothing, optionals: [Int?], matrix: [[Double]], words: Set<String>
        var byText: [String: [String: Int]], moments: [Timestamp]
    }

    private struct Nothing: Codable {}

    @Test("writes every kind of scalar and collection as Foundation's does")
    func scalars() throws {
        try compare(Scalars.self, seeds: 0..<300)
        for float: Float in [0, -0, 1, 0.1, 1e10, 3.4e38, -1.5] { try compare([float]) }
        try compare(Nothing())
        try compare([Nothing()])
        try compare([1: "a", 2: "b"])
        try compare([Int?.none, 1])
        try compare(String?.none)
        try compare(7)
        try compare("a/b\u{7f}")
    }

    /// Every string of two of these, and longer ones at each distance from the start of a word of eight bytes.
    @Test("escapes as Foundation's does, wherever in a text")
    func escapes() throws {
        try compare((0..<0x100).map { String(UnicodeScalar(UInt8($0))) })
        for padding in 0..<20 {
            for character in ["\"", "\\", "\n", "\u{1f}", " ", "!", "#", "[", "]", "\u{7f}", "é", "你", "\u{10ffff}"] {
                let filler = String(repeating: "x", count: padding)
                try compare([filler + character, filler + character + filler + character + "y"])
            }
        }
    }

    private enum Word: String, Codable, CodingKeyRepresentable {
        case firstWord, secondWord
    }

    private struct Dictionaries: Encodable {
        var keysOfData = ["camelCase": 1, "snake_case": 2, "a\"b": 3]
        var keysOfOurs: [Word: Int] = [.firstWord: 1, .secondWord: 2]
        var optional: [String: JSONValue]? = ["innerKey": ["deepKey": 1]]
    }

    @Test("leaves keys alone that are data, and converts those of a type of ours")
    func keysOfDictionaries() throws {
        try compare(Dictionaries())
        #expect(text(["innerKey": ["deepKey": 1]]) == #"{"innerKey":{"deepKey":1}}"#)
    }

    private struct Named: Encodable {
        var name: String

        private struct Key: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(1, forKey: Key(stringValue: name))
        }
    }

    @Test("converts names of properties as Foundation's does, with digits, acronyms and all")
    func keysOfProperties() throws {
        let pieces = ["a", "b", "z", "A", "B", "Z", "1", "9", "_", "URL", "id", "Id", "x"]
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<3000 {
            let name = (0..<Int.random(in: 0...7, using: &generator)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &generator)]
            }.joined()
            try compare(Named(name: name), name)
        }
        try compare(Named(name: "a\"b\\c\nd"))
        #expect(text(Named(name: "clientMessageId")) == #"{"client_message_id":1}"#)
    }

    private class Base: Encodable {
        var id = 1
    }

    private final class Derived: Base {
        var name = "x"

        private enum CodingKeys: CodingKey {
            case name, list, more
        }

        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            var list = container.nestedUnkeyedContainer(forKey: .list)
            try list.encode(1)
            try list.encodeNil()
            var inner = list.nestedContainer(keyedBy: CodingKeys.self)
            try inner.encode("y", forKey: .name)
            #expect(list.count == 3)
            try super.encode(to: container.superEncoder())
            var more = container.nestedContainer(keyedBy: CodingKeys.self, forKey: .more)
            try more.encode(true, forKey: .more)
            var again = encoder.container(keyedBy: CodingKeys.self)
            try again.encode(name, forKey: .name)
        }
    }

    @Test("writes nested containers and what a class inherits")
    func nesting() throws {
        try compare(Derived())
        #expect(text(Derived()) == #"{"list":[1,null,{"name":"y"}],"super":{"id":1},"more":{"more":true},"name":"x"}"#)
    }

    private struct Flattened: Encodable {
        var inner = Ordered.Inner()

        private enum CodingKeys: CodingKey {
            case more
        }

        func encode(to encoder: any Encoder) throws {
            try inner.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(1, forKey: .more)
        }
    }

    @Test("writes two types into one object")
    func flattening() throws {
        try compare(Flattened())
    }

    /// Goes back to a container that its parent has left behind.
    private struct Backwards: Encodable {
        private enum CodingKeys: CodingKey {
            case one, two
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            var nested = container.nestedContainer(keyedBy: CodingKeys.self, forKey: .one)
            try container.encode(1, forKey: .two)
            try nested.encode(1, forKey: .one)
        }
    }

    private struct Twice: Encodable {
        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(1)
            try container.encode(2)
        }
    }

    private struct Deep: Encodable {
        var levels: Int

        func encode(to encoder: any Encoder) throws {
            var container = encoder.unkeyedContainer()
            if levels > 1 { try container.encode(Deep(levels: levels - 1)) }
        }
    }

    @Test("writes null for what cannot be written, and never half of it")
    func refusals() throws {
        #expect(text([1, Double.nan]) == "null")
        #expect(text(["a": -Double.infinity]) == "null")
        #expect(text([Float.infinity]) == "null")
        #expect(text(Backwards()) == "null")
        #expect(text([Twice()]) == "null")
        try compare(Deep(levels: 511))
        #expect(JSONOracle.bytes(Deep(levels: 512)) == nil)
        #expect(text(Deep(levels: 512)) == "null")
    }
}
