import Domain
import Testing

@Suite struct OwnerTests {
    private static let agent = Owner(kind: .agent, id: 7, epoch: 4)
    private static let ai = Owner(kind: .ai, epoch: 4)
    private static let queue = Owner(kind: .none, epoch: 4)

    @Test(
        arguments: [
            // owner, wish, contact's outcome, staff's outcome (nil: nothing changes)
            (ai, OwnerSwitch.anyHuman, Owner.Kind.none, Owner.Kind.none),
            (agent, .anyHuman, nil, Owner.Kind.none),
            (queue, .anyHuman, nil, nil),
            (ai, .ai, nil, nil),
            (agent, .ai, Owner.Kind.ai, Owner.Kind.ai),
            (queue, .ai, Owner.Kind.ai, Owner.Kind.ai),
            (ai, .agent(Identifier(7)), Owner.Kind.agent, Owner.Kind.agent),
            (agent, .agent(Identifier(7)), nil, nil),
            (agent, .agent(Identifier(8)), Owner.Kind.agent, Owner.Kind.agent),
        ] as [(Owner, OwnerSwitch, Owner.Kind?, Owner.Kind?)])
    func aSwitchChangesTheOwnerByOneEpochOrNotAtAll(
        owner: Owner, wish: OwnerSwitch, forContact: Owner.Kind?, forStaff: Owner.Kind?
    ) {
        for (isContact, expected) in [(true, forContact), (false, forStaff)] {
            let next = wish.applied(to: owner, isContact: isContact)
            #expect(next?.kind == expected)
            #expect(next.map { $0.epoch == owner.epoch + 1 } ?? true)
        }
    }

    @Test func aContactReturnsToTheAIOnlyWhileNobodyHasTheConversation() {
        #expect(OwnerSwitch.ai.isAllowedForContact(of: Self.queue))
        #expect(!OwnerSwitch.ai.isAllowedForContact(of: Self.agent))
        #expect(OwnerSwitch.anyHuman.isAllowedForContact(of: Self.agent))
        #expect(!OwnerSwitch.agent(Identifier(7)).isAllowedForContact(of: Self.queue))
    }
}
