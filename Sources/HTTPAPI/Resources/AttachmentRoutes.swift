import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import Realtime
import Storage
import Wire

/// Files: uploading them, finding out where they are, and their bytes.
struct AttachmentRoutes: Sendable {
    /// Bytes per second below which an upload is ended, beside a minute that each has.
    static let slowestUpload: Int64 = 16 * 1024
    static let uploadGrace = Duration.seconds(60)

    let store: ChatStore
    let views: ViewMaker
    let hub: Hub
    let folder: AttachmentFolder
    /// `ATTACHMENT_MAX_BYTES`
    let maximumBytes: Int64
    let slots = UploadSlots()

    func register(in table: inout EndpointTable) {
        table.group = "Attachments"
        table.post(
            "/api/v1/chat/attachments", summary: "Upload a file, to be sent with a message by its id within a day",
            access: .contactOr(.messagesWrite), response: AttachmentView.self, status: .created,
            problems: [.conflict], idempotency: .answerKeptByContent
        ) { call in
            try await slots.run(for: call.access) { try await upload(call) }
        }
        table.consumes(.init(name: FileReception.field, summary: "The file, with its name.", isFile: true))
        table.get(
            "/api/v1/chat/attachments/{id}", summary: "A file, with a fresh link to its bytes",
            access: .contactOr(.conversationsRead), response: AttachmentView.self
        ) { call in
            let (id, access) = (try call.id(Attachment.self), call.access)
            return Answer(views.attachment(try await store.read { try $0.attachment(id, by: access) }))
        }
        AttachmentContent(store: store, links: views.links, folder: folder).register(in: &table)
    }

    private func upload(_ call: Call) async throws -> Answer<AttachmentView> {
        let access = call.access
        let boundary = try boundary(of: call.incoming.headers)
        if let length = call.incoming.headers[.contentLength].flatMap(Int64.init),
            length > maximumBytes + Int64(FileReception.formBytes)
        {
            throw Problem(.tooLarge, detail: "a file may have at most \(maximumBytes) bytes")
        }
        if let contact = access.contact, let wait = hub.messageRates.take(contact.contactId) {
            throw Problem(.rateLimited, retryAfter: wait, detail: "too many messages and files")
        }
        // Before the bytes have come for nothing; decided for good with the row.
        try await store.read { try $0.requireRoomForAttachment(of: access) }

        let id = store.identifiers.next(Attachment.self)
        let (attachment, digest) = try await receive(call.incoming.request.body, boundary: boundary, as: id)
        IdempotencyClaim.current?.cover(digest)
        do {
            try await store.write { try $0.addAttachment(attachment, digest: digest, by: access) }
        } catch let failure as StorageFailure {
            // Its row may be there. If it is not, the file is a stray.
            throw failure
        } catch {
            folder.remove([id])
            throw error
        }
        return Answer(views.attachment(attachment))
    }

    private func receive(
        _ body: RequestBody, boundary: String, as id: Identifier<Attachment>
    ) async throws -> (attachment: Attachment, digest: [UInt8]) {
        var reception = FileReception(boundary: boundary, into: folder, maximumBytes: maximumBytes)
        let end = ContinuousClock.now + Self.uploadGrace + .seconds(maximumBytes / Self.slowestUpload)
        var chunks = body.makeAsyncIterator()
        while let chunk = try await next(&chunks) {
            guard ContinuousClock.now < end else { throw Problem(.malformedJSON, detail: "the body came too slowly") }
            try await reception.take(chunk)
        }
        return try await reception.finish(as: id)
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

    /// RFC 2046, 5.1.1: 1 to 70 characters.
    private func boundary(of headers: HTTPFields) throws(Problem) -> String {
        let type = HeaderParameters(headers[.contentType] ?? "")
        guard type.value == "multipart/form-data", let boundary = type["boundary"],
            (1...70).contains(boundary.utf8.count),
            boundary.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else {
            throw Problem(.unsupportedMediaType, detail: "the body must be multipart/form-data with its boundary")
        }
        return boundary
    }
}
