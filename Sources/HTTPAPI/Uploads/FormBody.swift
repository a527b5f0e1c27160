import HTTPTypes
import Hummingbird
import NIOCore

/// The body of a `multipart/form-data` request, as it arrives.
struct FormBody: Sendable {
    /// Bytes per second below which an upload is ended, beside a minute that each has.
    static let slowestUpload: Int64 = 16 * 1024
    static let uploadGrace = Duration.seconds(60)

    let boundary: String
    private let body: RequestBody
    private let maximumBytes: Int64

    /// - Parameter maximumBytes: what may come, from which follows how long it may take.
    /// - Throws: 415 when the request says that it is something else, or no boundary of 1 to 70 characters (RFC 2046, 5.1.1).
    init(_ request: Request, maximumBytes: Int64) throws(Problem) {
        let type = HeaderParameters(request.headers[.contentType] ?? "")
        guard type.value == "multipart/form-data", let boundary = type["boundary"],
            (1...70).contains(boundary.utf8.count),
            boundary.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else {
            throw Problem(.unsupportedMediaType, detail: "the body must be multipart/form-data with its boundary")
        }
        self.boundary = boundary
        self.maximumBytes = maximumBytes
        body = request.body
    }

    /// Hands on each piece of the body.
    /// - Throws: 400 when it breaks off or comes too slowly, and what `take` throws.
    func read(_ take: (ByteBuffer) async throws -> Void) async throws {
        let end = ContinuousClock.now + Self.uploadGrace + .seconds(maximumBytes / Self.slowestUpload)
        var chunks = body.makeAsyncIterator()
        while let chunk = try await next(&chunks) {
            guard ContinuousClock.now < end else { throw Problem(.malformedJSON, detail: "the body came too slowly") }
            try await take(chunk)
        }
    }

    private func next(_ chunks: inout RequestBody.AsyncIterator) async throws -> ByteBuffer? {
        do {
            return try await chunks.next()
        } catch let error as CancellationError {
            throw error
        } catch {
            // Broken off, or no HTTP any more.
            throw Problem(.malformedJSON, detail: "the body could not be read to its end")
        }
    }
}
