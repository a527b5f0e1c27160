/// How this server writes JSON: snake-cased keys, times as RFC 3339, slashes as they are.
public enum JSON {
    /// - Returns: the bytes; `null` for a value that cannot be written, such as a number that is not finite.
    public static func encode(_ value: some Encodable) -> [UInt8] {
        var writer = JSONWriter()
        writer.value(value)
        return writer.bytes
    }
}
