import Domain
import HTTPTypes
import Storage
import Wire

/// What models cost, from when on.
struct PriceRoutes: Sendable {
    let store: ChatStore
    let views: ViewMaker
    /// Names of the providers that there are.
    let providers: [String]

    struct New: Decodable, Sendable, Validated {
        var provider: String
        /// The model; with `*` at its end every model whose name begins like that. Of several prices that of the whole name
        /// holds, then that of the longest beginning.
        var model: String
        /// Of a million tokens read, in millionths of the workspace's currency.
        var inputMicros: Int64
        /// The same of tokens from the provider's cache; like other input when not given.
        var cachedInputMicros: Int64?
        /// Of a million tokens written, in millionths of the workspace's currency.
        var outputMicros: Int64
        /// From when on it holds, until the next price of the same model; now when not given.
        var effectiveFrom: Timestamp?

        func validate(_ check: inout Validation) {
            check.text(provider, field: "provider", scalars: 1...64)
            check.text(model, field: "model", scalars: AssistantPrice.modelLength)
            if model.dropLast().contains(AssistantPrice.wildcard) {
                check.reject("model", code: "invalid_value", message: "may have * only at its end")
            }
            let range = AssistantPrice.micros
            for (field, value) in [
                ("input_micros", inputMicros), ("cached_input_micros", cachedInputMicros ?? 0),
                ("output_micros", outputMicros),
            ] {
                check.number(value, field: field, in: range)
            }
        }
    }

    private static let path = "/api/v1/admin/ai/prices"

    func register(in table: inout EndpointTable) {
        table.group = "Assistant"
        table.get(
            Self.path, summary: "Prices of models, those added last first", access: .staff(.settingsRead),
            query: Paging.parameters, response: ListView<PriceView>.self
        ) { call in
            let access = call.access
            var query = call.query
            let page = query.page(of: "prices", AssistantPrice.self)
            try query.finish()
            let slice = try await store.read { try $0.prices(after: page.position, limit: page.limit, by: access) }
            return Answer(ListView(slice, of: "prices", AssistantPrice.self, views.identifiers, views.price))
        }
        table.post(
            Self.path,
            summary: "Add a price. It counts for calls from then on; what was called before keeps what it cost",
            access: .staff(.settingsWrite), request: New.self, response: PriceView.self, status: .created,
            problems: [.conflict]
        ) { body, call in
            let (price, access) = (try price(body), call.access)
            return Answer(views.price(try await store.write { try $0.addPrice(price, by: access) }))
        }
        table.delete(
            Self.path + "/{id}", summary: "Delete a price: calls from now on cost what the one before it says",
            access: .staff(.settingsWrite)
        ) { call in
            let (id, access) = (try call.id(AssistantPrice.self), call.access)
            try await store.write { try $0.deletePrice(id, by: access) }
            return .done
        }
    }

    private func price(_ new: New) throws(ValidationProblems) -> NewPrice {
        var check = Validation()
        new.validate(&check)
        if !providers.contains(new.provider) {
            check.reject(
                "provider", code: "unknown_provider",
                message: "is not a provider of this installation, which has \(providers.joined(separator: ", "))")
        } else if new.provider == AssistantPrice.freeProvider {
            check.reject("provider", code: "invalid_value", message: "costs nothing: it answers from the articles")
        }
        try check.finish()
        return NewPrice(
            provider: new.provider, model: new.model, effectiveFrom: new.effectiveFrom, inputMicros: new.inputMicros,
            cachedInputMicros: new.cachedInputMicros ?? new.inputMicros, outputMicros: new.outputMicros)
    }
}
