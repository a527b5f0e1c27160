import Domain
import Synchronization

/// How many uploads run at a time: each holds a file open, and for as long as its client likes.
final class UploadSlots: Sendable {
    /// Uploads of a process.
    static let maximum = 64
    /// Uploads of one caller.
    static let maximumPerCaller = 4

    private let maximum: Int
    private let maximumPerCaller: Int
    private let running = Mutex<[Uploader: Int]>([:])

    init(maximum: Int = UploadSlots.maximum, perCaller: Int = UploadSlots.maximumPerCaller) {
        self.maximum = maximum
        maximumPerCaller = perCaller
    }

    private struct Uploader: Hashable {
        var kind: Actor.Kind
        var id: Int64?
    }

    /// Runs `upload` in a slot.
    /// - Throws: 503 when all are taken, 429 when the caller's are; what `upload` throws.
    func run<Value>(for access: Access, _ upload: () async throws -> Value) async throws -> Value {
        let uploader = Uploader(kind: access.actor.kind, id: access.actor.id)
        try running.withLock { running in
            guard running[uploader, default: 0] < maximumPerCaller else {
                throw Problem(.rateLimited, retryAfter: 1, detail: "too many uploads at once")
            }
            guard running.values.reduce(0, +) < maximum else {
                throw Problem(.unavailable, retryAfter: 1, detail: "too many uploads at once, try again")
            }
            running[uploader, default: 0] += 1
        }
        defer {
            running.withLock { running in
                let left = running[uploader, default: 1] - 1
                running[uploader] = left > 0 ? left : nil
            }
        }
        return try await upload()
    }
}
