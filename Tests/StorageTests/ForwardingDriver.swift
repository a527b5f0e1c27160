import Storage

/// A driver that passes on to a real one what it does not do itself. Conforming types say how they write.
protocol ForwardingDriver: DatabaseDriver {
    var driver: any DatabaseDriver { get }
}

extension ForwardingDriver {
    var kind: String { driver.kind }
    var isShared: Bool { driver.isShared }
    @discardableResult
    func migrate() async throws -> SchemaMigration { try await driver.migrate() }
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws -> Value { try await driver.read(body) }
    func readInPlace<Value>(_ body: (any SQLConnection) throws -> Value) throws -> Value? {
        try driver.readInPlace(body)
    }
    func close() async { await driver.close() }
}
