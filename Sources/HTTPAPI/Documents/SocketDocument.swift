import Domain
import Realtime
import Wire

/// The frames and events of the sockets as a document for people.
struct SocketDocument {
    private let description = SocketDescription()

    var markdown: String {
        "<!-- Written from the code by `make openapi`. Do not edit. -->\n\n" + DocumentBlock.markdown(blocks)
    }

    var html: String { DocumentPage.text(title: "Chat API: WebSocket", DocumentBlock.html(blocks)) }

    private var blocks: [DocumentBlock] {
        var blocks: [DocumentBlock] = [
            .heading(1, "WebSocket frames and events"),
            .paragraph(
                "Customers connect to `/ws/chat/{session_id}`, staff to `/ws/agent`. A frame is a JSON object "
                    + "`{type, request_id?, conversation_id?, seq?, id?, at?, data}`; a client that says `batch` in "
                    + "`hello` may get several events as one array. Only durable events have `seq`, `id` and `at`. Members "
                    + "marked with ? may be missing."),
            .heading(2, "What clients send"),
        ]
        blocks += description.commands.flatMap { frame($0, "From") }
        blocks.append(.heading(2, "Durable events"))
        blocks.append(
            .paragraph(
                "Numbered without holes, kept, and sent again to who comes back. `GET "
                    + "/api/v1/chat/conversations/{id}/events` lists the same."))
        blocks += description.events.flatMap { frame($0, "To") }
        blocks.append(.heading(2, "Passing frames"))
        blocks += description.passing.flatMap { frame($0, "To") }
        blocks.append(.heading(2, "Types"))
        blocks += types
        blocks.append(.heading(2, "Close codes"))
        blocks.append(
            .table(
                ["code", "name", "the client"],
                description.closes.map {
                    [
                        String($0.code), "`\($0.name)`",
                        $0.comesBack ? "connects again and resumes" : "stays away",
                    ]
                }))
        return blocks
    }

    private func frame(_ frame: SocketDescription.Frame, _ direction: String) -> [DocumentBlock] {
        var blocks: [DocumentBlock] = [
            .heading(3, "`\(frame.type)`"), .paragraph("\(frame.summary) \(direction): \(frame.audience)."),
        ]
        let forms = frame.data.map(members)
        for (index, form) in forms.enumerated() {
            if forms.count > 1, index > 0 { blocks.append(.paragraph("or")) }
            blocks.append(
                form.isEmpty ? .paragraph("`data` is empty.") : .table(["data", "type", ""], form))
        }
        if forms.isEmpty { blocks.append(.paragraph("It has no `data`.")) }
        return blocks
    }

    /// Types that frames are made of, but not those that are a frame's data.
    private var types: [DocumentBlock] {
        let frames = Set(
            (description.commands + description.events + description.passing).flatMap(\.data)
                .compactMap(\.referenced))
        return description.schemas.filter { !frames.contains($0.key) }.sorted { $0.key < $1.key }
            .flatMap { name, schema -> [DocumentBlock] in
                let rows = members(schema)
                return [
                    .heading(3, name),
                    rows.isEmpty
                        ? .paragraph(words(schema)) : .table(["member", "type", ""], rows),
                ]
            }
    }

    /// A row for each member of an object.
    private func members(_ schema: JSONSchema) -> [[String]] {
        let schema = schema.referenced.flatMap { description.schemas[$0] } ?? schema
        guard case .object(let properties)? = schema.members["properties"] else { return [] }
        let required = Set((schema.members["required"]?.arrayValue ?? []).compactMap(\.stringValue))
        return properties.sorted { $0.key < $1.key }.map { name, property in
            let schema = JSONSchema(property.objectValue ?? [:])
            return [
                "`\(name)`\(required.contains(name) ? "" : "?")", words(schema),
                schema.members["description"]?.stringValue ?? "",
            ]
        }
    }

    /// A schema in a few words.
    private func words(_ schema: JSONSchema) -> String {
        if let name = schema.referenced { return name }
        let members = schema.members
        if let constant = members["const"] { return "`\(constant.serialized())`" }
        if let cases = members["enum"]?.arrayValue {
            return cases.map { "`\($0.serialized())`" }.joined(separator: " | ")
        }
        if let forms = (members["oneOf"] ?? members["anyOf"])?.arrayValue {
            return forms.map { words(JSONSchema($0.objectValue ?? [:])) }.joined(separator: " | ")
        }
        let types = (members["type"]?.arrayValue ?? [members["type"] ?? "any"]).compactMap(\.stringValue)
        return types.map { type in
            switch type {
            case "array": "list of \(words(JSONSchema(members["items"]?.objectValue ?? [:])))\(bounds(members))"
            case "object" where members["properties"] != nil:
                "{\(self.members(schema).map { "\($0[0]): \($0[1])" }.joined(separator: ", "))}"
            case "object":
                members["additionalProperties"]?.objectValue.map { "object of \(words(JSONSchema($0)))" } ?? "object"
            case "string" where members["format"] == "date-time": "time"
            case "null": "null"
            default: type + bounds(members)
            }
        }.joined(separator: " | ")
    }

    private func bounds(_ members: [String: JSONValue]) -> String {
        let least = members["minLength"] ?? members["minimum"]
        let most = members["maxLength"] ?? members["maximum"] ?? members["maxItems"]
        guard let most else { return "" }
        return least.map { ", \($0.serialized())…\(most.serialized())" } ?? ", at most \(most.serialized())"
    }
}
