import CLinux
import Glibc

/// Makes connections that never block.
enum Dialling {
    /// A TCP connection to 127.0.0.1 that is under way.
    static func connect(port: UInt16, source: String?) throws(Refused) -> Int32 {
        let file = try open()
        do throws(Refused) {
            if let source {
                guard linux_bind_address_only(file) == 0, var address = address(source, port: 0),
                    bind(file, &address)
                else { throw Refused("cannot bind \(source): \(reason())") }
            }
            guard var target = address("127.0.0.1", port: port) else { throw Refused("no loopback address") }
            let result = withUnsafePointer(to: &target) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard result == 0 || errno == EINPROGRESS else { throw Refused("cannot connect: \(reason())") }
            return file
        } catch {
            close(file)
            throw error
        }
    }

    /// A listener on 127.0.0.1, and its port.
    static func listen(port: UInt16) throws(Refused) -> (file: Int32, port: UInt16) {
        let file = try open()
        set(file, SOL_SOCKET, SO_REUSEADDR, 1)
        guard var local = address("127.0.0.1", port: port), bind(file, &local), Glibc.listen(file, 4_096) == 0 else {
            let reason = reason()
            close(file)
            throw Refused("cannot listen on \(port): \(reason)")
        }
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &local) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(file, $0, &size) }
        }
        return (file, UInt16(bigEndian: local.sin_port))
    }

    static func set(_ file: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(file, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    static func sendAtOnce(_ file: Int32) {
        set(file, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    }

    static func reason(_ number: Int32 = errno) -> String {
        String(cString: strerror(number))
    }

    private static func open() throws(Refused) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let file = socket(AF_INET, kind, 0)
        guard file >= 0 else { throw Refused("no socket: \(reason())") }
        sendAtOnce(file)
        return file
    }

    private static func address(_ text: String, port: UInt16) -> sockaddr_in? {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        return inet_pton(AF_INET, text, &address.sin_addr) == 1 ? address : nil
    }

    private static func bind(_ file: Int32, _ address: inout sockaddr_in) -> Bool {
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
