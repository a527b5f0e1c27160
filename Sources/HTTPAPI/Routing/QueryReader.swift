import Domain
import Foundation
import Wire

/// A parameter of a query: what it may be, and how it is read.
struct QueryParameter<Value: Sendable>: Sendable {
    let description: QueryDescription
    fileprivate let read: @Sendable (String, PublicIdentifiers) -> Value?
}

/// What clients are told of a query parameter.
public struct QueryDescription: Sendable, Equatable {
    public enum Form: Sendable, Equatable {
        case text(maximum: Int)
        case integer(ClosedRange<Int64>)
        case choice([String])
        case time
        /// An identifier, or also one of these words.
        case identifier(orWords: [String])
        case cursor
    }

    public let name: String
    public let summary: String
    public let form: Form
    var isRequired = false

    var complaint: FieldProblem {
        switch form {
        case .text(let maximum):
            FieldProblem(field: name, code: "invalid_value", message: "must be a text of at most \(maximum) characters")
        case .integer(let range):
            FieldProblem(
                field: name, code: "out_of_range",
                message: "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        case .choice(let words):
            FieldProblem(
                field: name, code: "invalid_value", message: "must be one of \(words.joined(separator: ", "))")
        case .time: FieldProblem(field: name, code: "invalid_timestamp", message: "must be an RFC 3339 time")
        case .identifier: FieldProblem(field: name, code: "invalid_id", message: "is not an identifier of this kind")
        case .cursor: FieldProblem(field: name, code: "invalid_cursor", message: "is not a cursor of this list")
        }
    }
}

extension QueryParameter {
    /// The same, which must be given.
    var required: QueryParameter {
        var description = description
        description.isRequired = true
        return QueryParameter(description: description, read: read)
    }

    static func text(_ name: String, maximum: Int = 200, _ summary: String) -> Self where Value == String {
        Self(description: .init(name: name, summary: summary, form: .text(maximum: maximum))) { text, _ in
            text.unicodeScalars.count <= maximum && !text.utf8.contains(0) ? text : nil
        }
    }

    static func integer(
        _ name: String, in range: ClosedRange<Int64>, _ summary: String
    ) -> Self where Value == Int64 {
        Self(description: .init(name: name, summary: summary, form: .integer(range))) { text, _ in
            Int64(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    static func choice(_ name: String, _ summary: String) -> Self
    where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
        Self(description: .init(name: name, summary: summary, form: .choice(Value.allCases.map(\.rawValue)))) {
            text, _ in Value(rawValue: text)
        }
    }

    static func time(_ name: String, _ summary: String) -> Self where Value == Timestamp {
        Self(description: .init(name: name, summary: summary, form: .time)) { text, _ in Timestamp(rfc3339: text) }
    }

    static func identifier<Entity: PubliclyIdentified & SendableMetatype>(_ name: String, _ summary: String) -> Self
    where Value == Identifier<Entity> {
        Self(description: .init(name: name, summary: summary, form: .identifier(orWords: []))) { text, identifiers in
            identifiers.identifier(text)
        }
    }
}

extension QueryParameter<AuditEntry.Target> {
    /// The identifier of whatever a line of the audit log can be about.
    static func auditTarget(_ name: String, _ summary: String) -> Self {
        Self(description: .init(name: name, summary: summary, form: .identifier(orWords: []))) { text, identifiers in
            identifiers.auditTarget(text)
        }
    }
}

/// Reads the parameters that a route knows and collects what is wrong with them. Others are ignored.
struct QueryReader {
    /// Parameters that are looked at; no route knows as many.
    static let maximumParameters = 64

    private let values: [String: String]
    private var validation = Validation()
    let identifiers: PublicIdentifiers

    init(_ query: String?, identifiers: PublicIdentifiers) {
        var values: [String: String] = [:]
        for pair in (query ?? "").split(separator: "&").prefix(Self.maximumParameters) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(parts[0]), values[name] == nil else { continue }
            // An escape that is none becomes a text that no parameter accepts.
            values[name] = parts.count == 2 ? Self.decoded(parts[1]) ?? "\u{0}" : ""
        }
        self.values = values
        self.identifiers = identifiers
    }

    private static func decoded(_ text: Substring) -> String? {
        text.replacingOccurrences(of: "+", with: " ").removingPercentEncoding
    }

    /// The value of a parameter; nil when it is not given or, with a problem noted, not valid.
    subscript<Value>(_ parameter: QueryParameter<Value>) -> Value? {
        mutating get {
            guard let text = values[parameter.description.name] else { return nil }
            if text.isEmpty, case .text = parameter.description.form { return nil }
            if let value = parameter.read(text, identifiers) { return value }
            reject(parameter.description)
            return nil
        }
    }

    /// The text as it was given.
    func raw(_ name: String) -> String? { values[name] }

    mutating func reject(_ parameter: QueryDescription) {
        let complaint = parameter.complaint
        validation.reject(complaint.field, code: complaint.code, message: complaint.message)
    }

    /// - Throws: 422 with all that is wrong.
    func finish() throws(ValidationProblems) { try validation.finish() }
}
