import Assistant
import Cluster
import Domain
import Storage
import Synchronization
import Testing

@testable import Realtime

/// Replies on a database that several nodes share.
@Suite(.serialized, .timeLimit(.minutes(3)), .enabled(if: MySQLCluster.isThere)) struct RepliesOnTwoNodesTests {
    private static func whole(_ text: String) -> ComposedReply {
        ComposedReply(text: text, sources: [], finish: .stop, isAnswered: true)
    }

    /// A node dies in the middle of a reply that the customer sees. Another takes it over and ends it, once; when the first wakes
    /// up, the database refuses what it writes, and no reader sees any of it.
    @Test func aReplyOfADeadNodeIsFinishedOnceAndTheZombieIsRefused() async throws {
        try await MySQLCluster.run { cluster in
            let script = Script()
            let dead = cluster.node("dead", renewal: .seconds(3_600)) { _, deliver in
                try await deliver(.text("old text "))
                await script.step()
                try await deliver(.text("zombie"))
                return Self.whole("old text zombie")
            }
            let other = cluster.node("other") { _, deliver in
                for piece in ["new ", "text"] { try await deliver(.text(piece)) }
                return Self.whole("new text")
            }
            let (id, visitor) = try await cluster.visitor(on: dead)
            let readers = [try await dead.read(id, by: visitor), try await other.read(id, by: visitor)]
            _ = try await dead.send("hi", to: id, by: visitor)
            let isShown = await eventually { readers.allSatisfy { $0.frames.contains { $0.status == "streaming" } } }
            #expect(isShown)
            // Alive as far as anybody knows: nobody takes it.
            await other.runtime?.takeOver()
            #expect(other.runtime?.runningReplies == 0)
            cluster.clock.advance(seconds: 13)
            await other.runtime?.takeOver()
            let isCompleted = await eventually { readers.allSatisfy { $0.has("message.completed") } }
            #expect(isCompleted)
            await script.release()
            #expect(await eventually { dead.runtime?.runningReplies == 0 })
            // Behind everything that it may have said.
            _ = try await other.send("end", to: id, by: cluster.admin)
            let log = try await cluster.log(of: id, by: other)
            let head = try #require(log.last?.seq)
            for reader in readers {
                #expect(await eventually { reader.seqs.last == head })
                #expect(reader.seqs == Array(1...head))
                #expect(!reader.frames.contains { $0.text == "zombie" })
                #expect(reader.frames.filter { $0.type == "message.completed" }.count == 1)
                let reset = try #require(reader.frames.firstIndex { $0.type == "reply.reset" })
                let after = reader.frames[reset...].filter { $0.type == "reply.delta" || $0.type == "reply.reset" }
                #expect(after.allSatisfy { $0.data["generation"]?.intValue == 2 })
            }
            let replies = log.compactMap(\.message).filter { $0.sender.kind == .ai }
            #expect(Set(replies.map(\.id)).count == 1 && replies.last?.content == "new text")
            #expect(try await other.store.read { try $0.openJobs(of: id) }.isEmpty)
        }
    }

    /// The same, before anything was shown, and with two that could take it over.
    @Test func ofSeveralNodesOneTakesOver() async throws {
        try await MySQLCluster.run { cluster in
            let dead = cluster.node("dead", renewal: .seconds(3_600)) { _, _ in
                try await Task.sleep(for: .seconds(3_600))
                return Self.whole("never")
            }
            let made = Shared(0)
            let others = ["b", "c", "d"].map { name in
                cluster.node(name) { _, deliver in
                    made.add(1)
                    try await deliver(.text("answer"))
                    return Self.whole("answer")
                }
            }
            var visits: [(id: Identifier<Conversation>, access: Access)] = []
            for _ in 0..<6 { visits.append(try await cluster.visitor(on: dead)) }
            for visit in visits { _ = try await dead.send("hi", to: visit.id, by: visit.access) }
            cluster.clock.advance(seconds: 13)
            await withTaskGroup(of: Void.self) { group in
                for other in others {
                    group.addTask { for _ in 0..<3 { await other.runtime?.takeOver() } }
                }
            }
            for visit in visits {
                #expect(
                    await eventually {
                        (try? await others[0].store.read { try $0.openJobs(of: visit.id) }.isEmpty) ?? false
                    })
                let log = try await cluster.log(of: visit.id, by: others[0])
                #expect(log.filter { $0.kind == .messageCompleted }.count == 1)
            }
            #expect(made.value == visits.count)
        }
    }

    /// A process that takes messages but makes no replies tells those that do.
    @Test func aReplyThatIsOwedByNobodyIsMadeByWhoeverHearsOfIt() async throws {
        try await MySQLCluster.run { cluster in
            let made = Shared(0)
            let front = cluster.node("front")
            let assistants = ["x", "y"].map { name in
                cluster.node(name) { _, deliver in
                    made.add(1)
                    try await deliver(.text("answer"))
                    return Self.whole("answer")
                }
            }
            let (id, visitor) = try await cluster.visitor(on: front)
            let reader = try await front.read(id, by: visitor)
            _ = try await front.send("hi", to: id, by: visitor)
            #expect(await eventually { reader.has("message.completed") })
            #expect(made.value == 1)
            // Told of nothing, they find it by looking.
            front.bus.cutOff()
            _ = try await front.send("again", to: id, by: visitor)
            #expect(made.value == 1)
            await assistants[1].runtime?.takeOver()
            #expect(
                await eventually {
                    ((try? await cluster.log(of: id, by: front)) ?? []).filter { $0.kind == .messageCompleted }.count
                        == 2
                })
            #expect(made.value == 2)
        }
    }

    /// A burst whose parts come to two nodes is answered once, and whole.
    @Test func aQuestionThatGrowsOnAnotherNodeIsAnsweredWhole() async throws {
        try await MySQLCluster.run { cluster in
            let asked = Shared<[String]>([])
            let maker = cluster.node("maker", burst: .milliseconds(400)) { question, deliver in
                asked.add([question.text])
                try await deliver(.text("re: " + question.text))
                return Self.whole("re: " + question.text)
            }
            let other = cluster.node("other") { _, _ in
                Issue.record("it is not this node's")
                return Self.whole("no")
            }
            let (id, visitor) = try await cluster.visitor(on: maker)
            let reader = try await other.read(id, by: visitor)
            _ = try await maker.send("one", to: id, by: visitor)
            _ = try await other.send("two", to: id, by: visitor)
            #expect(await eventually { reader.has("message.completed") })
            let log = try await cluster.log(of: id, by: other)
            let answers = log.filter { $0.kind == .messageCompleted }.compactMap { $0.message?.content }
            #expect(answers == ["re: one\ntwo"] && asked.value.last == "one\ntwo")
            // Even when the word is lost: the database refuses an answer to the shorter question.
            other.bus.cutOff()
            _ = try await maker.send("three", to: id, by: visitor)
            _ = try await other.send("four", to: id, by: visitor)
            #expect(
                await eventually {
                    ((try? await cluster.log(of: id, by: other)) ?? []).filter { $0.kind == .messageCompleted }.count
                        == 2
                })
            let last = try await cluster.log(of: id, by: other).last { $0.kind == .messageCompleted }
            #expect(last?.message?.content == "re: three\nfour")
        }
    }

    /// What is heard of a reply that has ended begins nothing.
    @Test func aWordThatComesTooLateBeginsNoSecondRun() async throws {
        try await MySQLCluster.run { cluster in
            let made = Shared(0)
            let maker = cluster.node("maker") { _, deliver in
                made.add(1)
                try await deliver(.text("answer"))
                return Self.whole("answer")
            }
            let (id, visitor) = try await cluster.visitor(on: maker)
            let reader = try await maker.read(id, by: visitor)
            #expect(await eventually { reader.seqs == [1] })
            for round in 1...30 {
                _ = try await maker.send("hi", to: id, by: visitor)
                let jobs = try await maker.store.read { try $0.openJobs(of: id) }
                // At whatever moment of its end.
                for _ in 0..<20 {
                    maker.runtime?.heard(grown: jobs.map(\.id), isAnyFree: false)
                    await Task.yield()
                }
                #expect(
                    await eventually {
                        reader.frames.filter { $0.type == "message.completed" }.count == round
                            && maker.runtime?.runningReplies == 0
                    })
            }
            #expect(made.value == 30)
            #expect(reader.frames.filter { $0.type == "reply.started" }.count == 30)
        }
    }

    /// A takeover by a human on one node stops the reply on another.
    @Test func aHumanOnAnotherNodeStopsTheReply() async throws {
        try await MySQLCluster.run { cluster in
            let maker = cluster.node("maker") { _, deliver in
                for index in 0..<30 { try await deliver(.text("\(index) ")) }
                // A provider that says no more.
                try await Task.sleep(for: .seconds(3_600))
                return Self.whole("never finished")
            }
            let desk = cluster.node("desk") { _, _ in Self.whole("no") }
            for round in 0..<5 {
                let (id, visitor) = try await cluster.visitor(on: maker)
                let readers = [try await maker.read(id, by: visitor), try await desk.read(id, by: visitor)]
                _ = try await maker.send("hi", to: id, by: visitor)
                #expect(await eventually { readers.allSatisfy { $0.frames.contains { $0.status == "streaming" } } })
                // Told of nothing, it learns of it with the next renewal of its lease.
                if round == 4 { maker.bus.cutOff() }
                _ = try await desk.send("I take over", to: id, by: cluster.admin)
                #expect(
                    await eventually {
                        (try? await desk.store.read { try $0.openJobs(of: id) }.isEmpty) ?? false
                    })
                _ = try await desk.send("end", to: id, by: cluster.admin)
                let log = try await cluster.log(of: id, by: desk)
                let ends = log.compactMap(\.message).filter { $0.sender.kind == .ai && $0.status == .cancelled }
                #expect(log.filter { $0.kind == .messageUpdated }.count == 1 && ends.count == 2)
                if round == 4 { continue }
                for reader in readers {
                    #expect(await eventually { reader.seqs.last == log.last?.seq })
                    let change = try #require(reader.frames.firstIndex { $0.changesOwner })
                    let after = reader.frames[(change + 1)...].filter(\.isOfAI)
                    #expect(after.map(\.type) == ["message.updated"])
                }
            }
        }
    }
}

/// A value behind a lock, shared with closures.
final class Shared<Value: Sendable>: Sendable {
    private let kept: Mutex<Value>

    init(_ value: Value) { kept = Mutex(value) }

    var value: Value { kept.withLock { $0 } }
}

extension Shared where Value == Int {
    func add(_ count: Int) { kept.withLock { $0 += count } }
}

extension Shared where Value == [String] {
    func add(_ texts: [String]) { kept.withLock { $0 += texts } }
}
