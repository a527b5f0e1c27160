import Assistant
import Domain
import HTTPTypes
import Storage
import Wire

/// "That was wrong": from an answer of the assistant to an article that answers better.
struct CorrectionRoutes: Sendable {
    let store: ChatStore
    let views: ViewMaker

    struct Body: Decodable, Sendable, Validated {
        /// The right answer, in Markdown.
        var content: String?
        var title: String?

        func validate(_ check: inout Validation) {
            check.text(content, field: "content", scalars: FieldRules.articleContent)
            check.text(title, field: "title", scalars: FieldRules.title)
        }
    }

    func register(in table: inout EndpointTable) {
        table.group = "Assistant"
        table.post(
            "/api/v1/chat/conversations/{id}/messages/{message_id}/correction",
            summary:
                "Make a draft article out of a wrong answer of the assistant: of what was asked, and of the body, or "
                + "what staff answered afterwards",
            access: .staff(.knowledgeWrite), request: Body.self, isBodyOptional: true, response: ArticleView.self,
            status: .created, problems: [.conflict]
        ) { body, call in
            try await correct(body, call)
        }
        table.alsoAnswers(.ok, ArticleView.self, "The article that was made of this answer before, as it is now.")
        table.alsoNeeds(.conversationsRead, .knowledgeRead)
    }

    private func correct(_ body: Body, _ call: Call) async throws -> Answer<ArticleView> {
        let (id, access) = (try call.id(Conversation.self), call.access)
        let messageId = try call.id(Message.self, in: "message_id")
        let found = try await store.read { try $0.replyToCorrect(messageId, in: id, by: access) }
        let correction = Correction(
            wrong: found.reply.content, question: found.question?.content, answers: found.answers.map(\.content),
            content: body.content, title: body.title
        ).article(source: "correction:\(views.identifiers.text(messageId))")
        let (article, isKnown) = try await store.write { try $0.addCorrection(correction, by: access) }
        return Answer(views.article(article), tag: EntityTag(article), status: isKnown ? .ok : .created)
    }
}
