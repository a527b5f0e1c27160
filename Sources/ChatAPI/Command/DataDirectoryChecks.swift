import Foundation

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What `doctor` finds out about the data folder without opening the database.
struct DataDirectoryChecks {
    /// Below this much free space, writes may soon fail.
    private static let scarceBytes: UInt64 = 1 << 30
    /// Below this much, they will.
    private static let exhaustedBytes: UInt64 = 64 << 20

    private let directory: DataDirectory

    init(_ directory: DataDirectory) {
        self.directory = directory
    }

    func run() -> [DoctorCheck] {
        [writable(), space()] + ["jwt-secret", "encryption-key"].compactMap(privacy)
    }

    private func writable() -> DoctorCheck {
        let isWritable = access(directory.path, R_OK | W_OK | X_OK) == 0
        return DoctorCheck(
            name: "data folder", status: isWritable ? .ok : .failed,
            detail: isWritable ? directory.path : "\(directory.path): \(SystemError.text(errno))")
    }

    private func space() -> DoctorCheck {
        var status = statvfs()
        guard statvfs(directory.path, &status) == 0 else {
            return DoctorCheck(name: "free space", status: .warning, detail: SystemError.text(errno))
        }
        let (free, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        if overflow { return DoctorCheck(name: "free space", status: .ok, detail: "plenty") }
        let verdict: DoctorCheck.Status =
            free < Self.exhaustedBytes ? .failed : free < Self.scarceBytes ? .warning : .ok
        return DoctorCheck(name: "free space", status: verdict, detail: "\(free >> 20) MiB")
    }

    private func privacy(of name: String) -> DoctorCheck? {
        var status = stat()
        guard stat(directory.file(name), &status) == 0 else { return nil }  // given by the configuration
        let mode = status.st_mode & 0o777
        return DoctorCheck(
            name: name, status: mode & 0o077 == 0 ? .ok : .failed,
            detail: "mode 0\(String(mode, radix: 8))" + (mode & 0o077 == 0 ? "" : ": others can read it"))
    }
}
