import Cluster
import Domain
import Storage
import Synchronization
import Testing
import Wire

@testable import Realtime

/// What staff read whose role reaches some conversations only: decided with each change of owner, whichever node made it and
/// however the reader's node learns of it.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ScopeTests {
    /// How the change reaches the reader's node.
    enum Way: CaseIterable {
        /// It was committed there.
        case here
        /// The bus brought it, with its bytes.
        case message
        /// The bus brought that there is something, and the log is read.
        case longMessage
        /// The feed was looked at.
        case feed
    }

    @Test(arguments: Way.allCases)
    func aConversationThatLeavesIsCutOffBehindTheChange(way: Way) async throws {
        let fixture = try await ClusterFixture()
        let bo = try await fixture.member("bo", "conversations:read:own", "messages:write:own")
        let (id, visitor) = try await fixture.waiting()
        try await fixture.give(id, to: .agent(bo.userId))
        let client = try await SocketPort(fixture.nodes[1], .agent, as: bo).connect()
        try await client.next("synced")
        try await client.send("subscribe", "{\"conversations\":[{\"id\":\"\(fixture.text(id))\"}]}", request: "s")
        #expect(try await client.answer(to: "s").type == "ack")
        try await client.next("synced")
        fixture.committers.choose(way == .here ? 1 : 0)
        if way == .feed { fixture.nodes[1].bus.cutOff() }
        // Several at once, so that what follows is there before the reader has been told of the change.
        let reason = way == .longMessage ? String(repeating: "x", count: 10_000) : "gone"
        let zoe = fixture.zoe
        try await fixture.store.write(to: id) { transaction in
            _ = try transaction.send(MessageDraft(content: "before"), to: id, by: visitor)
            _ = try transaction.switchOwner(of: id, to: .agent(zoe.id), reason: reason, by: fixture.staff())
            _ = try transaction.send(MessageDraft(content: "secret"), to: id, by: visitor)
            _ = try transaction.switchOwner(of: id, to: .agent(bo.userId), reason: nil, by: fixture.staff())
            _ = try transaction.send(MessageDraft(content: "back"), to: id, by: visitor)
        }
        if way == .feed { _ = try await fixture.nodes[1].watch.look(after: 0) }
        let gone = try await client.next("unsubscribed")
        #expect(gone.json["conversation_id"]?.stringValue == fixture.text(id))
        #expect(gone.data["reason"] == "scope")
        fixture.nodes[1].hub.typing(in: id, by: visitor.actor)
        try await client.send("ping", "{}", request: "p")
        let pong = try await client.answer(to: "p")
        #expect(pong.data["heads"] == [:])
        let after = client.seen.drop { $0.seq == nil || $0.seq.map { $0 <= 3 } ?? false }
        #expect(
            after.filter { $0.type != "pong" }.map(\.type) == [
                "message.created", "conversation.updated", "unsubscribed",
            ], "\(after.map(\.type))")
        #expect(after.last { $0.type == "conversation.updated" }?.data["changes"]?["owner"]?["name"] == "Zoe")
        #expect(!client.seen.contains { $0.message?["content"] == "secret" })
    }

    /// What lies before the subscription is history, whoever answered then.
    @Test func theHistoryOfAConversationWithinScopeIsReplayedWhole() async throws {
        let fixture = try await ClusterFixture()
        let bo = try await fixture.member("bo", "conversations:read:own")
        let (id, visitor) = try await fixture.waiting()
        try await fixture.give(id, to: .agent(fixture.zoe.id))
        try await fixture.send("to Zoe", to: id, by: visitor)
        try await fixture.give(id, to: .agent(bo.userId))
        let client = try await SocketPort(fixture.nodes[0], .agent, as: bo).connect()
        try await client.next("synced")
        try await client.send("subscribe", "{\"conversations\":[{\"id\":\"\(fixture.text(id))\",\"after\":0}]}")
        try await client.next { $0.type == "synced" && $0.json["conversation_id"] != nil }
        let all = try await fixture.seqs(of: id)
        #expect(client.seen.compactMap(\.seq) == all)
        #expect(client.seen.contains { $0.message?["content"] == "to Zoe" })
    }

    @Test func beyondTheScopeThereIsNothing() async throws {
        let fixture = try await ClusterFixture()
        let bo = try await fixture.member(
            "bo", "conversations:read:own", "messages:write:own", "conversations:write:own")
        let (id, visitor) = try await fixture.waiting()
        let job = try await fixture.ask(in: id, by: visitor, owner: .ai)
        let contact = try await SocketPort(
            fixture.nodes[0], .session(visitor.contact?.sessionId ?? Identifier(0)), as: visitor
        )
        .connect()
        try await contact.next("synced")
        let client = try await SocketPort(fixture.nodes[0], .agent, as: bo).connect()
        try await client.next("synced")
        let text = fixture.text(id)
        let message = fixture.views.identifiers.text(job.id)
        let frames: [(String, String)] = [
            ("message.send", "{\"content\":\"x\",\"client_message_id\":\"1\"}"), ("message.read", "{\"seq\":1}"),
            ("typing", "{}"), ("handoff", "{\"to\":\"human\"}"), ("reply.cancel", "{\"message_id\":\"\(message)\"}"),
            ("reply.sync", "{\"message_id\":\"\(message)\"}"),
        ]
        for (type, data) in frames {
            try await client.send(type, data, request: type, in: text)
            let answer = try await client.answer(to: type)
            #expect(answer.type == "error" && answer.data["code"] == "not_found", "\(type): \(answer.json)")
        }
        // Typing right behind a subscription that is still being looked at.
        try await client.send("subscribe", "{\"conversations\":[{\"id\":\"\(text)\"}]}", request: "s")
        try await client.send("typing", "{}", request: "t", in: text)
        try await client.send("ping", "{}", request: "p")
        #expect(try await client.answer(to: "p").data["heads"] == [:])
        // They may have come before the pong, or come behind it.
        for request in ["s", "t"] {
            var answer = client.seen.first { $0.json["request_id"]?.stringValue == request }
            if answer == nil { answer = try await client.answer(to: request) }
            #expect(answer?.type == "error" && answer?.data["code"] == "not_found", "\(request)")
        }
        fixture.nodes[0].hub.typing(in: id, by: Actor(kind: .agent, id: 99, name: "Ann"))
        let typing = try await contact.next("typing")
        #expect(typing.data["participant"]?["name"] == "Ann", "somebody beyond their scope was seen to type")
    }

    // MARK: Lists

    @Test(arguments: [Way.here, .message, .feed])
    func aRowThatLeavesTheScopeIsOutAndNothingElseBeyondItIsShown(way: Way) async throws {
        let fixture = try await ClusterFixture()
        let bo = try await fixture.member("bo", "conversations:read:own")
        let (id, visitor) = try await fixture.waiting()
        let (other, otherVisitor) = try await fixture.waiting()
        let client = try await SocketPort(fixture.nodes[1], .agent, as: bo).connect()
        try await client.next("synced")
        try await client.send("subscribe", "{\"view\":{}}", request: "v")
        #expect(try await client.answer(to: "v").type == "ack")
        fixture.committers.choose(way == .here ? 1 : 0)
        var position = try await fixture.store.read { try $0.feedHead() }
        if way == .feed { fixture.nodes[1].bus.cutOff() }
        func look() async throws {
            if way == .feed { position = try await fixture.nodes[1].watch.look(after: position) }
        }
        try await fixture.send("not for bo", to: other, by: otherVisitor)
        try await fixture.give(id, to: .agent(bo.userId))
        try await look()
        let came = try await client.next("view.row")
        #expect(came.data["in"] == true && came.data["conversation"]?["id"]?.stringValue == fixture.text(id))
        try await fixture.send("for bo", to: id, by: visitor)
        try await look()
        #expect(try await client.next("view.row").data["conversation"]?["last_message"]?["content"] == "for bo")
        // In one commit with what is said behind it.
        let zoe = fixture.zoe
        try await fixture.store.write(to: id) { transaction in
            _ = try transaction.switchOwner(of: id, to: .agent(zoe.id), reason: nil, by: fixture.staff())
            _ = try transaction.send(MessageDraft(content: "for Zoe"), to: id, by: visitor)
        }
        try await look()
        let left = try await client.next("view.row")
        #expect(left.data["in"] == false && left.data["conversation"]?["last_message"] == .null)
        try await fixture.send("for Zoe, too", to: id, by: visitor)
        try await fixture.give(other, to: .agent(bo.userId))
        try await look()
        let last = try await client.next("view.row")
        #expect(last.data["conversation"]?["id"]?.stringValue == fixture.text(other) && last.data["in"] == true)
    }

    // MARK: Rights that change

    @Test(arguments: EndedRightsTests.Way.allCases)
    func whoJoinsAndLeavesATeamReadsOnUnderTheNewReach(way: EndedRightsTests.Way) async throws {
        let fixture = try await ClusterFixture()
        let bo = try await fixture.member("bo", "conversations:read:team")
        let team = try await fixture.team("Sales")
        let (theirs, visitor) = try await fixture.waiting()
        try await fixture.give(theirs, to: .team(team.id))
        let (queued, queuedVisitor) = try await fixture.waiting()
        let node = fixture.nodes[1]
        let client = try await SocketPort(node, .agent, as: bo).connect()
        try await client.next("synced")
        func subscribe(_ id: Identifier<Conversation>, _ request: String) async throws -> String {
            try await client.send(
                "subscribe", "{\"conversations\":[{\"id\":\"\(fixture.text(id))\"}]}", request: request)
            let answer = try await client.answer(to: request)
            return answer.data["code"]?.stringValue ?? answer.type
        }
        #expect(try await subscribe(queued, "q") == "ack")
        #expect(try await subscribe(theirs, "1") == "not_found")
        if way == .feed { node.bus.cutOff() }
        var known = EndedAccess()
        func members(_ ids: [Identifier<User>]) async throws {
            fixture.clock.advance(seconds: 1)
            let start = fixture.clock.now()
            try await fixture.store.write {
                var patch = TeamPatch()
                patch.members = ids
                _ = try $0.updateTeam(team.id, patch, by: fixture.staff())
            }
            if way == .feed { known = try await node.watch.lookForEndedRights(knowing: known, since: start) }
        }
        try await members([bo.userId])
        try await eventually("bo reads what is the team's") {
            try await subscribe(theirs, "in\(Int.random(in: 0..<1 << 40))") == "ack"
        }
        try await members([])
        let gone = try await client.next("unsubscribed")
        #expect(gone.json["conversation_id"]?.stringValue == fixture.text(theirs))
        #expect(try await subscribe(theirs, "out") == "not_found")
        // Not thrown out: what everybody may read goes on.
        fixture.committers.choose(1)
        try await fixture.send("unheard", to: theirs, by: visitor)
        try await fixture.send("still here", to: queued, by: queuedVisitor)
        let next = try await client.next("message.created")
        #expect(next.message?["content"] == "still here")
    }

    /// The reach shrinks and the owner changes in one commit: the change of owner decides, however late it is heard of.
    @Test func whoeverLosesATeamReadsOnWhatGoesBackToTheQueue() async throws {
        let fixture = try await ClusterFixture()
        let bo = try await fixture.member("bo", "conversations:read:team")
        let team = try await fixture.team("Sales")
        try await fixture.store.write {
            var patch = TeamPatch()
            patch.members = [bo.userId]
            _ = try $0.updateTeam(team.id, patch, by: fixture.staff())
        }
        let (id, visitor) = try await fixture.waiting()
        try await fixture.give(id, to: .team(team.id))
        let client = try await SocketPort(fixture.nodes[1], .agent, as: bo).connect()
        try await client.next("synced")
        try await client.send("subscribe", "{\"conversations\":[{\"id\":\"\(fixture.text(id))\"}]}", request: "s")
        #expect(try await client.answer(to: "s").type == "ack")
        try await fixture.store.write { try $0.deleteTeam(team.id, by: fixture.staff()) }
        let change = try await client.next("conversation.updated")
        #expect(change.data["changes"]?["owner"]?["kind"] == "none" && change.data["reason"] == "team_deleted")
        try await fixture.send("still here", to: id, by: visitor)
        #expect(try await client.next("message.created").message?["content"] == "still here")
        #expect(!client.seen.contains { $0.type == "unsubscribed" })
    }

    /// A socket that is being opened while the rights change begins with the new ones.
    @Test func aSocketBeginsWithTheRightsOfItsOpening() async throws {
        let fixture = try await ClusterFixture()
        let team = try await fixture.team("Sales")
        let bo = try await fixture.member("bo", "conversations:read:team")
        let (id, _) = try await fixture.waiting()
        try await fixture.give(id, to: .team(team.id))
        try await fixture.store.write {
            var patch = TeamPatch()
            patch.members = [bo.userId]
            _ = try $0.updateTeam(team.id, patch, by: fixture.staff())
        }
        // Known from before the change.
        let client = try await SocketPort(fixture.nodes[0], .agent, as: bo).connect()
        try await client.next("synced")
        try await client.send("subscribe", "{\"conversations\":[{\"id\":\"\(fixture.text(id))\"}]}", request: "s")
        #expect(try await client.answer(to: "s").type == "ack")
    }

    // MARK: Keys

    @Test(arguments: EndedRightsTests.Way.allCases)
    func aKeysSocketNarrowsWithTheRoleAndEndsWithTheKey(way: EndedRightsTests.Way) async throws {
        let fixture = try await ClusterFixture()
        let wide = try await fixture.role("api_keys:write", "conversations:read")
        let narrow = try await fixture.role("conversations:read:own")
        let bo = try await fixture.member("bo", role: wide)
        let key = try await fixture.store.write {
            try $0.createAPIKey(
                name: "k", grants: Grants([Permission(.conversationsRead)]), expiresAt: nil,
                digest: Array(repeating: 3, count: 32), by: bo)
        }
        guard case .good(let staff, _) = try await fixture.store.read({ try $0.standing(of: key) }) else {
            return #expect(Bool(false))
        }
        let (id, _) = try await fixture.waiting()
        let node = fixture.nodes[1]
        let byKey = Access(workspaceId: fixture.workspaceId, principal: .staff(staff))
        let client = try await SocketPort(node, .agent, as: byKey).connect()
        let ready = try await client.next("ready")
        #expect(ready.data["user"]?["permissions"] == ["conversations:read"])
        try await client.next("synced")
        let token = try await SocketPort(node, .agent, as: bo).connect()
        try await token.next("synced")
        try await client.send("subscribe", "{\"conversations\":[{\"id\":\"\(fixture.text(id))\"}]}", request: "s")
        #expect(try await client.answer(to: "s").type == "ack")
        if way == .feed { node.bus.cutOff() }
        fixture.clock.advance(seconds: 1)
        let start = fixture.clock.now()
        _ = try await fixture.store.write { try $0.changeAccess(of: bo.userId, role: narrow) }
        var known = EndedAccess()
        if way == .feed { known = try await node.watch.lookForEndedRights(knowing: known, since: start) }
        // The sign-in's socket ends; the key's goes on with what is left.
        #expect(try await token.closed() == 4503)
        let gone = try await client.next("unsubscribed")
        #expect(gone.data["reason"] == "scope")
        try await client.send("subscribe", "{\"conversations\":[{\"id\":\"\(fixture.text(id))\"}]}", request: "t")
        #expect(try await client.answer(to: "t").data["code"] == "not_found")
        try await fixture.store.write { try $0.revokeAPIKey(key.id, by: fixture.staff()) }
        if way == .feed { _ = try await node.watch.lookForEndedRights(knowing: known, since: start) }
        #expect(try await client.closed() == 4503)
    }

    // MARK: Notices

    @Test(arguments: EndedRightsTests.Way.allCases)
    func aNoticeReachesWhomItIsForOnceOnEveryNode(way: EndedRightsTests.Way) async throws {
        let fixture = try await ClusterFixture()
        let (session, visitor) = try await fixture.visitor()
        let node = fixture.nodes[1]
        let agent = try await SocketPort(node, .agent, as: try await fixture.member("bo", "conversations:read"))
            .connect()
        let contact = try await SocketPort(node, .session(session.id), as: visitor).connect()
        for client in [agent, contact] { try await client.next("synced") }
        if way == .feed { node.bus.cutOff() }
        let start = fixture.clock.now()
        func say(_ text: String, to audience: Notice.Audience, locale: String? = nil) async throws {
            _ = try await fixture.store.write {
                try $0.sendNotice(code: "c", text: text, to: audience, locale: locale, by: fixture.staff())
            }
        }
        try await say("staff", to: .staff)
        try await say("contacts", to: .contacts)
        try await say("all", to: .all, locale: "fr")
        for _ in 0..<2 { _ = try await node.watch.lookForEndedRights(knowing: EndedAccess(), since: start) }
        for (client, own) in [(agent, "staff"), (contact, "contacts")] {
            #expect(try await client.next("notice").data == ["code": "c", "text": .string(own)])
            #expect(try await client.next("notice").data["text"] == "all")
            try await client.send("ping", "{}", request: "p")
            _ = try await client.answer(to: "p")
            #expect(client.seen.filter { $0.type == "notice" }.count == 2)
        }
    }

    @Test func aNoticeKnowsForWhomItIs() {
        func notice(_ audience: Notice.Audience, _ locale: String?) -> Notice {
            Notice(
                id: Identifier(1), workspaceId: Identifier(1), code: "c", text: "t", audience: audience, locale: locale)
        }
        #expect(notice(.all, nil).isFor(.staff, speaking: "en") && notice(.all, nil).isFor(.contact, speaking: nil))
        #expect(notice(.staff, nil).isFor(.staff, speaking: nil) && !notice(.staff, nil).isFor(.contact, speaking: nil))
        #expect(!notice(.contacts, nil).isFor(.staff, speaking: nil))
        #expect(notice(.all, "zh-CN").isFor(.contact, speaking: "zh-TW"))
        #expect(
            !notice(.all, "zh-CN").isFor(.contact, speaking: "en") && notice(.all, "zh").isFor(.contact, speaking: nil))
    }
}

extension Access {
    fileprivate var userId: Identifier<User> { staff?.userId ?? Identifier(0) }
}

extension ClusterFixture {
    var zoe: User { people.withLock { $0["zoe"] } ?? agent }

    func text(_ id: Identifier<Conversation>) -> String { views.identifiers.text(id) }

    func role(_ permissions: String...) async throws -> Role { try await role(permissions) }

    private func role(_ permissions: [String]) async throws -> Role {
        let grants = Grants(permissions.compactMap { Permission($0) })
        return try await store.write { [admin = staff()] in
            try $0.createRole(name: permissions.joined(separator: " "), grants: grants, by: admin)
        }
    }

    /// Somebody with a role of these permissions, signed in.
    func member(_ name: String, _ permissions: String...) async throws -> Access {
        try await member(name, role: try await role(permissions))
    }

    func member(_ name: String, role: Role) async throws -> Access {
        let workspaceId = workspaceId
        return try await store.write { transaction in
            let made = try transaction.createUser(
                email: "\(name)@example.com", name: name, passwordHash: "x", role: role, in: workspaceId)
            let (user, login) = try transaction.beginLogin(
                of: made.id, refreshDigest: (0..<32).map { _ in UInt8.random(in: .min ... .max) })
            guard case .good(let staff, _) = try transaction.standing(of: user.id, by: login.id, in: workspaceId) else {
                throw Refusal.notFound
            }
            return Access(workspaceId: workspaceId, principal: .staff(staff))
        }
    }

    func team(_ name: String) async throws -> Team {
        try await store.write { [admin = staff()] in try $0.createTeam(name: name, members: [], by: admin) }
    }

    /// A conversation with a message that waits in the queue, and its contact. Zoe is there, whom others do not see.
    func waiting() async throws -> (Identifier<Conversation>, Access) {
        if people.withLock({ $0["zoe"] }) == nil {
            let workspaceId = workspaceId
            let zoe = try await store.write {
                try $0.createUser(
                    email: "zoe@example.com", name: "Zoe", passwordHash: "x", role: .agent, in: workspaceId)
            }
            people.withLock { $0["zoe"] = zoe }
        }
        let (session, visitor) = try await visitor()
        try await send("hello", to: session.conversationId, by: visitor)
        try await give(session.conversationId, to: .anyHuman)
        return (session.conversationId, visitor)
    }

    func give(_ id: Identifier<Conversation>, to target: OwnerSwitch) async throws {
        _ = try await store.write(to: id) { [admin = staff()] in
            try $0.switchOwner(of: id, to: target, reason: nil, by: admin)
        }
    }

    /// A question that the assistant owes an answer to, under the owner that it is given to first.
    func ask(in id: Identifier<Conversation>, by visitor: Access, owner: OwnerSwitch) async throws -> ReplyJob {
        try await give(id, to: owner)
        return try await ask(in: id, by: visitor)
    }
}
