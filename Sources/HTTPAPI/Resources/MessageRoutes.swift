import Domain
import HTTPTypes
import Hummingbird
import Realtime
import Storage
import Wire

/// What is said in a conversation, and what has happened in it.
struct MessageRoutes: Sendable {
    let store: ChatStore
    let views: ViewMaker
    let hub: Hub
    let stream: ReplyStream

    struct ReadMark: Decodable, Sendable, Validated {
        var seq: Int64

        func validate(_ check: inout Validation) {
            check.number(seq, field: "seq", in: 0...Int64.max)
        }
    }

    func register(in table: inout EndpointTable) {
        table.group = "Messages"
        table.get(
            "/api/v1/chat/conversations/{id}/messages", summary: "Messages by seq",
            access: .contactOr(.conversationsRead), query: Paging.seqParameters,
            response: SeqListView<MessageView>.self
        ) { call in
            let (id, access) = (try call.id(Conversation.self), call.access)
            let page = try seqPage(call)
            let slice = try await store.lookUp { try $0.messages(of: id, page, by: access) }
            return Answer(SeqListView(slice, page, seq: \.seq) { views.messages($0, for: access.viewer) })
        }
        table.isBrief()
        table.get(
            "/api/v1/chat/conversations/{id}/events",
            summary: "Every durable event by seq: what the socket would have replayed",
            access: .contactOr(.conversationsRead), query: Paging.seqParameters,
            response: SeqListView<EventEnvelope>.self
        ) { call in
            let (id, access) = (try call.id(Conversation.self), call.access)
            let page = try seqPage(call)
            let slice = try await store.lookUp { try $0.events(of: id, page, by: access) }
            let encoder = EventEncoder(views: views)
            return Answer(SeqListView(slice, page, seq: \.seq) { $0.map { encoder.envelope($0, for: access.viewer) } })
        }
        table.isBrief()
        table.post(
            "/api/v1/chat/conversations/{id}/messages",
            summary: "Send a message; with `Accept: text/event-stream`, see the reply as it is written",
            access: .contactOr(.messagesWrite), request: NewMessage.self, response: MessageView.self, status: .created,
            problems: [.conversationClosed, .idempotencyConflict], idempotency: .ignored
        ) { body, call in
            try await send(body, call)
        }
        table.isBrief()
        table.alsoNeeds(.conversationsRead)
        table.alsoAnswers(.ok, MessageView.self, "The message was sent before, under the same `client_message_id`.")
        table.alsoStreams("The message, and the reply to it as it is written.")
        table.post(
            "/api/v1/chat/conversations/{id}/read", summary: "Note how far one has read",
            access: .contactOr(.conversationsRead), request: ReadMark.self, response: NoContent.self,
            status: .noContent
        ) { body, call in
            let (id, access) = (try call.id(Conversation.self), call.access)
            let moved = try await store.write { try $0.markRead(id, upTo: body.seq, by: access) }
            if moved { hub.receipt(in: id, of: access.actor, seq: body.seq) }
            return .done
        }
    }

    private func seqPage(_ call: Call) throws -> SeqPage {
        var query = call.query
        let page = query.seqPage()
        try query.finish()
        return page
    }

    private func send(_ new: NewMessage, _ call: Call) async throws -> Answer<MessageView> {
        let draft = try new.draft(call.incoming.identifiers)
        let (id, access) = (try call.id(Conversation.self), call.access)
        if let contact = access.contact, let wait = hub.messageRates.take(contact.contactId) {
            throw Problem(.rateLimited, retryAfter: wait, detail: "too many messages")
        }
        if call.incoming.headers[.accept]?.lowercased().contains("text/event-stream") ?? false {
            return Answer(response: try await stream.response(sending: draft, to: id, call))
        }
        let sent = try await store.write(to: id) { try $0.send(draft, to: id, by: access) }
        return Answer(
            views.message(sent.message, for: access.viewer), status: sent.isDuplicate ? .ok : .created)
    }
}
