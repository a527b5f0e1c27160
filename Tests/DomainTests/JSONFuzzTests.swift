import Domain
import Foundation
import Testing

@Suite("JSON from hostile and random sources")
struct JSONFuzzTests {
    private static let corpus: [String] = [
        #"{"content":"Hello 你好 😀","client_message_id":"c1","metadata":{"a":[1,2.5,-3e10,true,false,null]}}"#,
        #"[{"x":"\u00e9\ud83d\ude00\n\\"},[[[[]]]],{"":{}},0,-0.0,1E+5,123456789012345678901234567890]"#,
        #"{"type":"hello","data":{"token":"…","resume":{"epoch":"e","seq":41},"capabilities":["batch"]}}"#,
    ]

    /// Whether Foundation reads the bytes, and as what.
    private static func foundation(_ bytes: [UInt8]) -> Any? {
        try? JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed])
    }

    /// Whether a value of ours and one of Foundation's are the same.
    private static func same(_ ours: JSONValue, _ theirs: Any) -> Bool {
        switch ours {
        case .null: theirs is NSNull
        case .bool(let value): (theirs as? Bool) == value
        case .int(let value): (theirs as? NSNumber)?.int64Value == value
        // Foundation goes through decimal numbers for long ones and is some units off in the last place.
        case .double(let value):
            (theirs as? NSNumber).map { abs($0.doubleValue - value) <= abs(value) * 1e-13 } ?? false
        // Scalar by scalar, because equality of strings would overlook a changed normal form.
        case .string(let value):
            (theirs as? String).map { $0.unicodeScalars.elementsEqual(value.unicodeScalars) } ?? false
        case .array(let value):
            (theirs as? [Any]).map { $0.count == value.count && zip(value, $0).allSatisfy(same) } ?? false
        case .object(let value):
            (theirs as? [String: Any]).map { dictionary in
                dictionary.count == value.count
                    && value.allSatisfy { key, value in dictionary[key].map { same(value, $0) } ?? false }
            } ?? false
        }
    }

    private static func randomText(_ generator: inout SeededGenerator) -> String {
        let pieces = [
            "a", "Z", "_", "\"", "\\", "/", "\n", "\t", "\u{1}", "\u{0}", "é", "你", "😀", "\u{2028}", "\u{7f}", " ",
        ]
        return (0..<Int.random(in: 0...8, using: &generator)).map { _ in
            pieces[Int.random(in: 0..<pieces.count, using: &generator)]
        }.joined()
    }

    private static func randomValue(_ generator: inout SeededGenerator, depth: Int) -> JSONValue {
        switch Int.random(in: 0...(depth == 0 ? 5 : 8), using: &generator) {
        case 0: .null
        case 1: .bool(.random(using: &generator))
        case 2: .int(.random(in: .min ... .max, using: &generator))
        case 3: .double(.random(in: -1e6...1e6, using: &generator))
        case 4: .double(randomDouble(&generator))
        case 5: .string(randomText(&generator))
        case 6:
            .array(
                (0..<Int.random(in: 0...5, using: &generator)).map { _ in randomValue(&generator, depth: depth - 1) })
        default:
            .object(
                Dictionary(
                    (0..<Int.random(in: 0...5, using: &generator)).map { _ in
                        (randomText(&generator), randomValue(&generator, depth: depth - 1))
                    }, uniquingKeysWith: { first, _ in first }))
        }
    }

    private static func randomDouble(_ generator: inout SeededGenerator) -> Double {
        let double = Double(bitPattern: generator.next())
        return double.isFinite ? double : 0.1
    }

    @Test("what was written reads back the same, here and in Foundation")
    func roundTrip() throws {
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<3000 {
            let value = Self.randomValue(&generator, depth: 5)
            let bytes = value.serializedBytes()
            #expect(try JSONValue(parsing: bytes) == value)
            #expect(try JSONValue(parsing: bytes).serializedBytes() == bytes)
            let theirs = try #require(Self.foundation(bytes))
            #expect(Self.same(value, theirs), "\(String(decoding: bytes, as: UTF8.self))")
        }
    }

    @Test("what Foundation writes is read the same")
    func foundationDocuments() throws {
        var generator = SeededGenerator(seed: 2)
        for options: JSONEncoder.OutputFormatting in [[], [.prettyPrinted, .sortedKeys], [.withoutEscapingSlashes]] {
            let encoder = JSONEncoder()
            encoder.outputFormatting = options
            for _ in 0..<500 {
                let value = Self.randomValue(&generator, depth: 4)
                let bytes = [UInt8](try encoder.encode([value]))
                let read = try JSONValue(parsing: bytes)
                let theirs = try #require(Self.foundation(bytes))
                #expect(Self.same(read, theirs))
            }
        }
    }

    @Test("mutated documents never crash, and what is accepted Foundation accepts as the same")
    func mutations() {
        var generator = SeededGenerator(seed: 3)
        let alphabet =
            Array("{}[]\":,\\u0123456789abcdefE+-.tfn \n".utf8) + [
                0x00, 0x1F, 0x7F, 0x80, 0xC0, 0xE4, 0xED, 0xF4, 0xFF,
            ]
        var accepted = 0
        for round in 0..<30_000 {
            var bytes = Array(Self.corpus[round % Self.corpus.count].utf8)
            for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0...3, using: &generator) {
                case 0: bytes[index] = alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(alphabet[Int.random(in: 0..<alphabet.count, using: &generator)], at: index)
                default: bytes.removeSubrange(index...)
                }
            }
            do {
                let value = try JSONValue(parsing: bytes)
                accepted += 1
                guard let theirs = Self.foundation(bytes) else {
                    Issue.record("only we accept \(String(decoding: bytes, as: UTF8.self))")
                    continue
                }
                #expect(Self.same(value, theirs), "\(String(decoding: bytes, as: UTF8.self))")
            } catch {
                #expect((0...bytes.count).contains(error.offset))
            }
        }
        #expect(accepted > 1000)
    }

    private struct Hostile: Decodable {
        enum Kind: String, Decodable, CaseIterable { case hello, bye }
        struct Data: Decodable {
            var token: String?
            var seq: Int?
            var list: [Int8]?
            var more: [String: JSONValue]?
        }
        var type: Kind?
        var data: Data?
        var subject: Patch<String>
        var number: UInt8?
        var at: Timestamp?
    }

    @Test("random bytes and random values never crash the parser or the decoder")
    func noise() {
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            _ = try? StrictJSONDecoder().decode(Hostile.self, parsing: bytes)
        }
        let names = ["type", "data", "subject", "number", "at", "token", "seq", "list", "more"]
        for _ in 0..<5000 {
            func members() -> [String: JSONValue] {
                Dictionary(
                    (0..<3).map { _ in
                        (
                            names[Int.random(in: 0..<names.count, using: &generator)],
                            Self.randomValue(&generator, depth: 2)
                        )
                    }, uniquingKeysWith: { first, _ in first })
            }
            var object = members()
            if Bool.random(using: &generator) { object["data"] = .object(members()) }
            _ = try? StrictJSONDecoder().decode(Hostile.self, from: .object(object))
        }
    }
}
