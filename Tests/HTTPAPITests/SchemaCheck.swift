import Domain
import Foundation
import Wire

/// Holds JSON against the schemas of a description: the keywords that the description uses, and no others.
struct SchemaCheck {
    let document: JSONValue

    /// Keywords that say nothing about a value.
    private static let silent: Set<String> = [
        "description", "format", "contentMediaType", "examples", "example", "discriminator", "title",
    ]

    /// What is wrong with `value`; empty for nothing.
    func faults(_ value: JSONValue, _ schema: JSONValue, at place: String = "$") -> [String] {
        guard case .object(let members) = schema else { return ["\(place): the schema is no object"] }
        var faults: [String] = []
        for (keyword, argument) in members where !Self.silent.contains(keyword) {
            faults += check(keyword, argument, members, value, place)
        }
        return faults
    }

    private func check(
        _ keyword: String, _ argument: JSONValue, _ members: [String: JSONValue], _ value: JSONValue, _ place: String
    ) -> [String] {
        func unless(_ isRight: Bool) -> [String] {
            isRight
                ? [] : ["\(place): \(value.serialized().prefix(200)) is against \(keyword) \(argument.serialized())"]
        }
        switch keyword {
        case "$ref":
            guard let target = resolve(argument.stringValue ?? "") else { return ["\(place): no \(argument)"] }
            return faults(value, target, at: place)
        case "type":
            let types = argument.arrayValue ?? [argument]
            return unless(types.contains { Self.isOf($0.stringValue ?? "", value) })
        case "const": return unless(value == argument)
        case "enum": return unless((argument.arrayValue ?? []).contains(value))
        case "allOf": return (argument.arrayValue ?? []).flatMap { faults(value, $0, at: place) }
        case "anyOf": return unless((argument.arrayValue ?? []).contains { faults(value, $0).isEmpty })
        case "oneOf": return unless((argument.arrayValue ?? []).count { faults(value, $0).isEmpty } == 1)
        case "minLength": return unless((value.stringValue?.unicodeScalars.count ?? .max) >= Self.number(argument))
        case "maxLength": return unless((value.stringValue?.unicodeScalars.count ?? 0) <= Self.number(argument))
        case "pattern":
            guard let text = value.stringValue else { return [] }
            return unless(text.range(of: argument.stringValue ?? "", options: .regularExpression) != nil)
        case "minimum": return unless((value.doubleValue ?? .infinity) >= (argument.doubleValue ?? 0))
        case "maximum": return unless((value.doubleValue ?? -.infinity) <= (argument.doubleValue ?? 0))
        case "maxItems": return unless((value.arrayValue?.count ?? 0) <= Self.number(argument))
        case "uniqueItems": return unless(Set(value.arrayValue ?? []).count == value.arrayValue?.count ?? 0)
        case "not": return unless(!faults(value, argument).isEmpty)
        case "minItems": return unless((value.arrayValue?.count ?? .max) >= Self.number(argument))
        case "items":
            return (value.arrayValue ?? []).enumerated().flatMap { faults($1, argument, at: "\(place)[\($0)]") }
        case "required":
            guard let object = value.objectValue else { return [] }
            let missing = (argument.arrayValue ?? []).compactMap(\.stringValue).filter { object[$0] == nil }
            return missing.map { "\(place): \($0) is missing" }
        case "properties":
            guard let object = value.objectValue else { return [] }
            return (argument.objectValue ?? [:]).flatMap { name, schema in
                object[name].map { faults($0, schema, at: "\(place).\(name)") } ?? []
            }
        case "additionalProperties":
            guard let object = value.objectValue else { return [] }
            let others = object.filter { members["properties"]?[$0.key] == nil }
            if argument == false { return others.keys.sorted().map { "\(place): \($0) is unknown" } }
            return others.flatMap { faults($0.value, argument, at: "\(place).\($0.key)") }
        default: return ["\(place): unknown keyword \(keyword)"]
        }
    }

    /// What a reference inside the document stands for.
    func resolve(_ reference: String) -> JSONValue? {
        reference.dropFirst(2).split(separator: "/").reduce(document as JSONValue?) { $0?[String($1)] }
    }

    private static func number(_ value: JSONValue) -> Int { Int(clamping: value.intValue ?? 0) }

    private static func isOf(_ type: String, _ value: JSONValue) -> Bool {
        switch (type, value) {
        case ("null", .null), ("boolean", .bool), ("string", .string), ("array", .array), ("object", .object),
            ("integer", .int), ("number", .int), ("number", .double):
            true
        default: false
        }
    }
}
