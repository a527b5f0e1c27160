public import Domain

/// What a model costs from a moment on.
public struct PriceView: Codable, Sendable, Equatable {
    public var id: String
    public var provider: String
    /// A model, or with `*` at its end every model whose name begins like that.
    public var model: String
    /// Of a million tokens read, in millionths of the workspace's currency.
    public var inputMicros: Int64
    /// The same of tokens from the provider's cache.
    public var cachedInputMicros: Int64
    /// Of a million tokens written, in millionths of the workspace's currency.
    public var outputMicros: Int64
    public var effectiveFrom: Timestamp
    public var createdAt: Timestamp
}

extension ViewMaker {
    public func price(_ price: AssistantPrice) -> PriceView {
        PriceView(
            id: identifiers.text(price.id), provider: price.provider, model: price.model,
            inputMicros: price.inputMicros, cachedInputMicros: price.cachedInputMicros,
            outputMicros: price.outputMicros, effectiveFrom: price.effectiveFrom, createdAt: price.createdAt)
    }
}
