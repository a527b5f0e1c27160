public import Domain

extension EventEnvelope: SchemaProviding, SchemaNamed {
    public static var schemaName: String { "Event" }

    /// One form for each type of event.
    public static func schema(in components: SchemaComponents) -> JSONSchema {
        .oneOf(dataSchemas(in: components).map { form($0.type, $0.data, in: components) })
    }

    /// The data of each type of event. `event.hidden`, which has none, is what a reader gets in place of one that it may
    /// not see.
    public static func dataSchemas(in components: SchemaComponents) -> [(type: String, data: JSONSchema?)] {
        let message = components.schema(of: MessageView.self)
        let conversation = JSONSchema.oneOf([
            components.schema(of: ConversationView.self), components.schema(of: ContactConversationView.self),
        ])
        let actor = JSONSchema.object(
            ["kind": components.schema(of: Actor.Kind.self), "id": .string, "name": JSONSchema.string.orNull],
            required: ["kind", "name"])
        let completed = JSONSchema.object(
            ["message": message, "finish_reason": components.schema(of: Event.FinishReason.self)],
            required: ["message", "finish_reason"])
        let updated = JSONSchema.object(
            ["changes": ChangesView.schema(in: components), "actor": actor, "reason": .string],
            required: ["changes", "actor"])
        let schemas = Event.Kind.allCases.map { kind in
            let data: JSONSchema =
                switch kind {
                case .messageCreated, .messageUpdated: .object(["message": message], required: ["message"])
                case .messageCompleted: completed
                case .messageDeleted: .object(["message_id": .string], required: ["message_id"])
                case .conversationCreated: .object(["conversation": conversation], required: ["conversation"])
                case .conversationUpdated: updated
                }
            return (type: kind.rawValue, data: Optional(data))
        }
        return schemas + [(type: "event.hidden", data: nil)]
    }

    public static var example: JSONValue {
        .object(["type": "event.hidden", "conversation_id": "cnv_06v9b41k8wq2x7t3m5c0d9f2h4", "seq": 7])
    }

    private static func form(_ type: String, _ data: JSONSchema?, in components: SchemaComponents) -> JSONSchema {
        var properties: [String: JSONSchema] = [
            "type": .constant(type), "conversation_id": .string, "seq": .integer(in: 1...Int64.max),
        ]
        var required = ["type", "conversation_id", "seq"]
        if let data {
            properties["id"] = .string
            properties["at"] = components.schema(of: Timestamp.self)
            properties["data"] = data
            required += ["id", "at", "data"]
        }
        let name = type.split(whereSeparator: { $0 == "." || $0 == "_" }).map(\.capitalized).joined() + "Event"
        components.add(name, .object(properties, required: required))
        return .reference(name)
    }
}

extension ChangesView: SchemaProviding {
    /// Every field that may have changed, none of which must have.
    public static func schema(in components: SchemaComponents) -> JSONSchema {
        .object(
            [
                "status": components.schema(of: Conversation.Status.self),
                "priority": components.schema(of: Conversation.Priority.self),
                "subject": JSONSchema.string.orNull, "labels": .array(of: .string),
                "owner": .oneOf([
                    components.schema(of: OwnerView.self), components.schema(of: ContactOwnerView.self),
                ]), "snoozed_until": components.schema(of: Timestamp.self).orNull,
            ], required: [])
    }

    public static var example: JSONValue { .object(["status": "resolved"]) }
}

extension Substring {
    fileprivate var capitalized: String { prefix(1).uppercased() + dropFirst() }
}
