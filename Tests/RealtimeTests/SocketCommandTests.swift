import Domain
import Testing

@testable import Realtime

/// Who may send which command.
@Suite struct SocketCommandTests {
    private static let contact = Access(
        workspaceId: Identifier(1),
        principal: .contact(.init(contactId: Identifier(2), sessionId: Identifier(3), conversationId: Identifier(4))))

    private static func staff(_ role: Role, limit: Grants? = nil) -> Access {
        Access(
            workspaceId: Identifier(1),
            principal: .staff(
                .init(userId: Identifier(5), name: "Ada", role: role, credential: .login(Identifier(6)), limit: limit)))
    }

    private static let nobodysRole = Role(
        id: Identifier(7), name: "nothing", grants: .none, updatedAt: Timestamp(milliseconds: 0))

    /// The permission that staff need; nil where they need none.
    private static let permissions: [SocketCommand: Permission.Action?] = [
        .hello: nil, .ping: nil, .refreshToken: nil,
        .send: .messagesWrite, .typing: .messagesWrite, .cancelReply: .messagesWrite,
        .markRead: .conversationsRead, .syncReply: .conversationsRead, .subscribe: .conversationsRead,
        .unsubscribe: .conversationsRead,
        .handOff: .conversationsWrite,
    ]

    private func isAdmitted(_ command: SocketCommand, _ access: Access?) -> Bool {
        (try? command.admission.check(access)) != nil
    }

    @Test(arguments: SocketCommand.allCases) func everyCommandNamesWhoMaySendIt(command: SocketCommand) throws {
        let permission = try #require(Self.permissions[command], "a new command: say here what it needs")
        #expect(isAdmitted(command, nil) == (command == .hello))
        #expect(isAdmitted(command, Self.staff(.admin)))
        let none = Self.staff(Self.nobodysRole)
        #expect(isAdmitted(command, none) == (permission == nil))
        guard let permission else { return }
        // Exactly this permission is what it takes, from a role or left over by an API key.
        #expect(isAdmitted(command, Self.staff(.admin, limit: Grants([Permission(permission)]))))
        let others = Permission.Action.allCases.filter { $0 != permission }.map { Permission($0) }
        #expect(!isAdmitted(command, Self.staff(.admin, limit: Grants(others))))
        #expect(!isAdmitted(command, Self.staff(.customer)))
    }

    @Test(arguments: SocketCommand.allCases) func contactsHaveTheCommandsOfACustomersSocket(command: SocketCommand) {
        let isStaffOnly = command == .subscribe || command == .unsubscribe
        #expect(isAdmitted(command, Self.contact) == !isStaffOnly)
    }

    @Test func thereIsNoOtherCommand() {
        #expect(
            SocketCommand.allCases.map(\.rawValue).sorted() == [
                "handoff", "hello", "message.read", "message.send", "ping", "reply.cancel", "reply.sync", "subscribe",
                "token.refresh", "typing", "unsubscribe",
            ])
    }
}
