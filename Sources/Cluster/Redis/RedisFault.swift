import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Whether Redis can be used, as found at the start.
public enum RedisReach: Sendable, Equatable {
    case connected
    /// Not now; the bus goes on trying and joins when it can.
    case outOfReach(String)
    /// Never with these settings: a wrong password, scheme, protocol or database. One line, without the password.
    case misconfigured(String)
}

/// Why a connection ended, or did not come to be.
enum RedisFault: Error, Sendable, Equatable {
    case outOfReach(String)
    case misconfigured(String)
    /// No answer in time; the connection may still be good.
    case late
    /// So much is under way that nothing more is taken.
    case overloaded
    /// By us.
    case closed

    var reason: String {
        switch self {
        case .outOfReach(let reason), .misconfigured(let reason): reason
        case .late: "no answer in time"
        case .overloaded: "too much is under way"
        case .closed: "closed"
        }
    }

    var reach: RedisReach {
        if case .misconfigured(let reason) = self { return .misconfigured(reason) }
        return .outOfReach(reason)
    }
}

extension RedisFault {
    /// Beginnings of errors by which a server says that it cannot now, rather than that we may not.
    private static let passing = [
        "LOADING", "BUSY", "MASTERDOWN", "READONLY", "MISCONF", "OOM", "CLUSTERDOWN", "TRYAGAIN", "NOREPLICAS",
        "UNKILLABLE", "ERR max number of clients",
    ]

    /// Judges an error that a server answered.
    /// - Parameter secret: the command held a password, of which some servers quote what they did not understand.
    init(refusal: String, to command: String, isSecret: Bool = false) {
        let code = String(refusal.prefix { $0.isASCII && ($0.isUppercase || $0.isNumber) })
        let shown = isSecret ? (code.isEmpty ? "an error" : code) : refusal
        if Self.passing.contains(where: refusal.hasPrefix) {
            self = .outOfReach("the server answers \(shown)")
        } else if isSecret {
            self = .misconfigured("the server refuses the user name or the password (\(shown))")
        } else if code == "NOAUTH" {
            self = .misconfigured("the server wants a password, and none is given")
        } else {
            self = .misconfigured("the server refuses \(command): \(shown)")
        }
    }

    /// Judges an error of the connection, the network, TLS or the codec.
    init(_ error: any Error) {
        switch error {
        case let fault as RedisFault: self = fault
        case let fault as RESPDecoder.Fault: self = Self.protocolFault(fault)
        case let error as NIOConnectionError: self = .outOfReach(Self.text(of: error))
        case is NIOSSLExtraError: self = .misconfigured("the server's certificate is not for this host")
        case NIOSSLError.handshakeFailed(let error): self = Self.handshakeFault(String(describing: error))
        case ChannelError.connectTimeout: self = .outOfReach("no answer to the connection")
        case ChannelError.alreadyClosed, ChannelError.ioOnClosedChannel, ChannelError.eof:
            self = .outOfReach("the connection was closed")
        case let error as IOError: self = .outOfReach(Self.text(of: error))
        default: self = .outOfReach(String(String(describing: error).prefix(200)))
        }
    }

    private static func protocolFault(_ fault: RESPDecoder.Fault) -> RedisFault {
        switch fault {
        // A TLS record of the kind "alert".
        case .unknownKind(0x15): .misconfigured("the server speaks TLS; the address must begin with rediss://")
        case .unknownKind(UInt8(ascii: "H")):
            .misconfigured("the server speaks another protocol than Redis's, perhaps HTTP")
        case .unknownKind, .badNumber, .badLength, .badTerminator:
            .misconfigured("the server speaks another protocol than Redis's")
        case .excess: .outOfReach("the server sent more than a reply may hold")
        }
    }

    private static func handshakeFault(_ text: String) -> RedisFault {
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return .misconfigured("the server's certificate is not trusted")
        }
        if text.contains("WRONG_VERSION_NUMBER") || text.contains("UNEXPECTED_MESSAGE") {
            return .misconfigured("the server does not speak TLS; the address must begin with redis://")
        }
        if text.contains("EOF during handshake") {
            return .outOfReach("the connection was closed in the TLS handshake")
        }
        return .outOfReach("the TLS handshake failed: \(text.prefix(200))")
    }

    /// The system's words, without NIO's.
    private static func text(of error: IOError) -> String {
        String(validatingCString: strerror(error.errnoCode)) ?? "error \(error.errnoCode)"
    }

    private static func text(of error: NIOConnectionError) -> String {
        if let first = error.connectionErrors.first { return RedisFault(first.error).reason }
        return "the host's name is not found"
    }
}
