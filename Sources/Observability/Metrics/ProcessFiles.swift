#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The files under `/proc` that describe a process (proc(5)).
public struct ProcessFiles: Sendable {
    /// Of one file. `/proc/stat` has a number for each interrupt before the line that is looked for, `smaps` 25 lines for
    /// each piece of memory.
    private static let maximumBytes = 1 << 20
    private static let chunkBytes = 16 * 1024

    var process = "/proc/self"
    var machine = "/proc"

    public init() {}

    init(process: String, machine: String = "/proc") {
        self.process = process
        self.machine = machine
    }

    /// What lies where in memory, piece by piece, and how much of it is resident (`smaps`).
    public func memoryMap() -> String? { text("\(process)/smaps") }

    func status() -> ProcessStatus? {
        text("\(process)/stat").flatMap {
            ProcessStatus(
                parsing: $0, ticksPerSecond: Self.systemValue(_SC_CLK_TCK), pageBytes: Self.systemValue(_SC_PAGESIZE))
        }
    }

    /// Seconds since 1970.
    func startTime() -> Double? {
        guard let status = status(),
            let line = text("\(machine)/stat")?.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
            let boot = Double(line.dropFirst("btime ".count))
        else { return nil }
        return boot + status.startSecondsAfterBoot
    }

    func openDescriptors() -> Double? {
        guard let folder = opendir("\(process)/fd") else { return nil }
        defer { closedir(folder) }
        var entries = 0
        while readdir(folder) != nil { entries += 1 }
        // Without `.`, `..` and the folder itself, which is open for this count.
        return Double(max(0, entries - 3))
    }

    func maximumDescriptors() -> Double? {
        let line = text("\(process)/limits")?.split(separator: "\n").first { $0.hasPrefix("Max open files") }
        guard let limit = line?.dropFirst("Max open files".count).split(separator: " ").first else { return nil }
        return limit == "unlimited" ? .infinity : Double(limit)
    }

    private func text(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: Self.chunkBytes)
        while bytes.count < Self.maximumBytes {
            let count = chunk.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count <= 0 { break }
            bytes += chunk.prefix(count)
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    private static func systemValue(_ name: some BinaryInteger) -> Double { Double(sysconf(Int32(name))) }
}

/// A line of `/proc/<pid>/stat`.
struct ProcessStatus: Equatable {
    let cpuSeconds: Double
    let startSecondsAfterBoot: Double
    let residentBytes: Double
    let virtualBytes: Double
    let threads: Double

    /// Nil when it is not such a line.
    init?(parsing line: String, ticksPerSecond: Double, pageBytes: Double) {
        // The second field is the program's name in parentheses, and may itself have blanks and parentheses.
        guard ticksPerSecond > 0, pageBytes > 0, let end = line.lastIndex(of: ")") else { return nil }
        let fields = line[line.index(after: end)...].split(whereSeparator: \.isWhitespace).map { Double($0) }
        // Numbered as in proc(5), where the first of these is the third.
        func field(_ number: Int) -> Double? { fields.indices.contains(number - 3) ? fields[number - 3] : nil }
        guard let user = field(14), let system = field(15), let threads = field(20), let start = field(22),
            let virtualBytes = field(23), let residentPages = field(24)
        else { return nil }
        cpuSeconds = (user + system) / ticksPerSecond
        startSecondsAfterBoot = start / ticksPerSecond
        residentBytes = residentPages * pageBytes
        self.virtualBytes = virtualBytes
        self.threads = threads
    }
}
