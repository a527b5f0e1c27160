/// How a dialect writes things down.
protocol Wire: Sendable {
    /// Of a stream.
    var headers: [(String, String)] { get }
    /// The first event, which has no text.
    func opening() -> [UInt8]
    /// A thought, which is no text yet.
    /// - Parameter number: how many thoughts came before it.
    func thought(_ text: String, number: Int) -> [UInt8]
    /// A piece of the text.
    /// - Parameter number: how many pieces came before it.
    func piece(_ text: String, number: Int) -> [UInt8]
    /// The call of a tool: its name first, then its arguments in pieces.
    func toolCall(_ name: String, arguments: [String]) -> [[UInt8]]
    /// How the answer ended, its usage, and whatever marks the end.
    func ending(_ finish: String, hasUsage: Bool) -> [[UInt8]]
    /// The whole answer in one body.
    func whole(_ finish: String, text: String?, tool: (name: String, arguments: String)?, hasUsage: Bool) -> JSON
    func refusal(_ refusal: Refusal) -> JSON
}

extension Wire {
    /// An error in a stream as OpenAI writes it.
    func errorFrameOfOpenAI(_ refusal: Refusal) -> [UInt8] {
        Array(("data: " + OpenAIWire.error(refusal).text + "\n\n").utf8)
    }

    /// An error in a stream as DashScope writes it; the status is in a comment.
    func errorFrameOfDashScope(_ refusal: Refusal, requestId: String, id: Int) -> [UInt8] {
        let body = NativeWire.error(refusal, requestId: requestId)
        return Array("id:\(id)\nevent:error\n:HTTP_STATUS/\(refusal.status)\ndata:\(body.text)\n\n".utf8)
    }
}
