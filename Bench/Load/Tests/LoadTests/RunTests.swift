import Foundation
import Synchronization
import Testing

@testable import Load

/// An echo on a thread of its own.
private final class EchoThread: Sendable {
    private let state = Mutex<(port: UInt16, isOver: Bool, isGone: Bool)>((0, false, false))

    init(_ fault: String?) throws {
        let thread = Thread { [self] in
            guard let echo = try? Echo(port: 0, fault: fault.flatMap { Echo.Fault($0) }) else { return }
            state.withLock { $0.port = echo.port }
            while !state.withLock({ $0.isOver }) { echo.turn() }
            echo.stop()
            state.withLock { $0.isGone = true }
        }
        thread.start()
        let deadline = Clock.now() + 5 * Clock.second
        while port == 0, Clock.now() < deadline { usleep(500) }
        try #require(port > 0)
    }

    var port: UInt16 { state.withLock { $0.port } }

    func stop() { state.withLock { $0.isOver = true } }
}

struct RunTests {
    /// The answers to command lines.
    private func answers(to lines: [String]) throws -> [[String: Any]] {
        let input = Pipe()
        let output = Pipe()
        input.fileHandleForWriting.write(Data(lines.map { $0 + "\n" }.joined().utf8))
        try input.fileHandleForWriting.close()
        try Commands(
            input: input.fileHandleForReading.fileDescriptor, output: output.fileHandleForWriting.fileDescriptor
        ).run()
        try output.fileHandleForWriting.close()
        let data = try #require(try output.fileHandleForReading.readToEnd())
        return try data.split(separator: 0x0A).map {
            try #require(try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any])
        }
    }

    private func connect(_ group: String, _ paths: [String], _ port: UInt16) -> String {
        let sockets = paths.map { #"{"port":\#(port),"path":"\#($0)","ready":"synced"}"# }.joined(separator: ",")
        return #"{"do":"connect","group":"\#(group)","sockets":[\#(sockets)]}"#
    }

    private func desk(_ fault: String?, _ more: String) throws -> [String: Any] {
        let echo = try EchoThread(fault)
        defer { echo.stop() }
        let found = try answers(to: [
            connect("c", (0..<5).map { "/c/\($0)" }, echo.port), connect("a", (0..<5).map { "/a/\($0)" }, echo.port),
            #"{"do":"desk","customers":"c","agents":"a","seconds":0.3,"drain_seconds":0.3\#(more)}"#,
        ])
        return try #require(found.last?["ok"] as? [String: Any])
    }

    private func fanOut(_ fault: String?, _ more: String = "") throws -> [String: Any] {
        let echo = try EchoThread(fault)
        defer { echo.stop() }
        let found = try answers(to: [
            connect("p", ["/pub"], echo.port), connect("r", (0..<5).map { "/sub/\($0)" }, echo.port),
            #"{"do":"fanout","publisher":"p","receivers":"r","seconds":0.3,"drain_seconds":0.3\#(more)}"#,
        ])
        return try #require(found.last?["ok"] as? [String: Any])
    }

    private func faults(_ answer: [String: Any]) throws -> [String] {
        try #require(answer["faults"] as? [String])
    }

    @Test(arguments: ["", #","rate":2000"#, #","rate":2000,"spacing":"even","warmup_seconds":0.1"#])
    func aDeskWithoutFaultsHasNone(more: String) throws {
        let answer = try desk(nil, more)
        #expect(try faults(answer) == [])
        let sent = try #require(answer["sent"] as? Int)
        #expect(sent > 100)
        #expect(answer["acked"] as? Int == sent)
        #expect(answer["delivered"] as? Int == sent)
    }

    @Test func anOpenLoopSkipsNoIntendedTime() throws {
        let answer = try desk(nil, #","rate":1000,"spacing":"even""#)
        #expect(answer["sent"] as? Int == 300)
    }

    @Test(arguments: [
        ("drop:50", "was delivered before"), ("double:50", "was delivered again"), ("swap:50", "was delivered again"),
        ("number:50", "has seq"),
    ])
    func aDeskTellsWhatIsLostDoubledOrReordered(fault: String, told: String) throws {
        let found = try faults(desk(fault, #","rate":2000"#))
        #expect(found.contains { $0.contains(told) }, "\(found)")
    }

    @Test func aClosedDeskTellsWhatIsLost() throws {
        let found = try faults(desk("drop:50", ""))
        #expect(found.contains { $0.contains("were not delivered") }, "\(found)")
    }

    @Test func aServerThatGoesIsAFault() throws {
        let paths = (0..<3).map { "/c/\($0)" }
        let run = #"{"do":"desk","customers":"c","agents":"a","seconds":3,"drain_seconds":3}"#
        let echo = try EchoThread(nil)
        let stopper = Thread {
            usleep(200_000)
            echo.stop()
        }
        stopper.start()
        let begun = Clock.now()
        let found = try answers(to: [
            connect("c", paths, echo.port), connect("a", (0..<3).map { "/a/\($0)" }, echo.port), run, run,
        ])
        let first = try faults(#require(found[2]["ok"] as? [String: Any]))
        #expect(first.contains { $0.contains("was lost") }, "\(first)")
        let second = try faults(#require(found[3]["ok"] as? [String: Any]))
        #expect(second.count == 3)
        #expect(Clock.seconds(Clock.now() - begun) < 6.5)
    }

    @Test func aFanOutWithoutFaultsHasNone() throws {
        for more in ["", #","rate":1000"#, #","recognise":"stamp","window":16"#] {
            let answer = try fanOut(nil, more)
            #expect(try faults(answer) == [])
            let published = try #require(answer["published"] as? Int)
            #expect(published > 50)
            #expect(answer["received"] as? Int == published * 5)
        }
    }

    @Test(arguments: [("drop:50", "came before"), ("double:50", "came again"), ("swap:50", "came before")])
    func aFanOutTellsWhatIsLostDoubledOrReordered(fault: String, told: String) throws {
        let found = try faults(fanOut(fault))
        #expect(found.contains { $0.hasPrefix("receiver 0") && $0.contains(told) }, "\(found)")
        #expect(!found.contains { $0.hasPrefix("receiver 1") })
    }

    @Test func badCommandsGetAnErrorEach() throws {
        let found = try answers(to: [
            "nonsense", "{}", #"{"do":"fly"}"#, #"{"do":"desk"}"#,
            #"{"do":"desk","customers":"c","agents":"a","seconds":1}"#, #"{"do":"connect","group":"g","sockets":[]}"#,
            #"{"do":"connect","group":"g","file":"/nowhere"}"#, #"{"do":"drop","group":"g","how":"close"}"#,
            #"{"do":"http","port":1,"connections":1,"seconds":1,"requests":[""]}"#,
            #"{"do":"http","port":1,"connections":0,"seconds":1,"requests":["GET"]}"#, #"{"do":"hold","seconds":-1}"#,
        ])
        #expect(found.count == 11)
        #expect(found.dropLast().allSatisfy { $0["error"] is String })
        #expect(found.last?["ok"] != nil)
    }

    @Test func aRefusedConnectionIsAFault() throws {
        let listener = try Dialling.listen(port: 0)
        close(listener.file)
        let answer = try #require(answers(to: [connect("g", ["/"], listener.port)]).first?["ok"] as? [String: Any])
        #expect(answer["opened"] as? Int == 0)
        #expect(try faults(answer).first?.contains("refused") == true)
    }

    @Test func httpIsAnsweredAndSocketsAreHeldAndDropped() throws {
        let echo = try EchoThread(nil)
        defer { echo.stop() }
        func http(_ more: String) -> String {
            #"{"do":"http","port":\#(echo.port),"requests":["GET /{stamp} HTTP/1.1\r\n\r\n"],\#(more)}"#
        }
        let found = try answers(to: [
            http(#""connections":4,"seconds":0.2"#), http(#""connections":4,"seconds":0.2,"rate":500"#),
            http(#""connections":1,"seconds":0.05,"status":404"#),
            connect("c", ["/c/0", "/c/1"], echo.port), #"{"do":"hold","seconds":0.05}"#,
            #"{"do":"drop","group":"c","how":"reset"}"#, #"{"do":"end"}"#, #"{"do":"hold","seconds":1}"#,
        ]).map { try #require($0["ok"] as? [String: Any]) }
        #expect(found.count == 7)
        #expect(try faults(found[0]) == [] && faults(found[1]) == [])
        #expect(try #require(found[0]["requests"] as? Int) > 100)
        #expect(try faults(found[2]).first?.hasPrefix("status 200") == true)
        #expect(found[4]["open"] as? Int == 2)
        #expect(found[5]["dropped"] as? Int == 2)
    }
}
