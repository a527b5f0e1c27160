import Foundation

/// The steps of one answer, and what has become of it when they are done.
struct Script: Sendable {
    /// How an answer ends.
    enum Ending: String, Sendable {
        /// As it should.
        case finished
        /// By a fault.
        case broken
        /// Before it began, by a status.
        case refused
    }

    private(set) var steps: [FakeUpstream.Step] = []
    private(set) var ending = Ending.finished

    private let behaviour: Behaviour
    private let asked: Asked
    private let said: Said
    private let identity: Identity
    private let wire: any Wire

    init(
        _ behaviour: Behaviour, _ asked: Asked, _ said: Said, _ identity: Identity, authorization: String = "",
        now: Date = Date()
    ) {
        self.behaviour = behaviour
        self.asked = asked
        self.said = behaviour.name == .empty ? Self.wordless(said) : said
        self.identity = identity
        switch asked.dialect {
        case .openAI, .compatible: wire = OpenAIWire(asked: asked, said: self.said, identity: identity)
        case .native:
            let isCumulative = asked.isStreaming && (behaviour.name == .cumulative || !asked.isIncremental)
            wire = NativeWire(
                asked: asked, said: self.said, identity: identity, isCumulative: isCumulative,
                hasUsage: behaviour.name != .noUsage, thoughts: behaviour.name == .thinking ? Self.thoughts.count : 0)
        }
        if let refusal = Refusal(behaviour, asked.dialect, authorization: authorization, now: now) {
            refuse(refusal)
        } else if behaviour.name == .badGateway {
            let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body>\r\n</html>\r\n"
            answer(502, [("content-type", "text/html")], Array(page.utf8), .refused)
        } else if behaviour.name == .empty200 {
            answer(200, wire.headers, [], .broken)
        } else if asked.isStreaming {
            stream()
        } else {
            answerWhole()
        }
    }

    /// Steps as they are.
    init(_ steps: [FakeUpstream.Step]) {
        self.init(refusing: .noSuchRoute, .openAI, Identity(number: 0))
        self.steps = steps
        ending = .finished
    }

    /// The answer to a request that is not understood.
    init(refusing refusal: Refusal, _ dialect: Dialect, _ identity: Identity) {
        self.init(
            Behaviour(.ok), Asked(dialect: dialect, model: "", isStreaming: false, wantsUsage: false),
            Said(pieces: []), identity)
        steps = []
        refuse(refusal)
    }

    private static func wordless(_ said: Said) -> Said {
        var said = said
        said.pieces = []
        said.usage.output = 0
        return said
    }

    private static let thoughts = ["The customer asks. ", "先看资料。"]

    // MARK: At once

    private mutating func refuse(_ refusal: Refusal) {
        let headers = [("content-type", "application/json"), ("x-request-id", identity.requestId)] + refusal.headers
        let body =
            behaviour.name == .eventFramed4xx
            ? wire.errorFrameOfDashScope(refusal, requestId: identity.requestId, id: 1) : wire.refusal(refusal).bytes
        answer(refusal.status, headers, body, .refused)
    }

    private mutating func answer(
        _ status: Int, _ headers: [(String, String)], _ body: [UInt8], _ ending: Ending
    ) {
        steps.append(.whole(status, headers, body))
        self.ending = ending
    }

    private mutating func answerWhole() {
        let tool = call.map { (name: $0.name, arguments: $0.arguments) }
        let isTextless = tool != nil && behaviour.position != .end
        let body = wire.whole(
            finish, text: isTextless ? nil : said.text, tool: tool, hasUsage: behaviour.name != .noUsage
        ).bytes
        let headers = [("content-type", "application/json"), ("x-request-id", identity.requestId)]
        if position == .start, !fault.isInStream, goesWrong() { return }
        if fault.isInStream { return answer(200, headers, faultyBody, .broken) }
        if let firstToken = said.firstToken { steps.append(.pause(firstToken)) }
        guard position != nil, position != .start else { return answer(200, headers, body, .finished) }
        // Wherever else it goes wrong: half of the body is there.
        steps.append(.head(200, headers + [("content-length", String(body.count))]))
        steps.append(.raw(Array(body.prefix(body.count / 2))))
        if goesWrong() { return }
        steps += [.raw(Array(body.dropFirst(body.count / 2))), .end]
    }

    /// What a fault of a stream looks like where there is none.
    private var faultyBody: [UInt8] {
        switch behaviour.name {
        case .errorFrameOpenAI: OpenAIWire.error(Refusal(code: behaviour.parameter ?? "server_error")).bytes
        case .errorFrameNative:
            NativeWire.error(Refusal(code: behaviour.parameter ?? "InternalError"), requestId: identity.requestId).bytes
        case .outputInspection: wire.refusal(.inspection(of: "Output", asked.dialect)).bytes
        default: Array("{not json at all".utf8)
        }
    }

    // MARK: Streamed

    private mutating func stream() {
        if position == .start, goesWrong() { return }
        steps.append(.head(200, wire.headers))
        if position == .head, goesWrong() { return }
        event(wire.opening())
        if position == .role, goesWrong() { return }
        if behaviour.name == .thinking {
            for (number, thought) in Self.thoughts.enumerated() { event(wire.thought(thought, number: number)) }
        }
        if call == nil || behaviour.position == .end { guard text() else { return } }
        if position == .end, goesWrong() { return }
        if let call { for part in wire.toolCall(call.name, arguments: call.pieces) { event(part) } }
        for part in wire.ending(finish, hasUsage: behaviour.name != .noUsage) { event(part) }
        steps.append(.end)
    }

    /// The text; whether the answer goes on after it.
    private mutating func text() -> Bool {
        if let firstToken = said.firstToken { steps.append(.pause(firstToken)) }
        let rate = behaviour.name == .slow ? Double(behaviour.number(20)) : said.piecesPerSecond
        let pause = rate.flatMap { $0 > 0 ? Duration.seconds(1 / $0) : nil }
        let place = min(piecesBeforeFault, said.pieces.count)
        for (number, piece) in said.pieces.enumerated() {
            if position == .mid, number == place, goesWrong() { return false }
            if let pause { steps.append(.pause(pause)) }
            let bytes = wire.piece(piece, number: number)
            steps.append(.token(piece, bytes, isByteByByte: isByteByByte))
        }
        return !(position == .mid && place == said.pieces.count && goesWrong())
    }

    private mutating func event(_ bytes: [UInt8]) {
        steps.append(isByteByByte ? .byteByByte(bytes) : .bytes(bytes))
    }

    private var isByteByByte: Bool { behaviour.name == .splitUTF8 }

    private var piecesBeforeFault: Int {
        switch behaviour.name {
        case .hold: behaviour.number(said.holdAfter)
        case .stallAfter: behaviour.number(3)
        default: said.pieces.count / 2
        }
    }

    private var finish: String {
        switch behaviour.name {
        case .length: "length"
        case .toolCall, .badToolJSON: "tool_calls"
        default: "stop"
        }
    }

    private var call: (name: String, arguments: String, pieces: [String])? {
        guard finish == "tool_calls" else { return nil }
        let name = said.tool.name ?? asked.tools.first ?? "handoff_to_human"
        let whole = said.tool.arguments
        let arguments = behaviour.name == .badToolJSON ? String(whole.dropLast(2)) : whole
        return (name, arguments, Array(arguments).inPieces(of: 8).map { String($0) })
    }

    // MARK: Faults

    /// Where this behaviour goes wrong; nil when it does not.
    private var position: Behaviour.Position? {
        switch behaviour.name {
        case .slowFirstToken: behaviour.position ?? .head
        case .hold, .stall, .stallAfter, .truncate, .cut, .hangUp, .malformedJSON, .errorFrameOpenAI,
            .errorFrameNative, .outputInspection:
            behaviour.position ?? .mid
        case .keepAliveOnly: behaviour.position ?? .head
        case .refuseConnection: .start
        default: nil
        }
    }

    /// Adds the fault; whether nothing comes after it.
    private mutating func goesWrong() -> Bool {
        let fault = fault
        if said.holdsFaults, fault.endsAnswer { steps.append(.gate) }
        // A fault in a stream needs a stream to be in.
        if position == .start, fault.isInStream { steps.append(.head(200, wire.headers)) }
        steps += fault.steps
        if fault.endsAnswer { ending = .broken }
        return fault.endsAnswer
    }

    private var fault: (steps: [FakeUpstream.Step], isInStream: Bool, endsAnswer: Bool) {
        // Half a chunk: its size says more than comes.
        let half: [FakeUpstream.Step] =
            position == .start || !asked.isStreaming
            ? [] : [.raw(Array("1ff\r\ndata: {\"id\":\"chatcmpl-1\",\"cho".utf8))]
        switch behaviour.name {
        case .slowFirstToken: return ([.pause(.milliseconds(behaviour.number(3000)))], false, false)
        case .hold: return ([.gate], false, false)
        case .stall, .stallAfter: return ([.hang], false, true)
        case .keepAliveOnly: return ([.comments(every: .milliseconds(behaviour.number(50)))], true, true)
        case .truncate: return ([position == .start || !asked.isStreaming ? .cut : .end], false, true)
        case .cut, .refuseConnection: return (half + [.reset], false, true)
        case .hangUp: return (half + [.cut], false, true)
        case .malformedJSON: return ([.text("data: {not json at all\n\n"), .end], true, true)
        case .errorFrameOpenAI:
            let frame = wire.errorFrameOfOpenAI(Refusal(code: behaviour.parameter ?? "server_error"))
            return ([.bytes(frame), .end], true, true)
        case .errorFrameNative:
            return ([.bytes(nativeFrame(Refusal(code: behaviour.parameter ?? "InternalError"))), .end], true, true)
        case .outputInspection:
            switch asked.dialect {
            case .openAI:
                // Not an error at OpenAI but a way to end.
                let events = wire.ending("content_filter", hasUsage: true).map { FakeUpstream.Step.bytes($0) }
                return (events + [.end], true, true)
            case .compatible:
                let frame = wire.errorFrameOfOpenAI(.inspection(of: "Output", asked.dialect))
                return ([.bytes(frame), .end], true, true)
            case .native: return ([.bytes(nativeFrame(.inspection(of: "Output", asked.dialect))), .end], true, true)
            }
        default: return ([], false, false)
        }
    }

    private func nativeFrame(_ refusal: Refusal) -> [UInt8] {
        wire.errorFrameOfDashScope(refusal, requestId: identity.requestId, id: 2 + said.pieces.count)
    }
}

extension Array {
    /// Its elements in runs of so many.
    func inPieces(of count: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: self.count, by: Swift.max(1, count)).map { self[$0..<Swift.min($0 + count, self.count)] }
    }
}
