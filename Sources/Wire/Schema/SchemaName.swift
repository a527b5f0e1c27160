/// Under which name a type is described: its own with the types around it, without the words that only the code needs.
/// `HTTPAPI.ContactRoutes.Edit` is `ContactEdit`, `Wire.MessageView.Sender` is `MessageSender`.
public enum SchemaName {
    private static let silentEndings = ["Routes", "View", "Document"]

    /// - Parameter isWhole: keeps those words, for a name that another type has already.
    public static func of(_ type: any Any.Type, isWhole: Bool = false) -> String {
        if let type = type as? any SchemaNamed.Type { return type.schemaName }
        // The module comes first; what stands in parentheses is a place in a file.
        let parts = String(reflecting: type).split(separator: ".").dropFirst().filter { !$0.hasPrefix("(") }
        let words = parts.map { part in
            let name = part.prefix { $0.isLetter || $0.isNumber }
            guard !isWhole, let ending = silentEndings.first(where: { name.hasSuffix($0) && name.count > $0.count })
            else { return String(name) }
            return String(name.dropLast(ending.count))
        }
        return words.joined()
    }
}
