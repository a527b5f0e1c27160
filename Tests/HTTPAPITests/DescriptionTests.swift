import Domain
import Foundation
import HTTPTypes
import Realtime
import Testing
import Wire

@testable import HTTPAPI

/// The description of the API is made from the code that serves it, and cannot say something else.
@Suite struct DescriptionTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func made() async throws -> (document: JSONValue, faults: [String], endpoints: [Endpoint]) {
        let fixture = try await HTTPFixture()
        let endpoints = fixture.interface.endpoints
        let made = APIDescription(endpoints: endpoints, version: "1.2.3").made()
        return (made.document, made.faults, endpoints)
    }

    private func operations(_ document: JSONValue) -> [(name: String, operation: JSONValue)] {
        (document["paths"]?.objectValue ?? [:]).flatMap { path, methods in
            (methods.objectValue ?? [:]).map { ("\($0.key.uppercased()) \(path)", $0.value) }
        }.sorted { $0.0 < $1.0 }
    }

    @Test func everyTypeCanBeDescribed() async throws {
        #expect(try await made().faults == [])
    }

    @Test func everyRouteIsDescribed() async throws {
        let (document, _, endpoints) = try await made()
        for endpoint in endpoints {
            let path = ParameterDescription(endpoint: endpoint).path
            let operation = document["paths"]?[path]?[endpoint.method.rawValue.lowercased()]
            #expect(operation?["summary"]?.stringValue?.isEmpty == false, "\(endpoint.method) \(path)")
            #expect(operation?["responses"]?[String(endpoint.status.code)] != nil, "\(endpoint.method) \(path)")
        }
    }

    @Test func namesOfOperationsAreDistinct() async throws {
        let (document, _, endpoints) = try await made()
        let names = operations(document).compactMap { $0.operation["operationId"]?.stringValue }
        #expect(names.count == endpoints.count)
        let twice = Dictionary(grouping: names, by: { $0 }).filter { $0.value.count > 1 }.keys.sorted()
        #expect(twice == [])
        #expect(names.allSatisfy { $0.wholeMatch(of: /[a-z][A-Za-z0-9]*/) != nil }, "\(names)")
    }

    @Test func objectsHaveNoOtherMembersThanTheirs() async throws {
        let document = try await made().document
        for (name, schema) in document["components"]?["schemas"]?.objectValue ?? [:] where schema["properties"] != nil {
            #expect(schema["additionalProperties"] == false, "\(name)")
            #expect(schema["required"]?.arrayValue != nil, "\(name)")
        }
    }

    @Test func examplesValidate() async throws {
        let document = try await made().document
        let check = SchemaCheck(document: document)
        var count = 0
        for (name, example) in document["components"]?["examples"]?.objectValue ?? [:] {
            count += 1
            let faults = check.faults(
                example["value"] ?? .null, ["$ref": .string("#/components/schemas/\(name)")])
            #expect(faults == [], "\(name)")
        }
        #expect(count > 30)
        for (name, response) in document["components"]?["responses"]?.objectValue ?? [:] {
            for media in (response["content"]?.objectValue ?? [:]).values {
                guard let example = media["example"], let schema = media["schema"] else { continue }
                #expect(check.faults(example, schema) == [], "\(name)")
            }
        }
    }

    @Test func referencesLeadSomewhere() async throws {
        let document = try await made().document
        let check = SchemaCheck(document: document)
        func look(_ value: JSONValue) {
            switch value {
            case .object(let members):
                if let target = members["$ref"]?.stringValue { #expect(check.resolve(target) != nil, "\(target)") }
                members.values.forEach(look)
            case .array(let elements): elements.forEach(look)
            default: break
            }
        }
        look(document)
    }

    /// Rules stand in one place: what a request checks is what its schema says.
    @Test func rulesOfRequestsAreShown() async throws {
        let document = try await made().document
        let schemas = document["components"]?["schemas"]
        let name = schemas?["ContactNew"]?["properties"]?["name"]
        #expect(name?["maxLength"]?.intValue == Int64(FieldRules.name.upperBound))
        let labels = schemas?["ConversationEdit"]?["properties"]?["labels"]
        #expect(labels?["maxItems"]?.intValue == Int64(FieldRules.maximumLabels))
        #expect(labels?["items"]?["maxLength"]?.intValue == Int64(FieldRules.label.upperBound))
        let content = schemas?["NewMessage"]?["properties"]?["content"]
        #expect(content?["maxLength"]?.intValue == 16_000)
    }

    @Test func theServerHandsItOut() async throws {
        let fixture = try await HTTPFixture()
        try await fixture.run { client in
            let reply = try await client.get("/openapi.json").expect(200)
            #expect(reply[header: "Content-Type"] == "application/json")
            #expect(reply["openapi"]?.stringValue == "3.1.0")
            var again = client
            again.headers[.ifNoneMatch] = reply[header: "ETag"]
            try await again.get("/openapi.json").expect(304)
        }
    }

    @Test func theCheckedInDocumentIsThisOne() async throws {
        let document = try await made().document
        let kept = try String(contentsOf: Self.root.appending(path: "docs/openapi.json"), encoding: .utf8)
        var current = document
        if case .object(var members) = current, case .object(var info)? = members["info"] {
            // The program's version; the fixture's is made up.
            info["version"] = (try? JSONValue(parsing: kept.utf8))?["info"]?["version"]
            members["info"] = .object(info)
            current = .object(members)
        }
        #expect(current.pretty == kept, "docs/openapi.json is not what the code says: run make openapi")
    }

    @Test func theFramesOfTheSocketsAreDescribed() throws {
        #expect(SocketDescription().faults == [])
        let kept = try String(contentsOf: Self.root.appending(path: "docs/events.md"), encoding: .utf8)
        #expect(SocketDocument().markdown == kept, "docs/events.md is not what the code says: run make openapi")
    }
}
