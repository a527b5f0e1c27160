import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import Realtime
import Storage
import Wire

/// Files: uploading them, finding out where they are, and their bytes.
struct AttachmentRoutes: Sendable {
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
        let form = try FormBody(call.incoming.request, maximumBytes: maximumBytes)
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
        let (attachment, digest) = try await receive(form, as: id)
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
        _ form: FormBody, as id: Identifier<Attachment>
    ) async throws -> (attachment: Attachment, digest: [UInt8]) {
        var reception = FileReception(boundary: form.boundary, into: folder, maximumBytes: maximumBytes)
        try await form.read { try await reception.take($0) }
        return try await reception.finish(as: id)
    }
}
