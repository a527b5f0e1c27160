import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import Wire

/// Reads JSON bodies, bounded and strictly.
enum RequestBodyReader {
    /// Contract: a body has at most 1 MiB unless it is an upload.
    static let maximumBytes = 1 << 20

    /// The bytes of a body.
    /// - Throws: 413, or 400 when it breaks off.
    static func bytes(of request: inout Request) async throws -> ByteBuffer {
        do {
            return try await request.collectBody(upTo: maximumBytes)
        } catch let error as NIOTooManyBytesError {
            throw error
        } catch let error as CancellationError {
            throw error
        } catch {
            // Broken off, or no HTTP any more.
            throw Problem(.malformedJSON, detail: "the body could not be read to its end")
        }
    }

    /// The value that a body stands for.
    /// - Parameter emptyIsObject: no body at all means `{}`.
    /// - Throws: 415, 400, or 422 with what is wrong, by the rules that the type has.
    static func value<Body: Decodable>(
        _ type: Body.Type, in bytes: ByteBuffer, _ headers: HTTPFields, emptyIsObject: Bool = false
    ) throws -> Body {
        let value: Body
        if bytes.readableBytes == 0, emptyIsObject {
            value = try StrictJSONDecoder().decode(type, from: .object([:]))
        } else {
            if bytes.readableBytes > 0 { try requireJSON(headers) }
            value = try StrictJSONDecoder().decode(type, parsing: bytes.readableBytesView)
        }
        if let request = value as? any Validated {
            var check = Validation()
            request.validate(&check)
            try check.finish()
        }
        return value
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
