import Foundation
import Storage

/// Looks whether what listens at an address is a MySQL server at all: the client library would take another program's
/// silence or chatter for a lost connection, and the start would be tried again for ever.
enum ServerProbe {
    /// How long the server's greeting is waited for, in milliseconds. A MySQL server speaks first.
    static let greetingMilliseconds: Int32 = 2000
    /// How long the TCP connection is waited for, in milliseconds.
    static let connectMilliseconds: Int32 = 3000

    /// - Throws: ``StorageFailure/misconfigured(_:)`` when something else answers, ``StorageFailure/unavailable(_:)`` when
    ///   nothing does.
    static func look(at address: MySQLAddress) throws(StorageFailure) {
        let place = "\(address.host):\(address.port)"
        let socket = try open(address, place)
        defer { close(socket) }
        var bytes = receive(socket, milliseconds: greetingMilliseconds)
        if bytes == .silence {
            // A program that waits for the client to speak first. A line that servers of most protocols answer to.
            let line = Array("GET / HTTP/1.0\r\n\r\n".utf8)
            _ = send(socket, line, line.count, Int32(MSG_NOSIGNAL))
            bytes = receive(socket, milliseconds: greetingMilliseconds)
        }
        switch bytes {
        case .silence: throw .unavailable("\(place) takes connections and does not answer")
        case .end: throw .unavailable("\(place) ended the connection without a word")
        case .bytes(let bytes):
            guard isGreeting(bytes) else { throw .misconfigured("\(place) speaks another protocol than MySQL's") }
        }
    }

    /// Whether bytes begin as a MySQL server's first packet does: three bytes of length, number 0, then the version of the
    /// protocol, 10, or an error, such as "too many connections".
    static func isGreeting(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= 5, bytes[2] == 0, bytes[3] == 0 else { return false }
        return bytes[4] == 10 || bytes[4] == 0xff
    }

    private enum Received: Equatable {
        case bytes([UInt8])
        case silence
        case end
    }

    /// Waits for the first bytes.
    private static func receive(_ socket: Int32, milliseconds: Int32) -> Received {
        let deadline = ContinuousClock.now + .milliseconds(Int64(milliseconds))
        var received: [UInt8] = []
        while received.count < 5 {
            let left = (deadline - .now) / .milliseconds(1)
            guard left > 0 else { break }
            var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            guard poll(&descriptor, 1, Int32(left.rounded(.up))) > 0 else { continue }
            var buffer = [UInt8](repeating: 0, count: 64)
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count > 0 else { return received.isEmpty ? .end : .bytes(received) }
            received += buffer.prefix(count)
        }
        return received.isEmpty ? .silence : .bytes(received)
    }

    private static func open(_ address: MySQLAddress, _ place: String) throws(StorageFailure) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(address.host, String(address.port), &hints, &found)
        guard status == 0 else {
            throw .unavailable("the host \(address.host) is not found: \(String(cString: gai_strerror(status)))")
        }
        defer { freeaddrinfo(found) }
        var problem = "no address"
        var next = found
        while let info = next {
            next = info.pointee.ai_next
            let socket = socket(
                info.pointee.ai_family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
            guard socket >= 0 else { continue }
            let status = connect(socket, info.pointee.ai_addr, info.pointee.ai_addrlen) == 0 ? 0 : errno
            guard let failed = status == EINPROGRESS ? outcome(of: socket) : status == 0 ? nil : text(status) else {
                return socket
            }
            problem = failed
            close(socket)
        }
        throw .unavailable("no connection to \(place): \(problem)")
    }

    /// Waits for a connection to be made.
    /// - Returns: why it was not, or nil.
    private static func outcome(of socket: Int32) -> String? {
        var descriptor = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
        guard poll(&descriptor, 1, connectMilliseconds) > 0 else { return "no answer within \(connectMilliseconds) ms" }
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length) == 0 else { return text(errno) }
        return error == 0 ? nil : text(error)
    }

    private static func text(_ error: Int32) -> String {
        strerror(error).map { String(cString: $0) } ?? "error \(error)"
    }
}
