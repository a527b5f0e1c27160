@testable import Assistant

/// What came out of a stream.
struct ReadStream: Equatable {
    var text = ""
    var pieces: [String] = []
    var usage: TokenUsage?
    var reasoning = 0
    var toolCalls: [ReplyToolCall] = []
    var failure: ProviderFailure?
    var finish: ReplyFinish?

    /// - Parameter piece: bytes of a read.
    init(
        _ bytes: [UInt8], in dialect: any ModelDialect, vendor: ModelVendor, piece: Int = .max, requestId: String? = nil
    ) {
        var cuts: [Int] = []
        var cut = 0
        while bytes.count - cut > piece {
            cut += piece
            cuts.append(cut)
        }
        self.init(bytes, cutAt: cuts, in: dialect, vendor: vendor, requestId: requestId)
    }

    init(
        _ bytes: [UInt8], cutAt cuts: [Int], in dialect: any ModelDialect, vendor: ModelVendor,
        requestId: String? = nil
    ) {
        var stream = ReplyStream(provider: "p", dialect: dialect, vendor: vendor, requestId: requestId)
        var outputs: [ReplyStream.Output] = []
        var start = 0
        for cut in cuts + [bytes.count] where cut >= start {
            outputs += Array(bytes[start..<cut]).withUnsafeBytes { stream.read($0) }
            start = cut
        }
        if !outputs.contains(where: { if case .failed = $0 { true } else { false } }) { outputs += stream.end() }
        for output in outputs {
            switch output {
            case .chunk(.text(let piece)):
                text += piece
                pieces.append(piece)
            case .chunk(.usage(let tokens)): usage = tokens
            case .chunk(.reasoning): reasoning += 1
            case .chunk(.toolCall(let call)): toolCalls.append(call)
            case .failed(let failed): failure = failure ?? failed
            }
        }
        finish = stream.finish
    }
}
