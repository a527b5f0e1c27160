/// Reads request types from JSON and tells clients exactly what is wrong.
///
/// Differs from Foundation's decoder in that it
/// - refuses members that the type does not have, at every level (typos must not be silently dropped),
/// - names the field at fault by its path in snake case, and why by a code: `required` (missing or null),
///   `wrong_type`, `out_of_range`, `invalid_value`, or the one of an ``InvalidValue`` that a type throws,
/// - maps property names (`clientMessageId`) to keys (`client_message_id`), but never the keys of a `[String: …]`
///   or a ``JSONValue``, which are data,
/// - tells absent from null for properties of type ``Patch``.
///
/// Of several faults the first is reported. A missing field together with an unknown one is taken for a typo and
/// reported as the unknown one; a type with a hand-written `init(from:)` should therefore list all its keys in one
/// `CodingKeys`. Property names must not have two capitals in a row (`workspaceId`, not `workspaceID`).
public struct StrictJSONDecoder: Sendable {
    public init() {}

    /// - Throws: ``RequestBodyError/unknownFields(_:)`` or ``RequestBodyError/invalid(_:)``.
    public func decode<T: Decodable>(_ type: T.Type, from value: JSONValue) throws(RequestBodyError) -> T {
        let unknown = UnknownFields()
        let node = DecodingNode(value: value, unknown: unknown)
        let result: T
        do {
            result = try node.decode(type)
        } catch let error as RequestBodyError {
            throw error
        } catch {
            throw node.problem("invalid_value", "is not valid")
        }
        guard unknown.paths.isEmpty else { throw .unknownFields(unknown.paths) }
        return result
    }

    /// Parses and decodes.
    public func decode<T: Decodable>(
        _ type: T.Type, parsing bytes: some Collection<UInt8>, limits: JSONLimits = JSONLimits()
    ) throws(RequestBodyError) -> T {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes, limits: limits)
        } catch {
            throw .malformed(error)
        }
        return try decode(type, from: value)
    }
}

/// What one decoding run has found so far.
final class UnknownFields {
    private(set) var paths: [String] = []

    func add(_ path: String) {
        if paths.count < RequestBodyError.maximumUnknownFields { paths.append(path) }
    }
}
