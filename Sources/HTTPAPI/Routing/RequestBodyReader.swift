import Domain
import HTTPTypes
import Hummingbird
import NIOCore

/// Reads JSON bodies, bounded and strictly.
enum RequestBodyReader {
    /// Contract: a body has at most 1 MiB unless it is an upload.
    static let maximumBytes = 1 << 20

    /// The request's value.
    /// - Parameter emptyIsObject: no body at all means `{}`.
    /// - Throws: 413, 415, 400, or 422 with what is wrong.
    static func read<Body: Decodable>(
        _ type: Body.Type, of request: inout Request, emptyIsObject: Bool
    ) async throws -> Body {
        let bytes: ByteBuffer
        do {
            bytes = try await request.collectBody(upTo: maximumBytes)
        } catch let error as NIOTooManyBytesError {
            throw error
        } catch let error as CancellationError {
            throw error
        } catch {
            // Broken off, or no HTTP any more.
            throw Problem(.malformedJSON, detail: "the body could not be read to its end")
        }
        if bytes.readableBytes == 0, emptyIsObject {
            return try StrictJSONDecoder().decode(type, from: .object([:]))
        }
        if bytes.readableBytes > 0 { try requireJSON(request.headers) }
        return try StrictJSONDecoder().decode(type, parsing: bytes.readableBytesView)
    }

    private static func requireJSON(_ headers: HTTPFields) throws(Problem) {
        let type = headers[.contentType]?.split(separator: ";").first.map { $0.trimmed.lowercased() }
        guard type == "application/json" else { throw Problem(.unsupportedMediaType) }
        let encoding = headers[.contentEncoding]?.trimmed.lowercased()
        guard encoding == nil || encoding == "identity" else {
            throw Problem(.unsupportedMediaType, detail: "the body must not be compressed")
        }
    }
}
