import NIOCore
import Testing

@testable import Cluster

/// Our decoder against hiredis' reader, on the same bytes in the same pieces.
@Suite struct RESPDifferentialTests {
    /// As wide as hiredis'.
    private static let limits = {
        var limits = RESPDecoder.Limits()
        limits.lineBytes = .max / 2
        limits.elements = Int(Int32.max)
        limits.bulkBytes = .max / 2
        limits.replyBytes = .max
        return limits
    }()

    /// - Returns: what is different; nil when nothing is.
    private func difference(_ pieces: [[UInt8]]) -> String? {
        let ours = RESPDecoderTests.decode(pieces, limits: Self.limits)
        let reader = HiredisReader()
        var (theirs, ending) = ([RESPValue](), HiredisReader.Ending.wantsMore)
        for piece in pieces where ending == .wantsMore {
            let (values, end) = reader.feed(piece)
            theirs += values
            ending = end
        }
        switch ours.fault {
        case nil:
            guard ours.values == theirs else { return "values: \(ours.values), hiredis: \(theirs)" }
            return ending == .wantsMore ? nil : "hiredis fails, we do not"
        case .badTerminator, .excess:
            // hiredis takes any two bytes for the end of a string, and counts the elements of each array for itself.
            return theirs.starts(with: ours.values) ? nil : "values: \(ours.values), hiredis: \(theirs)"
        case .unknownKind, .badNumber, .badLength:
            guard ours.values == theirs else { return "values: \(ours.values), hiredis: \(theirs)" }
            // We refuse what cannot become a number; hiredis waits for the end of its line.
            if ending == .wantsMore { ending = reader.feed([0x0D, 0x0A]).ending }
            return ending == .failed ? nil : "we fail with \(ours.fault as Any), hiredis does not"
        }
    }

    private func check(_ pieces: [[UInt8]]) {
        if let difference = difference(pieces) {
            let text = String(decoding: pieces.joined(), as: UTF8.self).debugDescription
            Issue.record("\(text) in pieces of \(pieces.map(\.count)): \(difference)")
        }
    }

    @Test(arguments: 0..<8)
    func rightStreamsAreReadAsHiredisReadsThem(_ seed: UInt64) {
        var inputs = RESPInputs(seed: seed)
        for _ in 0..<400 {
            let bytes = inputs.stream()
            check([bytes])
            check(bytes.map { [$0] })
            check(inputs.pieces(of: bytes))
        }
    }

    @Test(arguments: 0..<8)
    func streamsAreReadAlikeWhereverTheyAreCut(_ seed: UInt64) {
        var inputs = RESPInputs(seed: 1000 + seed)
        for round in 0..<40 {
            let bytes = round % 2 == 0 ? inputs.stream() : inputs.mutated(inputs.stream())
            for cut in 0...bytes.count { check([Array(bytes[..<cut]), Array(bytes[cut...])].filter { !$0.isEmpty }) }
        }
    }

    @Test(arguments: 0..<8)
    func wrongStreamsAreRefusedAsHiredisRefusesThem(_ seed: UInt64) {
        var inputs = RESPInputs(seed: 2000 + seed)
        for _ in 0..<1000 {
            let bytes = inputs.mutated(inputs.stream())
            check([bytes])
            check(inputs.pieces(of: bytes))
        }
    }

    @Test(arguments: 0..<4)
    func noiseNeitherTrapsNorIsTakenForReplies(_ seed: UInt64) {
        var random = SplitMix(seed: 3000 + seed)
        for _ in 0..<2000 {
            let count = Int.random(in: 0...64, using: &random)
            check([(0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }].filter { !$0.isEmpty })
        }
    }
}
