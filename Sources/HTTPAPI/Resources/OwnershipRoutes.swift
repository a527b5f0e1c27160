import Domain
import Storage
import Wire

/// `POST …/switch`: who answers from now on.
struct OwnershipRoutes: Sendable {
    let store: ChatStore
    let views: ViewMaker
    /// What goes with a contact's wish for a human.
    let wording: HandoffWording

    struct Switch: Decodable, Sendable, Validated {
        enum Side: String, Decodable, CaseIterable, Sendable {
            case ai, human
        }

        var to: Side
        /// An agent, or `me`.
        var agentId: String?
        /// A team, of which any member may take it.
        var teamId: String?
        var reason: String?
        /// Do it only if the owner has not changed since.
        var expectedEpoch: Int64?

        func validate(_ check: inout Validation) {
            check.text(reason, field: "reason", scalars: FieldRules.reason)
        }
    }

    func register(in table: inout EndpointTable) {
        table.group = "Conversations"
        table.post(
            "/api/v1/chat/conversations/{id}/switch",
            summary: "Give the conversation to the assistant, to the queue, to an agent or to a team",
            access: .contactOr(.conversationsWrite), request: Switch.self, response: ConversationAnswer.self,
            problems: [.staleOwner, .conversationClosed]
        ) { body, call in
            let (id, access) = (try call.id(Conversation.self), call.access)
            let target = try target(body, call)
            let wording = wording
            let switched = try await store.write(to: id) {
                try $0.switchOwner(
                    of: id, to: target, expectedEpoch: body.expectedEpoch, reason: body.reason, wording: wording,
                    by: access)
            }
            return Answer(switched, for: access.viewer, views)
        }
        table.alsoNeeds(.conversationsRead)
    }

    private func target(_ body: Switch, _ call: Call) throws -> OwnerSwitch {
        var check = Validation()
        if body.to == .ai, body.agentId != nil {
            check.reject("agent_id", code: "invalid_value", message: "does not go with the assistant")
        }
        if body.teamId != nil, body.to == .ai || body.agentId != nil {
            check.reject("team_id", code: "invalid_value", message: "goes alone, and with human")
        }
        var agent: Identifier<User>?
        if let named = body.agentId {
            agent = named == "me" ? call.access.staff?.userId : call.incoming.identifiers.identifier(named)
            guard call.access.contact == nil else { throw Refusal.forbidden }
            if agent == nil { check.reject("agent_id", code: "not_found", message: "no such active agent") }
        }
        var team: Identifier<Team>?
        if let named = body.teamId {
            guard call.access.contact == nil else { throw Refusal.forbidden }
            team = call.incoming.identifiers.identifier(named)
            if team == nil { check.reject("team_id", code: "not_found", message: "no such team") }
        }
        try check.finish()
        if body.to == .ai { return .ai }
        return team.map { .team($0) } ?? agent.map { .agent($0) } ?? .anyHuman
    }
}
