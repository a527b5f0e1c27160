/// Random keys of inboxes.
public enum InboxKeys {
    /// Names the inbox in a page's source; no secret.
    public static func publicKey() -> String { "ibx_" + text(characters: 24) }

    /// Signs identity tokens; as text, because that is how people copy it.
    public static func secret() -> String { "ibs_" + text(characters: 43) }

    private static func text(characters: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        let digits = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        return String((0..<characters).compactMap { _ in digits.randomElement(using: &generator) })
    }
}
