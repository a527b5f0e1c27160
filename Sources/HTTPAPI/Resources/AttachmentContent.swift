import Domain
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Storage
import Wire

/// The bytes of files, for whoever has a link that is still good.
///
/// Whatever a file is, no browser runs it: its type is one that the server found by its bytes and browsers must not guess
/// another, pages of it get no rights, and all but images are downloaded.
struct AttachmentContent: Sendable {
    /// Bytes that are read and written at once.
    static let chunkBytes = 256 * 1024
    static let contentSecurityPolicy = "default-src 'none'; sandbox"

    static let expires = QueryParameter.integer("expires", in: 0...Int64.max, "end of the link, as it was given")
        .required
    static let signature = QueryParameter.text("signature", maximum: 64, "of the link, as it was given").required

    let store: ChatStore
    let links: AttachmentLinks
    let folder: AttachmentFolder

    func register(in table: inout EndpointTable) {
        table.open(
            get: "/api/v1/chat/attachments/{id}/content", summary: "The bytes of a file, by its signed link",
            query: [Self.expires.description, Self.signature.description], response: NoContent.self,
            problems: [.forbidden]
        ) { call in
            Answer(response: try await respond(to: call))
        }
        table.describeLast {
            let types = FileKind.allCases.map(\.mediaType)
            $0.produces = types
            for type in types {
                $0.alternatives.append(
                    .init(
                        status: .partialContent, summary: "The range that `Range` asks for.", contentType: type,
                        type: nil))
            }
        }
        table.alsoAnswersNotModified()
    }

    private func respond(to call: OpenCall) async throws -> Response {
        let id = try call.id(Attachment.self)
        var query = call.query
        let (expires, signature) = (query[Self.expires], query[Self.signature])
        try query.finish()
        let seconds = try secondsLeft(id, expires, signature)
        guard let stored = try await store.read({ try $0.linkedAttachment(id) }) else { throw Refusal.notFound }
        let tag = EntityTag(digest: stored.digest)
        let headers = headers(of: stored.attachment, tag, seconds)
        if call.incoming.headers.knows(tag) {
            return Response(status: .notModified, headers: headers)
        }
        return try await content(of: stored.attachment, tag, headers, call)
    }

    private func secondsLeft(
        _ id: Identifier<Attachment>, _ expires: Int64?, _ signature: String?
    ) throws(Problem) -> Int64 {
        guard let expires, let signature else { throw Problem(.forbidden, detail: "the link is not whole") }
        do {
            return try links.check(id, expires: expires, signature: signature)
        } catch .expired {
            throw Problem(.forbidden, detail: "the link has expired: ask for the attachment again")
        } catch {
            throw Problem(.forbidden, detail: "the link is not genuine")
        }
    }

    private func headers(of file: Attachment, _ tag: EntityTag, _ seconds: Int64) -> HTTPFields {
        let isInline = FileKind.isShownInline(file.mediaType)
        return [
            .eTag: tag.text,
            .cacheControl: "private, max-age=\(seconds), immutable",
            .contentSecurityPolicy: Self.contentSecurityPolicy,
            // The widget shows images on the pages of others.
            .crossOriginResourcePolicy: "cross-origin",
            .acceptRanges: "bytes",
            .contentDisposition: FileName.disposition(isInline ? "inline" : "attachment", file.name),
        ]
    }

    private func content(
        of file: Attachment, _ tag: EntityTag, _ shared: HTTPFields, _ call: OpenCall
    ) async throws -> Response {
        var headers = shared
        headers[.contentType] = file.mediaType == FileKind.text.mediaType ? "text/plain; charset=utf-8" : file.mediaType
        let range = ByteRange(call.incoming.headers, size: file.size, tag: tag)
        if let range { headers[.contentRange] = "bytes \(range.first)-\(range.last)/\(file.size)" }
        let (first, end) = (range?.first ?? 0, (range?.last ?? file.size - 1) + 1)
        let folder = folder
        @Sendable func read(from offset: Int64) async throws -> [UInt8]? {
            try await folder.read(file.id, from: offset, count: Int(min(Int64(Self.chunkBytes), end - offset)))
        }
        // Before the answer begins, so that a file which is not there can still be one.
        guard let beginning = try await read(from: first), !beginning.isEmpty else {
            call.incoming.logger.error(
                "a file is missing: all nodes must share ATTACHMENT_DIR",
                metadata: ["attachment": "\(file.id.rawValue)"])
            throw Refusal.notFound
        }
        let body = ResponseBody(contentLength: Int(end - first)) { writer in
            var chunk = beginning
            var offset = first
            while true {
                try await writer.write(ByteBuffer(bytes: chunk))
                offset += Int64(chunk.count)
                guard offset < end else { break }
                // A file that has gone meanwhile ends the connection, by which the client sees that it has not got it all.
                guard let next = try await read(from: offset), !next.isEmpty else { throw Refusal.notFound }
                chunk = next
            }
            try await writer.finish(nil)
        }
        return Response(status: range == nil ? .ok : .partialContent, headers: headers, body: body)
    }
}

extension EntityTag {
    /// Of a file whose SHA-256 is known.
    init(digest: [UInt8]) {
        self.init(bytes: digest)
    }
}

/// The one range that a request asks for (RFC 9110, 14.2). Several, others than bytes and those that cannot be had are as
/// good as none: a server may answer with all of it.
struct ByteRange: Equatable, Sendable {
    /// Places in the file, both included.
    let first: Int64
    let last: Int64

    init?(_ headers: HTTPFields, size: Int64, tag: EntityTag) {
        // Of a file that has changed meanwhile a part would not fit; a date is never known here.
        if let condition = headers[.ifRange], condition != tag.text { return nil }
        guard let text = headers[.range], text.utf8.count <= 64 else { return nil }
        self.init(text, size: size)
    }

    init?(_ text: String, size: Int64) {
        guard text.hasPrefix("bytes="), size > 0 else { return nil }
        let parts = text.dropFirst("bytes=".count).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else {
            return nil
        }
        switch (Int64(parts[0]), Int64(parts[1])) {
        case (let first?, let last?) where first <= last && first < size:
            (self.first, self.last) = (first, min(last, size - 1))
        case (let first?, nil) where parts[1].isEmpty && first < size:
            (self.first, self.last) = (first, size - 1)
        case (nil, let count?) where parts[0].isEmpty && count > 0:
            (self.first, self.last) = (max(0, size - count), size - 1)
        default: return nil
        }
    }
}
