public import Domain

/// Something that a model may ask for beside writing text, such as a human colleague.
///
/// What it asks for is only a wish: whether it is granted is decided by whoever runs the tool, from what the server knows
/// of the conversation, never from the call's arguments.
public struct ReplyTool: Sendable, Equatable {
    public var name: String
    /// When to call it, in the model's ears.
    public var description: String
    /// JSON Schema of the arguments' object.
    public var parameters: JSONValue

    public init(name: String, description: String, parameters: JSONValue) {
        self.name = name
        self.description = description
        self.parameters = parameters
    }
}

/// A model's wish to have a tool run.
public struct ReplyToolCall: Sendable, Equatable {
    /// As the model wrote it: perhaps the name of no tool that it was offered.
    public var name: String
    /// As the model wrote them: perhaps no JSON, perhaps against the schema, in any case not to be trusted.
    public var arguments: String

    public init(name: String, arguments: String) {
        self.name = name
        self.arguments = arguments
    }
}
