import Domain
import Testing
import Wire

@Suite("Events as bytes")
struct EventWritingTests {
    private let views: ViewMaker

    init() throws {
        views = ViewMaker(identifiers: try #require(PublicIdentifiers(key: Array(1...16))))
    }

    private func actor(_ random: RandomDecoder) throws -> Actor {
        Actor(
            kind: try random.value(), id: random.chance(4) ? nil : try random.value(Int64.self),
            name: random.chance(3) ? nil : random.text())
    }

    private func message(_ random: RandomDecoder) throws -> Message {
        Message(
            id: Identifier(try random.value()), workspaceId: Identifier(1),
            conversationId: Identifier(try random.value()),
            seq: try random.value(), clientMessageId: random.chance(3) ? nil : random.text(),
            sender: try actor(random), kind: try random.value(), content: random.text(),
            sources: try (0..<random.count()).map { _ in
                Message.Source(
                    number: try random.value(), articleId: Identifier(try random.value()), title: random.text(),
                    excerpt: random.text(), score: random.number())
            },
            status: try random.value(), replyTo: random.chance(2) ? nil : Identifier(try random.value()),
            createdAt: try random.value(), editedAt: random.chance(2) ? nil : try random.value(),
            attachments: try (0..<random.count()).map { _ in
                Attachment(
                    id: Identifier(try random.value()), name: random.text(), mediaType: random.text(),
                    size: try random.value())
            })
    }

    @Test("say of messages what the views say of them, in the same order, for both kinds of readers")
    func messages() throws {
        let encoder = EventEncoder(views: views)
        for seed in 0..<800 {
            let random = RandomDecoder(seed: UInt64(seed))
            let message = try message(random)
            let bodies: [Event.Body] = [
                .messageCreated(message), .messageUpdated(message),
                .messageCompleted(message, try random.value()), .messageDeleted(message.tombstone),
            ]
            for body in bodies {
                let event = Event(
                    id: Identifier(try random.value()), workspaceId: Identifier(1),
                    conversationId: message.conversationId, seq: message.seq, at: try random.value(),
                    actor: message.sender, body: body)
                for viewer in [Viewer.staff, .contact] {
                    let written = String(decoding: encoder.json(event, for: viewer), as: UTF8.self)
                    let encoded = JSON.encode(encoder.envelope(event, for: viewer))
                    #expect(written == String(decoding: encoded, as: UTF8.self), "seed \(seed)")
                }
            }
        }
    }

    @Test("call rows by the same names everywhere", arguments: [1, -1, .max, .min, 123_456_789_012_345] as [Int64])
    func identifiers(_ raw: Int64) {
        var writer = JSONWriter()
        views.identifiers.write(Identifier<Message>(raw), to: &writer)
        #expect(
            String(decoding: writer.bytes, as: UTF8.self) == "\"\(views.identifiers.text(Identifier<Message>(raw)))\"")
    }

    /// By `openssl enc -aes-128-ecb -nopad` over the tag, seven zeros and the key, and base 32 in Python.
    @Test("keep the names that rows have")
    func names() {
        let identifiers = views.identifiers
        let known: [(Int64, String)] = [
            (1, "cnv_zcp3rtx6ga10v40ejt6ppgwhy4"),
            (-1, "cnv_3yrv1k3zfwmxx36zb6k6m9dnx8"),
            (.max, "cnv_wnrw5mzc25j4d0y9hsfp0m9z6r"),
            (.min, "cnv_fxfyrc3cbrrsap8xnqx4xybt08"),
            (123_456_789_012_345, "cnv_qegpapwshedf9es6tb3ajqrfdm"),
        ]
        for (raw, text) in known {
            #expect(identifiers.text(Identifier<Conversation>(raw)) == text)
            #expect(identifiers.identifier(text) == Identifier<Conversation>(raw))
        }
    }
}
