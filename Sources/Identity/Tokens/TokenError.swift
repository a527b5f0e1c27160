/// Why a signed token was refused. What a client is told is the caller's choice.
public enum TokenError: Error, Hashable, Sendable {
    /// Not a token at all, over-long, or without a claim that it must have.
    case malformed
    /// Genuine, but its time is over.
    case expired
    /// Not made by the holder of the secret, or made for another purpose: wrong key, algorithm, issuer or audience.
    case forged
}
