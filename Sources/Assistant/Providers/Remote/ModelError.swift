import Domain
import Foundation

/// An endpoint's error: OpenAI's `{"error": {"message", "type", "param", "code"}}`, or flat as DashScope's own, which also
/// leak into its compatible streams. Servers put numbers into `code` as well.
struct ModelError: Sendable, Equatable {
    var message: String?
    var type: String?
    var parameter: String?
    var code: String?
    var requestId: String?

    init(message: String? = nil, type: String? = nil, parameter: String? = nil, code: String? = nil) {
        self.message = message
        self.type = type
        self.parameter = parameter
        self.code = code
    }

    /// The error that an event, or an answer with status 200, is.
    /// - Returns: nil when it is none.
    init?(in value: JSONValue) {
        if let error = value["error"], !error.isNull {
            if let text = error.stringValue {
                if text.isEmpty { return nil }
                self.init(message: text)
            } else {
                guard error.objectValue?.isEmpty == false else { return nil }
                self.init(fields: error)
            }
        } else {
            // A code beside an answer is no error's.
            guard value["choices"]?.arrayValue == nil, value["output"]?.objectValue == nil,
                Self.code(value["code"]) != nil
            else { return nil }
            self.init(fields: value)
        }
        requestId = requestId ?? value["request_id"]?.stringValue
    }

    init(fields: JSONValue) {
        message = fields["message"]?.stringValue ?? fields["detail"]?.stringValue
        type = fields["type"]?.stringValue
        parameter = fields["param"]?.stringValue
        code = Self.code(fields["code"])
        requestId = fields["request_id"]?.stringValue
    }

    private static func code(_ value: JSONValue?) -> String? {
        if let text = value?.stringValue { return text.isEmpty ? nil : text }
        return value?.intValue.flatMap { $0 >= 400 ? String($0) : nil }
    }

    /// Reads the body of a refusal: wrapped or flat JSON, JSON in an array, or framed as an event though labelled JSON.
    static func read(_ body: [UInt8]) -> ModelError? {
        if let error = parse(body) { return error }
        var reader = ServerSentEventReader()
        let events = ((try? reader.read(body)) ?? []) + reader.finish()
        return events.lazy.compactMap { parse(Array($0.data.utf8)) }.first
    }

    private static func parse(_ body: [UInt8]) -> ModelError? {
        guard let document = JSONValue(lenient: body) else { return nil }
        let value = document[0] ?? document
        if let error = ModelError(in: value) { return error }
        let flat = ModelError(fields: value)
        return flat.message != nil || flat.code != nil ? flat : nil
    }
}

extension JSONValue {
    /// JSON of an endpoint. Our own reader is quick and bounded; what it finds fault with, such as a key that stands twice,
    /// Foundation's may still take.
    init?(lenient bytes: some Collection<UInt8>) {
        if let value = try? JSONValue(parsing: bytes) {
            self = value
        } else if let value = try? JSONDecoder().decode(JSONValue.self, from: Data(bytes)) {
            self = value
        } else {
            return nil
        }
    }
}
