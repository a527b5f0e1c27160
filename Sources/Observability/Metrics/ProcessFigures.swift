/// What the operating system knows of this process, under the names that Prometheus' own clients use. What cannot be
/// read, as where there is no `/proc`, is left out.
public struct ProcessFigures: Sendable {
    private let files: ProcessFiles

    public init() { self.init(files: ProcessFiles()) }

    init(files: ProcessFiles) { self.files = files }

    /// Help for ``observe(in:)``.
    public static let families = [
        FamilyDescription("process_cpu_seconds_total", "Processor time used by the process, in user and system mode."),
        FamilyDescription("process_resident_memory_bytes", "Memory of the process that is in RAM."),
        FamilyDescription("process_virtual_memory_bytes", "Address space of the process."),
        FamilyDescription("process_open_fds", "Open file descriptors: sockets, files, pipes."),
        FamilyDescription("process_max_fds", "File descriptors that the process may have open."),
        FamilyDescription("process_start_time_seconds", "When the process started, in seconds since 1970 UTC."),
        FamilyDescription("process_threads", "Threads of the process."),
    ]

    /// Has each of them asked for at every scrape.
    public func observe(in metrics: PrometheusMetrics) {
        let files = files
        metrics.observe("process.cpu.seconds", .counter) { files.status()?.cpuSeconds }
        metrics.observe("process.resident.memory.bytes") { files.status()?.residentBytes }
        metrics.observe("process.virtual.memory.bytes") { files.status()?.virtualBytes }
        metrics.observe("process.threads") { files.status()?.threads }
        metrics.observe("process.open.fds") { files.openDescriptors() }
        metrics.observe("process.max.fds") { files.maximumDescriptors() }
        // Does not change; read now, because it needs the time when the machine started.
        let start = files.startTime()
        metrics.observe("process.start.time.seconds") { start }
    }
}
