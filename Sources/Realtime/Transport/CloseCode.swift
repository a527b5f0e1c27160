/// The status code of a close frame (RFC 6455 §7.4). Codes of the application (4000–4999) are declared by it.
public struct CloseCode: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt16

    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// The purpose of the connection is fulfilled.
    public static let normal = CloseCode(rawValue: 1000)
    /// The peer broke the framing rules.
    public static let protocolError = CloseCode(rawValue: 1002)
    /// Data of a kind that is not accepted here: binary messages.
    public static let unacceptableData = CloseCode(rawValue: 1003)
    /// A text message, or the reason of a close frame, that is not UTF-8.
    public static let invalidText = CloseCode(rawValue: 1007)
    /// A message above the limit.
    public static let messageTooBig = CloseCode(rawValue: 1009)
    /// The server goes away and the client should come back.
    public static let serviceRestart = CloseCode(rawValue: 1012)
    /// The server is overloaded.
    public static let tryAgainLater = CloseCode(rawValue: 1013)

    /// Whether a peer may send this code in a close frame: the codes that RFC 6455 §7.4 and the IANA registry define
    /// for the wire (1004–1006 and 1015 are reserved for use inside an endpoint), and 3000–4999.
    public var mayBeReceived: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }

    public var description: String { String(rawValue) }
}
