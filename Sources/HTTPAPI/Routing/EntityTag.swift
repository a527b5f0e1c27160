import Domain
import HTTPTypes
import Storage
import Wire

/// The `ETag` of a resource that can be edited. It covers what a PATCH may change and not what moves by itself: a
/// message that arrives must not make an agent's edit of the priority stale.
struct EntityTag: Sendable, Equatable {
    /// With its quotes.
    let text: String

    init(_ entity: some Editable) { self = entity.entityTag }

    /// Of a counter that grows with every change.
    init(version: Int64) { text = "\"\(version)\"" }

    /// Of a file.
    init(bytes: some Sequence<UInt8>) {
        var hash = FNV()
        hash.add(bytes)
        text = hash.quoted
    }

    /// Of what can be changed, in a fixed order.
    init(fields: [String?]) {
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

/// An entity that clients can change, and so one with an `ETag`.
protocol Editable: Lockable, PubliclyIdentified {
    /// Of all that a PATCH may change.
    var entityTag: EntityTag { get }
}

extension Conversation: Editable {
    var entityTag: EntityTag {
        EntityTag(fields: [
            status.rawValue, priority.rawValue, subject, labels.joined(separator: "\u{0}"), snoozedUntil?.rfc3339,
            String(owner.epoch),
        ])
    }
}

extension Contact: Editable {
    var entityTag: EntityTag {
        EntityTag(fields: [name, email, phone, externalId, attributes.serialized(), locale, updatedAt.rfc3339])
    }
}

extension User: Editable {
    var entityTag: EntityTag { EntityTag(fields: [name, email, role.name, status.rawValue, locale]) }
}

extension ChatSession: Editable {
    var entityTag: EntityTag { EntityTag(fields: [locale, metadata.serialized()]) }
}

extension Article: Editable {
    var entityTag: EntityTag { EntityTag(version: version) }
}

extension HTTPFields {
    /// Whether `If-None-Match` names this state.
    func knows(_ tag: EntityTag) -> Bool {
        let known: [String] = self[values: .ifNoneMatch].flatMap { $0.split(separator: ",").map(\.trimmed) }
        let weak: String = "W/" + tag.text
        return known.contains { $0 == "*" || $0 == tag.text || $0 == weak }
    }
}

/// `If-Match`: change it only if it is still what the caller read.
struct Precondition: Sendable {
    /// Nil: whatever it is.
    private let tags: [String]?

    init(_ headers: HTTPFields) {
        let lines = headers[values: .ifMatch]
        let values = lines.flatMap { $0.split(separator: ",").map(\.trimmed) }
        // A header without a tag matches nothing.
        tags = lines.isEmpty || values.contains("*") ? nil : values
    }

    /// To be called in the transaction that changes it.
    /// - Throws: `Refusal.preconditionFailed`, or what reading the present state throws.
    func check(_ tag: @autoclosure () throws -> EntityTag) throws {
        guard let tags, !tags.contains(try tag().text) else { return }
        throw Refusal.preconditionFailed
    }
}
