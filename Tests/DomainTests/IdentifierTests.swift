import Domain
import Testing
import Wire

@Suite struct IdentifierTests {
    @Test func keysOnlyGrowWhateverTheClockDoes() {
        let clock = ManualClock()
        let generator = IdentifierGenerator(clock: clock)
        var last: Int64 = 0
        for step in 0..<20_000 {
            // Forward, back, and standing still for longer than a millisecond has counters.
            if step % 7 == 0 { clock.advance(milliseconds: 1) }
            if step % 1000 == 0 { clock.advance(milliseconds: -5000) }
            let next = generator.next(Message.self).rawValue
            #expect(next > last)
            last = next
        }
    }

    @Test func aRestartWithAClockThatIsBehindStartsAboveTheHighestKey() {
        let clock = ManualClock()
        let before = IdentifierGenerator(clock: clock).next(Message.self)
        clock.advance(seconds: -3600)
        let after = IdentifierGenerator(clock: clock, highest: before.rawValue).next(Message.self)
        #expect(after > before)
    }

    @Test func nodesNeverMakeTheSameKey() {
        let clock = ManualClock()
        let nodes = (0..<4).map { IdentifierGenerator(clock: clock, node: $0) }
        let keys = nodes.flatMap { node in (0..<1000).map { _ in node.next(Message.self) } }
        #expect(Set(keys).count == keys.count)
    }

    @Test func publicIdentifiersComeBackAndTellNothing() throws {
        let identifiers = try #require(PublicIdentifiers(key: Array(1...16)))
        for raw in [1, 2, 3, Int64.max, 123_456_789_012_345] {
            let text = identifiers.text(Identifier<Conversation>(raw))
            #expect(text.count == 30 && text.hasPrefix("cnv_"))
            #expect(identifiers.identifier(text, of: Conversation.self) == Identifier(raw))
        }
        #expect(
            identifiers.text(Identifier<Message>(1)).dropFirst(4) != identifiers.text(Identifier<User>(1)).dropFirst(4))
    }

    @Test func forgedForeignAndMangledIdentifiersAreRefused() throws {
        let identifiers = try #require(PublicIdentifiers(key: Array(1...16)))
        let others = try #require(PublicIdentifiers(key: Array(2...17)))
        let text = identifiers.text(Identifier<Conversation>(42))
        #expect(identifiers.identifier(text, of: Message.self) == nil, "another kind")
        #expect(identifiers.identifier("msg_" + text.dropFirst(4), of: Message.self) == nil, "a swapped prefix")
        #expect(others.identifier(text, of: Conversation.self) == nil, "another installation")
        for index in 4..<30 {
            var characters = Array(text)
            characters[index] = characters[index] == "0" ? "1" : "0"
            #expect(identifiers.identifier(String(characters), of: Conversation.self) == nil)
        }
        for garbage in [
            "", "cnv_", "cnv", "42", text + "0", String(text.dropLast()), text.uppercased(),
            "cnv_" + String(repeating: "é", count: 13),
        ] {
            #expect(identifiers.identifier(garbage, of: Conversation.self) == nil)
        }
        #expect(PublicIdentifiers(key: []) == nil)
    }
}
