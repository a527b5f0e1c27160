import Domain
import Foundation
import Wire

/// Makes an example of each schema, which validates against it by construction; a test proves that it does.
struct ExampleMaker {
    /// Nesting at which a schema that refers to itself is cut off.
    private static let maximumDepth = 32

    let schemas: [String: JSONSchema]

    func examples(of names: some Collection<String>) -> [String: JSONValue] {
        Dictionary(
            names.map { ($0, ["value": example(of: .reference($0), as: $0, in: $0, depth: 0)]) },
            uniquingKeysWith: { first, _ in first })
    }

    /// - Parameters:
    ///   - name: of the property.
    ///   - owner: the component that it belongs to.
    private func example(of schema: JSONSchema, as name: String, in owner: String, depth: Int) -> JSONValue {
        guard depth < Self.maximumDepth else { return .null }
        if let component = schema.referenced {
            guard let target = schemas[component] else { return .null }
            return example(of: target, as: name, in: component, depth: depth + 1)
        }
        let members = schema.members
        if let constant = members["const"] { return constant }
        if case .array(let words)? = members["enum"] { return words.first ?? .null }
        for keyword in ["oneOf", "anyOf"] {
            if case .array(let alternatives)? = members[keyword], case .object(let first)? = alternatives.first {
                return example(of: JSONSchema(first), as: name, in: owner, depth: depth + 1)
            }
        }
        switch type(of: members) {
        case "object": return object(members, in: owner, depth: depth)
        case "array":
            guard case .object(let items)? = members["items"] else { return [] }
            let item = example(of: JSONSchema(items), as: name, in: owner, depth: depth + 1)
            return .array(Array(repeating: item, count: max(1, Int(clamping: members["minItems"]?.intValue ?? 1))))
        case "string": return .string(Samples.text(members, name: name, owner: owner))
        case "integer": return .int(Samples.number(members, name: name))
        case "number": return .double(0.75)
        case "boolean": return true
        case "null": return .null
        default: return .object([:])
        }
    }

    private func type(of members: [String: JSONValue]) -> String? {
        switch members["type"] {
        case .string(let type)?: type
        case .array(let types)?: types.first?.stringValue
        default: nil
        }
    }

    private func object(_ members: [String: JSONValue], in owner: String, depth: Int) -> JSONValue {
        guard case .object(let properties)? = members["properties"] else {
            guard case .object(let values)? = members["additionalProperties"] else {
                return ["plan": "pro"]
            }
            return ["key": example(of: JSONSchema(values), as: "key", in: owner, depth: depth + 1)]
        }
        var result: [String: JSONValue] = [:]
        for (name, property) in properties {
            guard case .object(let schema) = property else { continue }
            result[name] = example(of: JSONSchema(schema), as: name, in: owner, depth: depth + 1)
        }
        return .object(result)
    }
}

/// Values that read like real ones.
private enum Samples {
    static let texts: [String: String] = [
        "access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJ1c3IifQ.c2lnbmF0dXJl",
        "address": "203.0.113.7", "allowed_origins": "https://www.example.com", "client_message_id": "c-42",
        "ai_providers": "dashscope",
        "content": "Where is my order?", "currency": "USD", "handoff_phrases": "speak to a person",
        "model": "qwen-plus", "order": "dashscope", "provider": "dashscope", "providers": "dashscope",
        "synonyms": "refund", "detail": "email is not an address", "email": "ann@example.com",
        "event": "message.created", "excerpt": "Orders leave the warehouse within a day.", "external_id": "customer-17",
        "field": "email", "greeting": "Hello! How can we help?", "key": "widget-key", "labels": "refund",
        "languages": "en", "locale": "en", "message": "Good morning, this is about your order.",
        "media_type": "image/png", "name": "Ann Lee", "node_id": "node-1", "password": "correct horse battery",
        "current_password": "correct horse battery", "new_password": "another correct horse",
        "permissions": "conversations:read", "phone": "+44 20 7946 0000", "questions": "How do I return an item?",
        "reason": "asked for a human", "role": "agent", "slug": "default", "subject": "Order 1234", "version": "1.0.0",
        "text": "Your order left the warehouse this morning.", "timezone": "Europe/Berlin", "title": "Returns",
        "token_type": "bearer", "type": "about:blank", "code": "invalid_email", "user_agent": "Mozilla/5.0",
        "url": "https://chat.example.com/files/att_06v9b41k8wq2x7t3m5c0d9f2h4", "workspace": "default",
        "websocket_url": "wss://chat.example.com/ws/chat/ses_06v9b41k8wq2x7t3m5c0d9f2h4?ticket=tk_5f2c",
    ]
    private static let kinds: [String: String] = [
        "agent": "usr", "article": "art", "assignee": "usr", "contact": "con", "conversation": "cnv", "event": "evt",
        "inbox": "inb", "member": "usr", "message": "msg", "attachment": "att", "role": "rol", "owner": "usr",
        "price": "prc", "session": "ses",
        "team": "tem", "user": "usr", "login": "lgn", "key": "key", "entry": "aud", "invitation": "inv",
    ]

    static func text(_ schema: [String: JSONValue], name: String, owner: String) -> String {
        if schema["format"]?.stringValue == "date-time" { return Timestamp.example.stringValue ?? "" }
        let text = texts[name] ?? identifier(name, owner) ?? "text"
        guard case .int(let limit)? = schema["maxLength"] else { return text }
        return String(text.prefix(Int(clamping: limit)))
    }

    private static func identifier(_ name: String, _ owner: String) -> String? {
        let kind: Substring
        if name == "id" {
            kind = owner.lowercased()[...]
        } else if name.hasSuffix("_id") || name.hasSuffix("_ids") {
            kind = name.prefix(while: { $0 != "_" })
        } else if name == "members" || name == "reply_to" {
            kind = name == "members" ? "user" : "message"
        } else {
            return nil
        }
        // Of several words the last says what it is.
        let found = kinds.compactMap { word, prefix in
            kind.range(of: word, options: .backwards).map { (end: $0.upperBound, prefix: prefix) }
        }
        let prefix = found.max { $0.end < $1.end }?.prefix
        return prefix.map { "\($0)_06v9b41k8wq2x7t3m5c0d9f2h4" }
    }

    static func number(_ schema: [String: JSONValue], name: String) -> Int64 {
        let usual: Int64 =
            switch name {
            case "expires_in": 3600
            case "status": 422
            case "unread": 1
            default: 7
            }
        return min(max(usual, schema["minimum"]?.intValue ?? .min), schema["maximum"]?.intValue ?? .max)
    }
}
