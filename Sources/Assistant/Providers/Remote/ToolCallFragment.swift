import Domain

/// A piece of a tool call, as it comes in one event.
struct ToolCallFragment: Sendable, Equatable {
    var index: Int?
    var id: String?
    var name: String?
    var arguments: String

    /// - Parameter value: `tool_calls` of an event: `[{"index", "id", "function": {"name", "arguments"}}]`.
    static func read(_ value: JSONValue?) -> [ToolCallFragment] {
        (value?.arrayValue ?? []).prefix(ToolCallAssembly.maximumCalls).map { call in
            let arguments = call["function"]?["arguments"]
            return ToolCallFragment(
                index: call["index"]?.intValue.flatMap { Int(exactly: $0) },
                id: call["id"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 },
                name: call["function"]?["name"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 },
                // Some local servers send the object itself instead of its text.
                arguments: arguments?.stringValue ?? arguments?.objectValue.map { _ in arguments?.serialized() ?? "" }
                    ?? "")
        }
    }
}

/// Puts tool calls together from their pieces.
///
/// Pieces are joined by `index`; a server that leaves it out, or says 0 to every call, is understood by the `id` that a new
/// call begins with.
struct ToolCallAssembly: Sendable {
    /// Calls of one reply: a support assistant has a handful of tools, and uses one.
    static let maximumCalls = 16
    /// Bytes of the pieces of all calls together. No tool of ours reads more than a few hundred.
    static let maximumBytes = 64 * 1024

    struct Overflow: Error {}

    private struct Part {
        var index: Int
        var id: String?
        var name: String?
        /// All pieces, joined.
        var joined = ""
        /// The last piece, as long as each one began with all of the one before; else nil.
        var repeated: String? = ""

        /// Some servers send all so far with each event, though pieces are asked for. `{"a":` and `{"a":1}}` may be either,
        /// and only one of the two readings is JSON.
        var arguments: String {
            guard let repeated, (try? JSONValue(parsing: joined)) == nil, (try? JSONValue(parsing: repeated)) != nil
            else {
                return joined
            }
            return repeated
        }
    }

    private var parts: [Part] = []
    private var bytes = 0

    /// - Throws: ``Overflow``.
    mutating func add(_ fragment: ToolCallFragment) throws(Overflow) {
        let place = try place(of: fragment)
        if parts[place].name == nil { parts[place].name = fragment.name }
        if parts[place].id == nil { parts[place].id = fragment.id }
        bytes += fragment.arguments.utf8.count
        guard bytes <= Self.maximumBytes else { throw Overflow() }
        parts[place].joined += fragment.arguments
        guard !fragment.arguments.isEmpty, let before = parts[place].repeated else { return }
        parts[place].repeated = fragment.arguments.utf8.starts(with: before.utf8) ? fragment.arguments : nil
    }

    /// The calls, in the order of their index. A call without a name is none.
    var calls: [ReplyToolCall] {
        parts.sorted { $0.index < $1.index }.compactMap { part in
            part.name.map { ReplyToolCall(name: $0, arguments: part.arguments) }
        }
    }

    private mutating func place(of fragment: ToolCallFragment) throws(Overflow) -> Int {
        let index = fragment.index ?? parts.last?.index ?? 0
        let place = parts.lastIndex { $0.index == index }
        if let place {
            let known = parts[place]
            let isAnother = fragment.id != nil && known.id != nil && fragment.id != known.id && fragment.name != nil
            if !isAnother { return place }
        }
        guard parts.count < Self.maximumCalls else { throw Overflow() }
        // Equal indexes keep the order in which they came: the sort is stable.
        parts.append(Part(index: index))
        return parts.count - 1
    }
}
