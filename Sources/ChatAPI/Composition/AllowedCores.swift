import Foundation
import NIOCore

/// The CPU cores that this process may run on.
enum AllowedCores {
    /// Where Linux says it: of the main thread, whose cores the threads that it starts inherit.
    private static let status = "/proc/self/status"

    /// As many as the scheduler allows (`taskset`, systemd's `CPUAffinity=`, a container's cpuset) and the control group has
    /// time for; at least one.
    ///
    /// `System.coreCount` knows of the control group only: pinned to one core, two event loops would take turns on it, and an
    /// event would wake both.
    static var count: Int {
        let allowed = (try? String(contentsOfFile: status, encoding: .utf8)).flatMap(number(inStatus:))
        return max(1, min(System.coreCount, allowed ?? .max))
    }

    /// How many cores `/proc/self/status` lists as allowed; nil when it says nothing that is understood.
    /// Its format is `Cpus_allowed_list:` and ranges as in `0-3,8` (proc_pid_status(5), cpuset(7)).
    static func number(inStatus text: String) -> Int? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Cpus_allowed_list:") }) else {
            return nil
        }
        var number = 0
        for range in line.dropFirst("Cpus_allowed_list:".count).split(separator: ",") {
            let ends = range.split(separator: "-").map { Int($0.trimmingCharacters(in: .whitespaces)) }
            switch (ends.count, ends.first ?? nil, ends.last ?? nil) {
            case (1, _?, _): number += 1
            case (2, let first?, let last?) where 0 <= first && first <= last && last < 1 << 20:
                number += last - first + 1
            default: return nil
            }
        }
        return number > 0 ? number : nil
    }

    /// Makes the process's event loops as many as its cores. Once, before the first of them is used.
    static func limitEventLoops() {
        let count = count
        if count < System.coreCount { NIOSingletons.groupLoopCountSuggestion = count }
    }
}
