import Domain
import Foundation
import Testing

@Suite("JSON values")
struct JSONValueTests {
    @Test(
        "are read from well-formed documents",
        arguments: [
            ("null", .null), (" true ", .bool(true)), ("\t\r\nfalse\n", .bool(false)),
            ("0", .int(0)), ("-0", .int(0)), ("-7", .int(-7)),
            ("9223372036854775807", .int(.max)), ("-9223372036854775808", .int(.min)),
            ("9223372036854775808", .double(9_223_372_036_854_775_808)), ("1e2", .double(100)), ("-0.5", .double(-0.5)),
            ("1E-2", .double(0.01)), ("12345678901234567890123", .double(1.2345678901234568e22)),
            (#""""#, .string("")), (#""a\"\\\/\b\f\n\r\tz""#, .string("a\"\\/\u{8}\u{c}\n\r\tz")),
            (#""\u00e9\u4F60\uD83D\ude00\u0000""#, .string("é你😀\u{0}")), (#""你好 😀""#, .string("你好 😀")),
            ("[]", .array([])), ("[1, [ ] ,\"x\"]", .array([1, [], "x"])), ("{}", .object([:])),
            (#"{"a":{"b":[true]},"":null}"#, .object(["a": ["b": [true]], "": nil])),
        ] as [(String, JSONValue)])
    func reading(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
        #expect(try JSONValue(parsing: Array(text.utf8)) == value)
        #expect(try JSONValue(parsing: Data(text.utf8)) == value)
        // A collection without contiguous storage.
        #expect(try JSONValue(parsing: text.utf8.reversed().reversed() as [UInt8]) == value)
        #expect(try JSONValue(parsing: Array(text.utf8).lazy.map { $0 }) == value)
    }

    @Test(
        "refuse everything else, and say where",
        arguments: [
            ("", .unexpectedEnd, 0), ("  ", .unexpectedEnd, 2), ("{", .unexpectedEnd, 1), ("[1", .unexpectedEnd, 2),
            (#"{"a""#, .unexpectedEnd, 4), (#"{"a":"#, .unexpectedEnd, 5), (#""abc"#, .unexpectedEnd, 4),
            ("tru", .unexpectedEnd, 3), ("-", .unexpectedEnd, 1), ("1.", .unexpectedEnd, 2), ("1e+", .unexpectedEnd, 3),
            (#""\"#, .unexpectedEnd, 2), (#""\u12"#, .unexpectedEnd, 5),
            ("nul1", .unexpectedByte, 3), ("True", .unexpectedByte, 0), ("NaN", .unexpectedByte, 0),
            ("Infinity", .unexpectedByte, 0), ("'a'", .unexpectedByte, 0), ("{a:1}", .unexpectedByte, 1),
            ("[1,]", .unexpectedByte, 3), (#"{"a":1,}"#, .unexpectedByte, 7), ("[1 2]", .unexpectedByte, 3),
            (#"{"a" 1}"#, .unexpectedByte, 5), ("[,1]", .unexpectedByte, 1), ("+1", .unexpectedByte, 0),
            (".5", .unexpectedByte, 0), ("// x", .unexpectedByte, 0), ("\u{feff}1", .unexpectedByte, 0),
            ("1 2", .trailingBytes, 2), ("{}x", .trailingBytes, 2), ("null\u{0}", .trailingBytes, 4),
            ("0x10", .trailingBytes, 1), ("01", .invalidNumber, 1), ("-01", .invalidNumber, 2),
            ("-a", .invalidNumber, 1), ("1.e5", .invalidNumber, 2), ("1ex", .invalidNumber, 2),
            ("1.x", .invalidNumber, 2),
            ("1e999", .numberOutOfRange, 0), ("[-1e400]", .numberOutOfRange, 1),
            ("\"a\u{1}\"", .controlCharacter, 2), ("\"\n\"", .controlCharacter, 1),
            (#""\n"# + "\t\"", .controlCharacter, 3),
            (#""\x""#, .invalidEscape, 1), (#""\u12g4""#, .invalidEscape, 1), (#""\U0041""#, .invalidEscape, 1),
            (#""\ud800""#, .loneSurrogate, 1), (#""\udc00""#, .loneSurrogate, 1),
            (#""\ud800\ud800""#, .loneSurrogate, 1),
            (#""\ud800x""#, .loneSurrogate, 1), (#""\ud83d\n""#, .loneSurrogate, 1),
            (#"{"a":1,"b":2,"a":3}"#, .duplicateKey, 13), (#"{"a":1,"\u0061":3}"#, .duplicateKey, 7),
            ("{\"\u{e9}\":1,\"e\u{301}\":2}", .duplicateKey, 8),
        ] as [(String, JSONSyntaxError.Reason, Int)])
    func refusal(text: String, reason: JSONSyntaxError.Reason, offset: Int) {
        #expect(throws: JSONSyntaxError(reason: reason, offset: offset)) { try JSONValue(parsing: text) }
    }

    @Test(
        "refuse invalid UTF-8, and say where",
        arguments: [
            ([0x22, 0x61, 0xFF, 0x22], 2), ([0x22, 0xC0, 0x80, 0x22], 1), ([0x22, 0xED, 0xA0, 0x80, 0x22], 1),
            ([0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], 1), ([0x22, 0xE4, 0xBD, 0x22], 1),
            ([0x22, 0x5C, 0x6E, 0xE4, 0xBD, 0xA0, 0x80, 0x22], 6),
        ] as [([UInt8], Int)])
    func encoding(bytes: [UInt8], offset: Int) {
        #expect(throws: JSONSyntaxError(reason: .invalidUTF8, offset: offset)) { try JSONValue(parsing: bytes) }
    }

    @Test("are bounded in depth, bytes and number")
    func limits() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(throws: Never.self) { try JSONValue(parsing: nested(64)) }
        #expect(throws: JSONSyntaxError(reason: .tooDeep, offset: 64)) { try JSONValue(parsing: nested(65)) }
        #expect(throws: JSONSyntaxError(reason: .tooDeep, offset: 64)) {
            try JSONValue(parsing: String(repeating: "[", count: 500_000))
        }
        #expect(throws: JSONSyntaxError(reason: .tooDeep, offset: 5 * 64)) {
            try JSONValue(parsing: String(repeating: #"{"a":"#, count: 100_000))
        }
        let tooLarge = JSONSyntaxError(reason: .tooLarge, offset: 4)
        #expect(tooLarge.isTooLarge)
        #expect(throws: tooLarge) { try JSONValue(parsing: "12345", limits: JSONLimits(maximumBytes: 4)) }
        #expect(throws: tooLarge) {
            try JSONValue(parsing: Array("12345".utf8).lazy.map { $0 }, limits: JSONLimits(maximumBytes: 4))
        }
        let few = JSONLimits(maximumValues: 3)
        #expect(try JSONValue(parsing: "[1,2]", limits: few) == [1, 2])
        #expect(throws: JSONSyntaxError(reason: .tooManyValues, offset: 5)) {
            try JSONValue(parsing: "[1,2,3]", limits: few)
        }
    }

    @Test(
        "have one canonical text",
        arguments: [
            (.null, "null"), (.bool(true), "true"), (.int(.min), "-9223372036854775808"), (.double(1), "1.0"),
            (.double(0.1), "0.1"), (.double(1e300), "1e+300"), (.double(.leastNonzeroMagnitude), "5e-324"),
            (.double(.nan), "null"),
            (.double(-.infinity), "null"),
            (.string("a\"\\/\u{8}\u{c}\n\r\t\u{1}\u{1f}\u{7f}é😀"), #""a\"\\/\b\f\n\r\t\u0001\u001f"# + "\u{7f}é😀\""),
            (.array([]), "[]"), (.object([:]), "{}"),
            (.object(["b": 1, "a": [nil, "x"], "ä": 2, "Z": 3, "": 4]), #"{"":4,"Z":3,"a":[null,"x"],"b":1,"ä":2}"#),
        ] as [(JSONValue, String)])
    func writing(value: JSONValue, text: String) {
        #expect(value.serialized() == text)
        #expect(value.serializedBytes() == Array(text.utf8))
    }

    @Test("give their parts, and nil for what is not there")
    func parts() {
        let value: JSONValue = ["a": [1, 2.5, "x", true, nil], "n\u{0}": 1]
        #expect(value["a"]?[0]?.intValue == 1)
        #expect(value["a"]?[0]?.doubleValue == 1)
        #expect(value["a"]?[1]?.doubleValue == 2.5)
        #expect(value["a"]?[2]?.stringValue == "x")
        #expect(value["a"]?[3]?.boolValue == true)
        #expect(value["a"]?[4]?.isNull == true)
        #expect(value["a"]?.arrayValue?.count == 5)
        #expect(value.objectValue?.count == 2)
        #expect(value["a"]?[5] == nil)
        #expect(value["a"]?[-1] == nil)
        #expect(value["a"]?["a"] == nil)
        #expect(value["b"] == nil)
        #expect(value[0] == nil)
        #expect(value.containsNUL)
        #expect(JSONValue.array(["\u{0}"]).containsNUL)
        #expect(!JSONValue.array(["x", 1]).containsNUL)
    }

    private struct Envelope: Codable, Equatable {
        var sessionId: String
        var metadata: JSONValue
        var attributes: [String: JSONValue]
    }

    @Test("keep their keys through Foundation's coders with key strategies")
    func keysAreData() throws {
        let envelope = Envelope(
            sessionId: "s", metadata: ["pageURL": "x", "inner_key": ["camelCase": [["deepKey": 1]]]],
            attributes: ["planName": ["seatCount": 3, "snake_case": 1.5, "none": nil, "yes": true]])
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys]
        let data = try encoder.encode(envelope)
        #expect(
            String(decoding: data, as: UTF8.self) == #"{"attributes":{"planName":{"none":null,"seatCount":3,"#
                + #""snake_case":1.5,"yes":true}},"metadata":{"inner_key":{"camelCase":[{"deepKey":1}]},"pageURL":"x"},"#
                + #""session_id":"s"}"#)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        #expect(try decoder.decode(Envelope.self, from: data) == envelope)
    }

    @Test("that JSON cannot write are encoded as null")
    func notANumber() throws {
        #expect(String(decoding: try JSONEncoder().encode([JSONValue.double(.nan)]), as: UTF8.self) == "[null]")
    }
}
