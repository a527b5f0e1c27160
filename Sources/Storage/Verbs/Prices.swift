public import Domain

/// A price as an admin enters it.
public struct NewPrice: Sendable, Equatable {
    public var provider: String
    public var model: String
    /// Nil for now.
    public var effectiveFrom: Timestamp?
    public var inputMicros: Int64
    public var cachedInputMicros: Int64
    public var outputMicros: Int64

    public init(
        provider: String, model: String, effectiveFrom: Timestamp? = nil, inputMicros: Int64,
        cachedInputMicros: Int64, outputMicros: Int64
    ) {
        self.provider = provider
        self.model = model
        self.effectiveFrom = effectiveFrom
        self.inputMicros = inputMicros
        self.cachedInputMicros = cachedInputMicros
        self.outputMicros = outputMicros
    }
}

extension Transaction {
    /// Adds a price. Calls that were made before it was added keep what they cost.
    /// - Throws: ``Refusal/forbidden``; ``Refusal/conflict(_:)`` when the model has a price from that moment on, or the
    ///   workspace has too many.
    public func addPrice(_ entered: NewPrice, by access: Access) throws -> AssistantPrice {
        try access.require(.settingsWrite)
        try lockSettings(of: access.workspaceId)
        let known = try priceList(of: access.workspaceId).prices
        guard known.count < AssistantPrice.maximumPerWorkspace else {
            throw Refusal.conflict("a workspace has at most \(AssistantPrice.maximumPerWorkspace) prices")
        }
        let price = AssistantPrice(
            id: identifiers.next(), workspaceId: access.workspaceId, provider: entered.provider, model: entered.model,
            effectiveFrom: entered.effectiveFrom ?? now, inputMicros: entered.inputMicros,
            cachedInputMicros: entered.cachedInputMicros, outputMicros: entered.outputMicros, createdAt: now)
        let isTaken = known.contains {
            $0.provider == price.provider && $0.model == price.model && $0.effectiveFrom == price.effectiveFrom
        }
        if isTaken { throw Refusal.conflict("this model has a price from that moment on") }
        try connection.run(
            """
            INSERT INTO ai_prices (id, workspace_id, provider, model, effective_from, input_micros, \
            cached_input_micros, output_micros, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .identifier(price.id), .identifier(price.workspaceId), .text(price.provider), .text(price.model),
                .time(price.effectiveFrom), .integer(price.inputMicros), .integer(price.cachedInputMicros),
                .integer(price.outputMicros), .time(price.createdAt),
            ])
        try audit(.priceCreated, .price(price.id), after: price.audited, by: access)
        return price
    }

    /// Deletes a price: calls from now on cost what the one before it says.
    /// - Throws: ``Refusal/forbidden``, ``Refusal/notFound``.
    public func deletePrice(_ id: Identifier<AssistantPrice>, by access: Access) throws {
        try access.require(.settingsWrite)
        try lockSettings(of: access.workspaceId)
        guard let price = try priceList(of: access.workspaceId).prices.first(where: { $0.id == id }) else {
            throw Refusal.notFound
        }
        try connection.run("DELETE FROM ai_prices WHERE id = ?", [.identifier(id)])
        try audit(.priceDeleted, .price(id), before: price.audited, by: access)
    }
}

extension RowReader {
    /// Prices of the workspace, those added last first.
    /// - Throws: ``Refusal/forbidden``.
    public func prices(
        after position: KeysetPosition?, limit: Int, by access: Access
    ) throws -> KeysetSlice<AssistantPrice> {
        try access.require(.settingsRead)
        let rows = try connection.rows(
            "SELECT \(PriceRow.columns) FROM ai_prices WHERE workspace_id = ? AND id < ? ORDER BY id DESC LIMIT ?",
            [.identifier(access.workspaceId), .integer(position?.id ?? Int64.max), .integer(Int64(limit) + 1)],
            PriceRow.decode)
        return KeysetSlice(rows, limit: limit) { $0.id.rawValue }
    }

    /// All prices of a workspace.
    public func priceList(of workspaceId: Identifier<Workspace>) throws -> PriceList {
        PriceList(
            try connection.rows(
                "SELECT \(PriceRow.columns) FROM ai_prices WHERE workspace_id = ?", [.identifier(workspaceId)],
                PriceRow.decode))
    }
}

/// Columns and decoding of `ai_prices`.
private enum PriceRow {
    static let columns = """
        id, workspace_id, provider, model, effective_from, input_micros, cached_input_micros, output_micros, created_at
        """

    static func decode(_ row: any SQLRow) -> AssistantPrice {
        AssistantPrice(
            id: row.identifier(0), workspaceId: row.identifier(1), provider: row.text(2), model: row.text(3),
            effectiveFrom: row.timestamp(4), inputMicros: row.integer(5), cachedInputMicros: row.integer(6),
            outputMicros: row.integer(7), createdAt: row.timestamp(8))
    }
}

extension AssistantPrice {
    fileprivate var audited: JSONValue {
        [
            "provider": .string(provider), "model": .string(model),
            "effective_from": .string(effectiveFrom.rfc3339), "input_micros": .int(inputMicros),
            "cached_input_micros": .int(cachedInputMicros), "output_micros": .int(outputMicros),
        ]
    }
}
