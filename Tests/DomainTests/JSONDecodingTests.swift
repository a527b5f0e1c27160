import Domain
import Foundation
import Testing

@Suite("Request bodies")
struct JSONDecodingTests {
    enum Priority: String, Codable, CaseIterable { case low, normal, high }
    enum Size: Int, Codable { case small = 1 }

    struct Contact: Decodable, Equatable {
        var name: String?
        var email: EmailAddress?
        var externalId: String?
        var attributes: [String: JSONValue]?
    }

    struct Body: Decodable, Equatable {
        var clientMessageId: String
        var contact: Contact?
        var contacts: [Contact]?
        var labels: [String]?
        var matrix: [[Int]]?
        var priority: Priority?
        var size: Size?
        var metadata: JSONValue?
        var expectedEpoch: Int?
        var small: Int8?
        var unsigned: UInt64?
        var ratio: Double?
        var single: Float?
        var flag: Bool?
        var snoozedUntil: Timestamp?
        var optionals: [String?]?
        var line2Text: String?
    }

    private func decode<T: Decodable>(_ type: T.Type, _ text: String) throws -> T {
        try StrictJSONDecoder().decode(type, parsing: text.utf8)
    }

    private func problem<T: Decodable>(_ type: T.Type = Body.self, _ text: String) -> FieldProblem? {
        do {
            _ = try decode(type, text)
        } catch RequestBodyError.invalid(let problems) {
            return problems.problems.first
        } catch {
            Issue.record("\(error)")
        }
        return nil
    }

    @Test("are decoded with snake case keys for camel case properties")
    func decoding() throws {
        let body = try decode(
            Body.self,
            #"""
            {"client_message_id":"c","contact":{"name":null,"email":"a@b.de","external_id":"x",
             "attributes":{"planName":{"any_key":1}}},"contacts":[{},{"name":"n"}],"labels":["a"],"matrix":[[1],[]],
             "priority":"high","size":1,"metadata":{"freeForm":[1]},"expected_epoch":3,"small":-128,
             "unsigned":5.0,"ratio":2,"single":0.5,"flag":true,"snoozed_until":"2026-11-23T08:15:00Z",
             "optionals":["a",null],"line2_text":"l"}
            """#)
        #expect(
            body
                == Body(
                    clientMessageId: "c",
                    contact: Contact(
                        name: nil, email: EmailAddress("a@b.de"), externalId: "x",
                        attributes: ["planName": ["any_key": 1]]),
                    contacts: [Contact(), Contact(name: "n")], labels: ["a"], matrix: [[1], []], priority: .high,
                    size: .small, metadata: ["freeForm": [1]], expectedEpoch: 3, small: -128, unsigned: 5, ratio: 2,
                    single: 0.5, flag: true, snoozedUntil: Timestamp(milliseconds: 1_795_421_700_000),
                    optionals: ["a", nil], line2Text: "l"))
    }

    @Test(
        "with faults name the field and the fault",
        arguments: [
            ("{}", "client_message_id", "required"),
            (#"{"client_message_id":null}"#, "client_message_id", "required"),
            (#"{"client_message_id":7}"#, "client_message_id", "wrong_type"),
            (#"{"client_message_id":"c","contact":[]}"#, "contact", "wrong_type"),
            (#"{"client_message_id":"c","contact":{"external_id":{}}}"#, "contact.external_id", "wrong_type"),
            (#"{"client_message_id":"c","contact":{"email":"nobody"}}"#, "contact.email", "invalid_email"),
            (#"{"client_message_id":"c","contact":{"attributes":7}}"#, "contact.attributes", "wrong_type"),
            (#"{"client_message_id":"c","contacts":[{},{"name":1}]}"#, "contacts[1].name", "wrong_type"),
            (#"{"client_message_id":"c","labels":{"0":"a"}}"#, "labels", "wrong_type"),
            (#"{"client_message_id":"c","labels":["a",null]}"#, "labels[1]", "required"),
            (#"{"client_message_id":"c","matrix":[[1],[2,"x"]]}"#, "matrix[1][1]", "wrong_type"),
            (#"{"client_message_id":"c","priority":"urgent"}"#, "priority", "invalid_value"),
            (#"{"client_message_id":"c","priority":1}"#, "priority", "wrong_type"),
            (#"{"client_message_id":"c","size":2}"#, "size", "invalid_value"),
            (#"{"client_message_id":"c","expected_epoch":1.5}"#, "expected_epoch", "wrong_type"),
            (#"{"client_message_id":"c","expected_epoch":1e300}"#, "expected_epoch", "out_of_range"),
            (#"{"client_message_id":"c","expected_epoch":99999999999999999999}"#, "expected_epoch", "out_of_range"),
            (#"{"client_message_id":"c","expected_epoch":"1"}"#, "expected_epoch", "wrong_type"),
            (#"{"client_message_id":"c","expected_epoch":true}"#, "expected_epoch", "wrong_type"),
            (#"{"client_message_id":"c","small":128}"#, "small", "out_of_range"),
            (#"{"client_message_id":"c","small":-1e3}"#, "small", "out_of_range"),
            (#"{"client_message_id":"c","unsigned":-1}"#, "unsigned", "out_of_range"),
            (#"{"client_message_id":"c","ratio":"1"}"#, "ratio", "wrong_type"),
            (#"{"client_message_id":"c","single":1e300}"#, "single", "out_of_range"),
            (#"{"client_message_id":"c","flag":0}"#, "flag", "wrong_type"),
            (#"{"client_message_id":"c","snoozed_until":"tomorrow"}"#, "snoozed_until", "invalid_timestamp"),
            (#"{"client_message_id":"c","snoozed_until":5}"#, "snoozed_until", "wrong_type"),
            ("[]", "body", "wrong_type"), ("null", "body", "required"), ("\"x\"", "body", "wrong_type"),
        ])
    func faults(text: String, field: String, code: String) {
        let problem = problem(Body.self, text)
        #expect(problem?.field == field)
        #expect(problem?.code == code)
        #expect(problem?.message.isEmpty == false)
    }

    @Test("with a wrong choice name the choices")
    func choices() {
        #expect(
            problem(Body.self, #"{"client_message_id":"c","priority":"urgent"}"#)?.message
                == "must be one of low, normal, high")
    }

    @Test(
        "with unknown fields are refused at every level",
        arguments: [
            (#"{"client_message_id":"c","extra":1}"#, ["extra"]),
            (#"{"client_message_id":"c","extra":null}"#, ["extra"]),
            (#"{"client_message_id":"c","clientMessageId":"d"}"#, ["clientMessageId"]),
            (#"{"clientMessageId":"c"}"#, ["clientMessageId"]),
            (#"{"client_mesage_id":"c"}"#, ["client_mesage_id"]),
            (#"{"client_message_id":"c","contact":{"emial":"a@b.de"}}"#, ["contact.emial"]),
            (#"{"client_message_id":"c","contacts":[{},{"x":1}],"z":1}"#, ["contacts[1].x", "z"]),
            (#"{"client_message_id":"c","":1}"#, [""]),
        ])
    func unknownFields(text: String, paths: [String]) {
        #expect(throws: RequestBodyError.unknownFields(paths)) { try decode(Body.self, text) }
    }

    @Test("say no more about a hostile body than is useful")
    func boundedAnswers() throws {
        let members = (0..<5000).map { "\"\(String(repeating: "k", count: 200))\($0)\":0" }.joined(separator: ",")
        for text in ["{\(members)}", "{\"client_message_id\":\"c\",\(members)}"] {
            do {
                _ = try decode(Body.self, text)
                Issue.record("was accepted")
            } catch RequestBodyError.unknownFields(let paths) {
                #expect(paths.count == RequestBodyError.maximumUnknownFields)
                #expect(paths.allSatisfy { $0.count == 64 })
            }
        }
    }

    @Test("that are not JSON are malformed")
    func malformed() {
        #expect(throws: RequestBodyError.malformed(JSONSyntaxError(reason: .unexpectedEnd, offset: 1))) {
            try decode(Body.self, "{")
        }
    }

    struct ConversationPatch: Decodable, Equatable {
        var subject: Patch<String>
        var snoozedUntil: Patch<Timestamp>
        var labels: Patch<[String]>
        var metadata: Patch<JSONValue>
        var priority: Patch<Priority>
    }

    @Test("of PATCH tell absent from null")
    func patches() throws {
        let none = ConversationPatch(
            subject: .absent, snoozedUntil: .absent, labels: .absent, metadata: .absent, priority: .absent)
        #expect(try decode(ConversationPatch.self, "{}") == none)
        let patch = try decode(
            ConversationPatch.self,
            #"{"subject":null,"snoozed_until":"1970-01-01T00:00:01Z","labels":["a"],"metadata":{"aB":1}}"#)
        #expect(patch.subject == .cleared)
        #expect(patch.snoozedUntil == .set(Timestamp(seconds: 1)))
        #expect(patch.labels == .set(["a"]))
        #expect(patch.metadata == .set(["aB": 1]))
        #expect(patch.priority == .absent)

        #expect(patch.subject.applied(to: "old") == nil)
        #expect(patch.labels.applied(to: []) == ["a"])
        #expect(patch.priority.applied(to: .low) == .low)
        #expect(patch.priority.isAbsent)
        #expect(try patch.priority.requiredValue(field: "priority") == nil)
        #expect(throws: ValidationProblems(field: "subject", code: "required", message: "must not be null")) {
            try patch.subject.requiredValue(field: "subject")
        }
        #expect(patch.labels.map(\.count) == .set(1))

        #expect(problem(ConversationPatch.self, #"{"priority":"x"}"#)?.message == "must be one of low, normal, high")
        #expect(problem(ConversationPatch.self, #"{"labels":[1]}"#)?.field == "labels[0]")
        #expect(throws: RequestBodyError.unknownFields(["subjekt"])) {
            try decode(ConversationPatch.self, #"{"subjekt":"x"}"#)
        }
    }

    /// A frame whose data depends on its type, read by hand.
    struct Frame: Decodable {
        enum CodingKeys: CodingKey { case type, data }
        struct Send: Decodable { var content: String }
        enum DataKeys: CodingKey { case firstSeq }
        var type: String
        var send: Send?
        var firstSeq: Int?

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            type = try container.decode(String.self, forKey: .type)
            if type == "message.send" {
                send = try container.decode(Send.self, forKey: .data)
            } else {
                let data = try container.nestedContainer(keyedBy: DataKeys.self, forKey: .data)
                firstSeq = try data.decodeIfPresent(Int.self, forKey: .firstSeq)
            }
        }
    }

    @Test("of types that decode by hand are checked just as well")
    func handWritten() throws {
        #expect(try decode(Frame.self, #"{"type":"message.send","data":{"content":"x"}}"#).send?.content == "x")
        #expect(try decode(Frame.self, #"{"type":"ping","data":{"first_seq":4}}"#).firstSeq == 4)
        #expect(throws: RequestBodyError.unknownFields(["data.firstSeq"])) {
            try decode(Frame.self, #"{"type":"ping","data":{"firstSeq":4}}"#)
        }
        #expect(throws: RequestBodyError.unknownFields(["data.x"])) {
            try decode(Frame.self, #"{"type":"message.send","data":{"content":"x","x":1}}"#)
        }
        #expect(problem(Frame.self, #"{"type":"ping"}"#)?.field == "data")
        #expect(problem(Frame.self, #"{"type":"ping","data":3}"#)?.field == "data")
    }

    struct Range: Decodable {
        var lower: Int
        var upper: Int

        enum CodingKeys: CodingKey { case lower, upper }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            lower = try container.decode(Int.self, forKey: .lower)
            upper = try container.decode(Int.self, forKey: .upper)
            if lower > upper { throw ValidationProblems(field: "upper", code: "out_of_range", message: "is too low") }
        }
    }

    @Test("of types that check themselves get the whole path")
    func ownChecks() {
        #expect(problem([String: Range].self, #"{"aB":{"lower":2,"upper":1}}"#)?.field == "aB.upper")
        #expect(problem(Range.self, #"{"lower":2,"upper":1}"#)?.field == "upper")
    }

    @Test("of every shape of the standard library decode or fail, but never trap")
    func shapes() throws {
        #expect(try decode([Int: String].self, #"{"1":"a"}"#) == [1: "a"])
        #expect(try decode(Set<String>.self, #"["a","b"]"#) == ["a", "b"])
        #expect(try decode([Bool?].self, "[true,null]") == [true, nil])
        #expect(try decode(Int128.self, "5") == 5)
        #expect(try decode(UInt128.self, "5") == 5)
        #expect(try decode(JSONValue.self, #"{"anyThing":1}"#) == ["anyThing": 1])
        #expect(problem(URL.self, #""http://localhost""#)?.code == "wrong_type")
        #expect(problem(UUID.self, #""x""#)?.code == "invalid_value")
        #expect(problem(Int.self, "9223372036854775808")?.code == "out_of_range")
        #expect(problem(Int.self, "9007199254740994.0")?.code == "out_of_range")
    }

    @Test("have the keys that Foundation's encoder writes in answers")
    func keysAgreeWithFoundation() throws {
        struct Names: Codable, Equatable {
            var id = "a", clientMessageId = "b", aB = "c", line2Text = "d", address2 = "e", x1y2Z3 = "f", headSeq = "g"
            var expiresInSeconds = "h", q = "i", isAI = "j", urlPath = "k"
        }
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let data = try encoder.encode(Names(id: "1", q: "2"))
        #expect(try StrictJSONDecoder().decode(Names.self, parsing: data) == Names(id: "1", q: "2"))
    }
}
