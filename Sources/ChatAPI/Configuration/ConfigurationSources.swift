import Foundation

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Where a configuration comes from. The strongest source that has a key wins: options of the command, then the
/// process environment, then `.env` in the working directory.
struct ConfigurationSources: Sendable {
    /// Values by key name, from options of the command.
    var options: [String: String] = [:]
    var environment: [String: String]
    /// Folder of `.env`, and the one that relative paths start from.
    var workingDirectory: String
    var hostName: String
    var terminal: Terminal

    /// Those of the running process.
    static func process() -> ConfigurationSources {
        let environment = ProcessInfo.processInfo.environment
        return ConfigurationSources(
            environment: environment, workingDirectory: ".", hostName: ownHostName(),
            terminal: Terminal(isTerminal: isatty(STDOUT_FILENO) == 1, environment: environment))
    }

    /// The host's name as the kernel knows it: asking a name server could take seconds.
    private static func ownHostName() -> String {
        var name = [UInt8](repeating: 0, count: 256)
        let result: Int32? = name.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { gethostname($0.assumingMemoryBound(to: CChar.self), bytes.count - 1) }
        }
        return result == 0 ? String(decoding: name.prefix { $0 != 0 }, as: UTF8.self) : ""
    }
}
