import Domain
import Testing
import Wire

/// Who sees what: every kind of event for both viewers, and what a contact's form must never hold.
@Suite struct AudienceTests {
    private static let identifiers = PublicIdentifiers(key: Array(1...16))

    private func message(_ kind: Message.Kind, by sender: Actor = Actor(kind: .agent, id: 7, name: "Ada")) -> Message {
        Message(
            id: Identifier(1), workspaceId: Identifier(2), conversationId: Identifier(3), seq: 4, clientMessageId: nil,
            sender: sender, kind: kind, content: "secret text", sources: [], status: .sent, replyTo: nil,
            createdAt: Timestamp(milliseconds: 0), editedAt: nil)
    }

    private func event(_ body: Event.Body, by actor: Actor = Actor(kind: .agent, id: 7, name: "Ada")) -> Event {
        Event(
            id: Identifier(9), workspaceId: Identifier(2), conversationId: Identifier(3), seq: 4,
            at: Timestamp(milliseconds: 0), actor: actor, body: body)
    }

    private func changes(_ change: (inout ConversationChanges) -> Void) -> Event.Body {
        var changes = ConversationChanges()
        change(&changes)
        return .conversationUpdated(changes, reason: "because of the secret text")
    }

    @Test(arguments: Message.Kind.allCases)
    func notesAreHiddenFromContactsInEveryEvent(kind: Message.Kind) {
        for body: Event.Body in [
            .messageCreated(message(kind)), .messageUpdated(message(kind)), .messageCompleted(message(kind), .stop),
            .messageDeleted(message(kind)),
        ] {
            #expect(Audience.visibility(of: event(body), to: .staff) == .full)
            #expect(Audience.visibility(of: event(body), to: .contact) == (kind == .note ? .hidden : .contactView))
        }
    }

    @Test func aChangeOfWhichAContactMaySeeNothingIsHidden() {
        let hidden = [
            changes { $0.priority = .urgent }, changes { $0.labels = ["vip"] },
            changes { $0.snoozedUntil = .init(nil) },
        ]
        for body in hidden { #expect(Audience.visibility(of: event(body), to: .contact) == .hidden) }
        let seen = [
            changes { $0.status = .resolved }, changes { $0.subject = .init(nil) },
            changes { $0.owner = Owner(kind: .ai, epoch: 2) },
        ]
        for body in seen { #expect(Audience.visibility(of: event(body), to: .contact) == .contactView) }
    }

    @Test func aHiddenEventTellsItsNumberAndNothingElse() throws {
        let encoder = EventEncoder(views: ViewMaker(identifiers: try #require(Self.identifiers)))
        let text = String(decoding: encoder.json(event(.messageCreated(message(.note))), for: .contact), as: UTF8.self)
        let json = try JSONValue(parsing: text)
        #expect(Set(try #require(json.objectValue).keys) == ["type", "conversation_id", "seq"])
        #expect(json["type"]?.stringValue == "event.hidden" && json["seq"]?.intValue == 4)
    }

    @Test func aContactsFormHoldsNoReasonNoAgentsKeyAndNoHiddenField() throws {
        let identifiers = try #require(Self.identifiers)
        let encoder = EventEncoder(views: ViewMaker(identifiers: identifiers))
        let body = changes {
            $0.status = .open
            $0.priority = .urgent
            $0.labels = ["vip"]
            $0.owner = Owner(kind: .agent, id: 7, name: "Ada", epoch: 3)
        }
        let staff = String(decoding: encoder.json(event(body), for: .staff), as: UTF8.self)
        let contact = String(decoding: encoder.json(event(body), for: .contact), as: UTF8.self)
        let agent = identifiers.text(Identifier<User>(7))
        for secret in [agent, "because of", "urgent", "vip"] {
            #expect(staff.contains(secret), "staff see \(secret)")
            #expect(!contact.contains(secret), "a contact must not see \(secret)")
        }
        let data = try #require(try JSONValue(parsing: contact)["data"])
        #expect(data["changes"]?["owner"]?["name"]?.stringValue == "Ada")
        #expect(data["changes"]?["owner"]?["epoch"]?.intValue == 3)
    }

    @Test func aClearedFieldIsNullAndAnUnchangedOneIsLeftOut() throws {
        let encoder = EventEncoder(views: ViewMaker(identifiers: try #require(Self.identifiers)))
        let json = try JSONValue(parsing: encoder.json(event(changes { $0.subject = .init(nil) }), for: .staff))
        let changes = try #require(json["data"]?["changes"]?.objectValue)
        #expect(changes == ["subject": .null])
    }
}
