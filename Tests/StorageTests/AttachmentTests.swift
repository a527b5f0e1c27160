import Domain
import Foundation
import Storage
import Testing

/// The test framework has one of its own.
private typealias Attachment = Domain.Attachment

@Suite(.databases) struct AttachmentTests {
    /// A folder that goes with the test.
    private final class Folder: Sendable {
        let url = FileManager.default.temporaryDirectory.appending(path: "chat-api-files-\(UUID().uuidString)")
        let files: AttachmentFolder

        init() throws { files = try AttachmentFolder(path: url.path, logger: .silent) }

        deinit { try? FileManager.default.removeItem(at: url) }

        /// Every file below it, by its path from there.
        var contents: [String: Data] {
            var contents: [String: Data] = [:]
            for case let file as URL in FileManager.default.enumerator(at: url, includingPropertiesForKeys: nil)
                ?? .init()
            {
                guard let data = try? Data(contentsOf: file) else { continue }
                contents[String(file.path.dropFirst(url.path.count + 1))] = data
            }
            return contents
        }

        func age(by seconds: Double) {
            for path in contents.keys {
                try? FileManager.default.setAttributes(
                    [.modificationDate: Date().addingTimeInterval(-seconds)],
                    ofItemAtPath: url.appending(path: path).path)
            }
        }
    }

    @discardableResult
    private static func upload(_ name: String, by access: Access, to store: ChatStore) async throws -> Attachment {
        let file = Attachment(id: store.identifiers.next(), name: name, mediaType: "text/plain", size: 3)
        try await store.write { try $0.addAttachment(file, digest: [1, 2, 3], by: access) }
        return file
    }

    private static func send(
        _ files: [Identifier<Attachment>], _ content: String = "", clientId: String? = nil,
        to id: Identifier<Conversation>, by access: Access, _ store: ChatStore
    ) async throws -> SentMessage {
        try await store.write(to: id) {
            try $0.send(
                MessageDraft(
                    content: content, clientMessageId: clientId, kind: content.isEmpty ? .file : .text,
                    attachmentIds: files),
                to: id, by: access)
        }
    }

    @Test(arguments: TestDatabase.all)
    func filesGoWithAMessageOnceAndInItsOrder(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let (store, id) = (fixture.store, session.conversationId)
        let (a, b) = (
            try await Self.upload("a.txt", by: visitor, to: store),
            try await Self.upload("b.txt", by: visitor, to: store)
        )
        let sent = try await Self.send([b.id, a.id], clientId: "x", to: id, by: visitor, store)
        #expect(sent.message.attachments == [b, a] && sent.message.kind == .file)
        let events = try await fixture.events(of: id)
        #expect(events.last?.message == sent.message && fixture.commits.events.contains { $0.message == sent.message })
        let again = try await Self.send([b.id, a.id], clientId: "x", to: id, by: visitor, store)
        #expect(again.isDuplicate && again.message == sent.message)
        // Other files, or the same in another order, are another send.
        for other in [[a.id, b.id], [a.id], []] {
            await #expect(throws: Refusal.idempotencyConflict) {
                try await Self.send(other, clientId: "x", to: id, by: visitor, store)
            }
        }
        // A file is sent once.
        await #expect(throws: Refusal.self) { try await Self.send([a.id], to: id, by: visitor, store) }
        #expect(try await fixture.events(of: id).count == events.count)
    }

    @Test(arguments: TestDatabase.all)
    func onlyTheUploaderSendsAFileAndOnlyInItsWorkspace(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let (other, stranger) = try await fixture.visitor()
        let (store, admin) = (fixture.store, fixture.admin)
        let file = try await Self.upload("a.txt", by: visitor, to: store)
        let elsewhere = Access(workspaceId: Identifier(999), principal: visitor.principal)
        for (access, place) in [(stranger, other.conversationId), (admin, session.conversationId)] {
            let problem = FieldProblem(
                field: "attachment_ids[0]", code: "not_found", message: "no such attachment, or it was sent before")
            await #expect(throws: Refusal.invalid([problem])) {
                try await Self.send([file.id], to: place, by: access, store)
            }
        }
        for access in [stranger, admin, elsewhere] {
            await #expect(throws: Refusal.notFound) { try await store.read { try $0.attachment(file.id, by: access) } }
        }
        #expect(try await store.read { try $0.attachment(file.id, by: visitor) } == file)
        _ = try await Self.send([file.id], to: session.conversationId, by: visitor, store)
        // From here on whoever may read the conversation sees it.
        #expect(try await store.read { try $0.attachment(file.id, by: admin) } == file)
        await #expect(throws: Refusal.notFound) { try await store.read { try $0.attachment(file.id, by: stranger) } }
    }

    @Test(arguments: TestDatabase.all)
    func aFileOfANoteIsNotReachedByTheContact(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let (store, admin) = (fixture.store, fixture.admin)
        let file = try await Self.upload("a.txt", by: admin, to: store)
        _ = try await store.write {
            try $0.send(
                MessageDraft(content: "see", kind: .note, attachmentIds: [file.id]), to: session.conversationId,
                by: admin)
        }
        #expect(try await store.read { try $0.attachment(file.id, by: admin) } == file)
        await #expect(throws: Refusal.notFound) { try await store.read { try $0.attachment(file.id, by: visitor) } }
    }

    @Test(arguments: TestDatabase.all)
    func aDeletedMessageTakesItsFilesWithIt(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let (store, id) = (fixture.store, session.conversationId)
        let folder = try Folder()
        let incoming = try await folder.files.begin()
        try await incoming.write([1, 2, 3])
        let key = store.identifiers.next(Attachment.self)
        let digest = try await incoming.keep(as: key)
        let file = Attachment(id: key, name: "a.txt", mediaType: "text/plain", size: 3)
        try await store.write { try $0.addAttachment(file, digest: digest, by: visitor) }
        let sent = try await Self.send([key], to: id, by: visitor, store)
        // A text that was there may go when files are left, but not without.
        let tombstone = try await store.write { try $0.delete(sent.message.id, in: id, by: visitor) }
        #expect(tombstone.attachments.isEmpty)
        await #expect(throws: Refusal.notFound) { try await store.read { try $0.attachment(key, by: visitor) } }
        #expect(try await store.read { try $0.linkedAttachment(key) } == nil)
        #expect(fixture.commits.removedFiles == [key])
        #expect(try await folder.files.read(key, from: 0, count: 10) == [1, 2, 3])
        folder.files.remove(fixture.commits.removedFiles)
        let deadline = ContinuousClock.now + .seconds(30)
        while try await folder.files.read(key, from: 0, count: 10) != nil, ContinuousClock.now < deadline {}
        #expect(try await folder.files.read(key, from: 0, count: 10) == nil)
    }

    @Test(arguments: TestDatabase.all)
    func whatIsNotSentInADayGoesAndWhatIsSentStays(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let (store, folder) = (fixture.store, try Folder())
        let upkeep = AttachmentUpkeep(store: store, folder: folder.files)
        let (sent, left) = (
            try await Self.upload("a.txt", by: visitor, to: store),
            try await Self.upload("b.txt", by: visitor, to: store)
        )
        _ = try await Self.send([sent.id], to: session.conversationId, by: visitor, store)
        fixture.clock.advance(seconds: 24 * 3600 - 1)
        let late = try await Self.upload("c.txt", by: fixture.admin, to: store)
        #expect(try await upkeep.removeUnsent() == 0)
        fixture.clock.advance(seconds: 1)
        #expect(try await upkeep.removeUnsent() == 1)
        #expect(fixture.commits.removedFiles == [left.id])
        let (known, admin) = (
            try await store.read { try $0.knownAttachments(among: [sent.id, left.id, late.id]) }, fixture.admin
        )
        #expect(known == [sent.id, late.id])
        await #expect(throws: Refusal.self) {
            try await Self.send([left.id], to: session.conversationId, by: visitor, store)
        }
        #expect(try await store.read { try $0.attachment(late.id, by: admin) } == late)
    }

    @Test func strayBytesGoInADayAndBytesWithARowStay() async throws {
        let fixture = try await StoreFixture(on: .sqlite)
        let (_, visitor) = try await fixture.visitor()
        let (store, folder) = (fixture.store, try Folder())
        let upkeep = AttachmentUpkeep(store: store, folder: folder.files)
        var kept: [Identifier<Attachment>] = []
        for index in 0..<20 {
            let incoming = try await folder.files.begin()
            try await incoming.write([UInt8(index)])
            let key = store.identifiers.next(Attachment.self)
            let digest = try await incoming.keep(as: key)
            guard index.isMultiple(of: 2) else { continue }
            let file = Attachment(id: key, name: "a", mediaType: "text/plain", size: 1)
            try await store.write { try $0.addAttachment(file, digest: digest, by: visitor) }
            kept.append(key)
        }
        // One that is being written, and something that is none of ours.
        let unfinished = try await folder.files.begin()
        try await unfinished.write([0])
        try Data([1]).write(to: folder.url.appending(path: "README"))
        fixture.clock.set(to: Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)))
        @Sendable func sweep() async throws -> Int {
            var removed = 0
            for shard in 0..<AttachmentUpkeep.shards { removed += try await upkeep.removeStrays(in: shard) }
            return removed
        }
        #expect(try await sweep() == 0)
        folder.age(by: 25 * 3600)
        #expect(try await sweep() == 11)
        #expect(folder.contents.count == kept.count + 1)
        for key in kept { #expect(try await folder.files.read(key, from: 0, count: 1)?.count == 1) }
        _ = unfinished
    }

    @Test func aFileThatIsNotKeptLeavesNothingAndAKeptOneIsReadInParts() async throws {
        let folder = try Folder()
        do {
            let dropped = try await folder.files.begin()
            try await dropped.write(Array(repeating: 7, count: 100_000))
            #expect(folder.contents.count == 1)
        }
        let deadline = ContinuousClock.now + .seconds(30)
        while !folder.contents.isEmpty, ContinuousClock.now < deadline { await Task.yield() }
        #expect(folder.contents.isEmpty)
        let incoming = try await folder.files.begin()
        let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0) }
        try await incoming.write(Array(bytes[..<7]))
        try await incoming.write(Array(bytes[7...]))
        #expect(incoming.size == 10_000)
        let digest = try await incoming.keep(as: Identifier(42))
        #expect(digest.count == 32)
        #expect(try await folder.files.read(Identifier(42), from: 0, count: 20_000) == bytes)
        #expect(try await folder.files.read(Identifier(42), from: 9_990, count: 5) == Array(bytes[9_990..<9_995]))
        #expect(try await folder.files.read(Identifier(42), from: 10_000, count: 5) == [])
        #expect(try await folder.files.read(Identifier(43), from: 0, count: 5) == nil)
        let path = try #require(folder.contents.keys.first)
        let mode = try FileManager.default.attributesOfItem(atPath: folder.url.appending(path: path).path)[
            .posixPermissions]
        #expect(mode as? Int == 0o600 && path.hasSuffix("/42"))
    }

    @Test(arguments: TestDatabase.all)
    func onlySoManyFilesWaitForOneSender(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        let (session, visitor) = try await fixture.visitor()
        let store = fixture.store
        var ids: [Identifier<Attachment>] = []
        for _ in 0..<Attachment.maximumUnsent { ids.append(try await Self.upload("a", by: visitor, to: store).id) }
        await #expect(throws: Refusal.self) { try await Self.upload("a", by: visitor, to: store) }
        _ = try await Self.send(Array(ids.prefix(10)), to: session.conversationId, by: visitor, store)
        try await Self.upload("a", by: visitor, to: store)
        try await Self.upload("a", by: fixture.admin, to: store)
    }
}
