import Domain
import HTTPTypes
import Storage
import Wire

/// What administrators have to say to those who are connected.
struct NoticeRoutes: Sendable {
    let store: ChatStore
    let views: ViewMaker

    struct New: Decodable, Sendable, Validated {
        /// What programs switch on, such as `maintenance`.
        var code: String
        /// What people read.
        var text: String
        /// To whom; to all when not given.
        var to: Notice.Audience?
        /// Only for those who use this language, or of whom none is known.
        var locale: String?

        func validate(_ check: inout Validation) {
            check.text(code, field: "code", scalars: 1...Notice.maximumCodeScalars)
            check.text(text, field: "text", scalars: 1...Notice.maximumTextScalars)
            check.locale(locale)
        }
    }

    /// A notice as it was sent.
    struct Sent: Codable, Sendable {
        /// Of its line in the audit log.
        var id: String
        var code: String
        var text: String
        var to: Notice.Audience
        @Nullable var locale: String?
    }

    func register(in table: inout EndpointTable) {
        table.group = "Notices"
        table.post(
            "/api/v1/admin/notices", summary: "Tell everybody who is connected something, on every node",
            access: .staff(.noticesWrite), request: New.self, response: Sent.self, status: .created
        ) { body, call in
            let access = call.access
            let notice = try await store.write {
                try $0.sendNotice(
                    code: body.code, text: body.text, to: body.to ?? .all, locale: body.locale, by: access)
            }
            return Answer(
                Sent(
                    id: views.identifiers.text(notice.id), code: notice.code, text: notice.text, to: notice.audience,
                    locale: notice.locale))
        }
    }
}
