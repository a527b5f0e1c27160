import Domain
import HTTPTypes
import Synchronization
import Testing
import Wire

@testable import HTTPAPI

/// The description as a judge of answers: every one that a test gets is held against it.
struct DescribedAnswers: Sendable {
    private let check: SchemaCheck
    private let endpoints: [Endpoint]

    private static let kept = Mutex<DescribedAnswers?>(nil)

    /// That of the program, made once.
    static func of(_ interface: HTTPInterface) -> DescribedAnswers {
        kept.withLock { kept in
            if let kept { return kept }
            let endpoints = interface.endpoints
            let document = APIDescription(endpoints: endpoints, version: "0").document
            let made = DescribedAnswers(check: SchemaCheck(document: document), endpoints: endpoints)
            kept = made
            return made
        }
    }

    private func resolved(_ answer: JSONValue) -> JSONValue {
        answer["$ref"]?.stringValue.flatMap(check.resolve) ?? answer
    }

    func judge(_ reply: Reply, to method: HTTPRequest.Method, _ uri: String) {
        let segments = uri.prefix { $0 != "?" && $0 != "#" }.split(separator: "/")
        let asked: HTTPRequest.Method = method == .head ? .get : method
        // What is written out comes before what a parameter stands for.
        let found = endpoints.filter { $0.matches(segments) && $0.method == asked }
            .min { $0.path.count { $0 == "{" } < $1.path.count { $0 == "{" } }
        guard let found, method != .options else { return }
        let shown = "\(method) \(uri) → \(reply.status)"
        let path = ParameterDescription(endpoint: found).path
        let operation = check.document["paths"]?[path]?[asked.rawValue.lowercased()]
        guard let answer = operation?["responses"]?[String(reply.status)].map(resolved) else {
            Issue.record("\(shown): a status that is not described: \(reply.text.prefix(300))")
            return
        }
        guard method != .head, let type = reply[header: "Content-Type"]?.split(separator: ";").first else { return }
        guard let media = answer["content"]?[String(type)] else {
            Issue.record("\(shown): \(type) is not described")
            return
        }
        guard type.hasSuffix("json"), let schema = media["schema"] else { return }
        let faults = check.faults(reply.json, schema)
        #expect(faults == [], "\(shown): \(reply.text.prefix(600))")
    }
}
