import Glibc

/// `bench-load` (commands on standard input) and `bench-load echo` (what its own ceiling is measured against).
public enum Program {
    private static let usage = """
        usage: bench-load < commands.jsonl
               bench-load echo --port P --kind desk|fanout|http [--fault drop:N|double:N|swap:N|number:N]

        """

    /// - Returns: the exit code.
    public static func run(_ arguments: [String]) -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        raiseFileLimit()
        do throws(Refused) {
            switch arguments.first {
            case nil: try Commands(input: STDIN_FILENO, output: STDOUT_FILENO).run()
            case "echo": try echo(Array(arguments.dropFirst()))
            default: throw Refused(usage)
            }
            return 0
        } catch {
            write("bench-load: \(error.reason)\n", to: STDERR_FILENO)
            return 2
        }
    }

    private static func echo(_ arguments: [String]) throws(Refused) {
        var port: UInt16 = 0
        var fault: Echo.Fault?
        var isKnown = false
        var index = 0
        while index + 1 < arguments.count {
            let value = arguments[index + 1]
            switch arguments[index] {
            case "--port":
                guard let number = UInt16(value) else { throw Refused("not a port: \(value)") }
                port = number
            case "--kind":
                // One server speaks all three, by the path; the kind is what the caller means to do.
                guard ["desk", "fanout", "http"].contains(value) else { throw Refused("not a kind: \(value)") }
                isKnown = true
            case "--fault":
                guard let planted = Echo.Fault(value) else { throw Refused("not a fault: \(value)") }
                fault = planted
            default: throw Refused(usage)
            }
            index += 2
        }
        guard isKnown, index == arguments.count else { throw Refused(usage) }
        let echo = try Echo(port: port, fault: fault)
        write("{\"ok\":{\"port\":\(echo.port)}}\n", to: STDOUT_FILENO)
        while true { echo.turn() }
    }

    private static func raiseFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private static func write(_ text: String, to file: Int32) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(file, bytes, bytes.count)
    }
}
