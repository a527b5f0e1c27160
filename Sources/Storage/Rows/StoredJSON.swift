import Domain
import Foundation

/// JSON inside a column: small structured values that are only ever read whole.
enum StoredJSON {
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func decode<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }

    /// Any value. Most rows carry an empty object, and a decoder of Foundation costs as much as a statement.
    static func value(_ text: String) throws -> JSONValue {
        text == "{}" ? .object([:]) : try decode(JSONValue.self, text)
    }
}
