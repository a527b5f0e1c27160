import Domain
import HTTPTypes

/// The `ETag` of a resource that can be edited. It covers what a PATCH may change and not what moves by itself: a
/// message that arrives must not make an agent's edit of the priority stale.
struct EntityTag: Sendable, Equatable {
    /// With its quotes.
    let text: String

    init(_ conversation: Conversation) {
        self.init(
            fields: [
                conversation.status.rawValue, conversation.priority.rawValue, conversation.subject,
                conversation.labels.joined(separator: "\u{0}"), conversation.snoozedUntil?.rfc3339,
                String(conversation.owner.epoch),
            ])
    }

    init(_ contact: Contact) {
        self.init(
            fields: [
                contact.name, contact.email, contact.phone, contact.externalId, contact.attributes.serialized(),
                contact.locale, contact.updatedAt.rfc3339,
            ])
    }

    init(_ user: User) {
        self.init(
            fields: [user.name, user.email, user.role.name, user.status.rawValue, user.locale])
    }

    init(_ session: ChatSession) {
        self.init(fields: [session.locale, session.metadata.serialized()])
    }

    init(_ article: Article) {
        text = "\"\(article.version)\""
    }

    /// Of a file.
    init(bytes: some Sequence<UInt8>) {
        var hash = FNV()
        hash.add(bytes)
        text = hash.quoted
    }

    private init(fields: [String?]) {
        var hash = FNV()
        for field in fields {
            hash.add(field == nil ? [0] : [1])
            hash.add((field ?? "").utf8)
            // No byte of UTF-8, so that no two lists of fields run into the same bytes.
            hash.add([0xFF])
        }
        text = hash.quoted
    }

    /// FNV-1a with 64 bits. It tells states apart and keeps no secret.
    private struct FNV {
        private var value: UInt64 = 0xCBF2_9CE4_8422_2325

        mutating func add(_ bytes: some Sequence<UInt8>) {
            for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }

        var quoted: String { "\"\(String(value, radix: 36))\"" }
    }
}

/// `If-Match`: change it only if it is still what the caller read.
struct Precondition: Sendable {
    /// Nil: whatever it is.
    private let tags: [String]?

    init(_ headers: HTTPFields) {
        let values = headers[values: .ifMatch].flatMap { $0.split(separator: ",").map(\.trimmed) }
        tags = values.isEmpty || values.contains("*") ? nil : values
    }

    /// To be called in the transaction that changes it.
    /// - Throws: `Refusal.preconditionFailed`, or what reading the present state throws.
    func check(_ tag: @autoclosure () throws -> EntityTag) throws {
        guard let tags, !tags.contains(try tag().text) else { return }
        throw Refusal.preconditionFailed
    }
}
