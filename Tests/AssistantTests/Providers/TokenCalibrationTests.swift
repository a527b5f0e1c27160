import Domain
import ModelUpstream
import Testing

@testable import Assistant

@Suite struct TokenCalibrationTests {
    static func learnt(_ samples: [(real: Int, estimated: Int)]) -> TokenCalibration {
        var calibration = TokenCalibration(provider: "p", model: "m")
        for sample in samples { calibration.observe(real: sample.real, estimated: sample.estimated) }
        return calibration
    }

    @Test func `takes the first sample as it is, and later ones by and by`() {
        #expect(Self.learnt([]).multiplier == 1)
        #expect(Self.learnt([(1200, 1000)]).factor == 1.2)
        #expect(abs(Self.learnt([(1200, 1000)]).multiplier - 1.26) < 1e-9)
        #expect(abs(Self.learnt([(1200, 1000), (1000, 1000)]).factor - 1.16) < 1e-9)
        let settled = Self.learnt([(1800, 1000)] + Array(repeating: (900, 1000), count: 40))
        #expect(abs(settled.factor - 0.9) < 0.01)
        #expect(settled.samples == 41)
    }

    @Test func `stays within its bounds, whatever is reported`() {
        #expect(Self.learnt([(100_000, 1000)]).factor == 1.8)
        // A server that cuts prompts silently reports what it kept.
        #expect(Self.learnt([(10, 1000)]).factor == 0.6)
        #expect(Self.learnt([(0, 1000), (-5, 1000), (7, 0), (99, 99)]).samples == 0)
        #expect(Self.learnt([(.max, 1000), (1000, .max)]).factor >= 0.6)
        var over = TokenCalibration(provider: "p", model: "m")
        over.overflowed()
        #expect(over.factor == 1.2)
        for _ in 0..<20 { over.overflowed() }
        #expect(over.factor == 1.8)
        for bad in [Double.nan, .infinity, -1, 0, 99] {
            let kept = TokenCalibration(provider: "p", model: "m", factor: bad, samples: -3)
            #expect(TokenCalibration.bounds.contains(kept.factor))
            #expect(kept.samples == 0)
        }
    }

    @Test func `is kept by provider and model, and what is newer stays`() {
        let calibrations = TokenCalibrations()
        calibrations.restore([
            TokenCalibration(provider: "a", model: "m", factor: 1.5, samples: 9),
            TokenCalibration(provider: "b", model: "m", factor: 0.7, samples: 1),
        ])
        #expect(calibrations.multiplier(provider: "a", model: "m") == 1.5 * 1.05)
        #expect(calibrations.multiplier(provider: "a", model: "other") == 1)
        calibrations.observe(provider: "c", model: "m", real: 800, estimated: 1000)
        calibrations.restore([TokenCalibration(provider: "c", model: "m", factor: 1.8, samples: 100)])
        #expect(calibrations.snapshot().map(\.factor) == [1.5, 0.7, 0.8])
        // What was never learnt from is not worth keeping.
        calibrations.observe(provider: "d", model: "m", real: 1, estimated: 1)
        #expect(calibrations.snapshot().count == 3)
        for number in 0..<200 { calibrations.overflowed(provider: "\(number)", model: "m") }
        #expect(calibrations.snapshot().count <= TokenCalibration.maximumKept)
    }

    static func long(_ exchanges: Int) -> ReplyPrompt {
        var prompt = OpenAIProviderTests.prompt
        prompt.turns = (0..<exchanges).flatMap {
            [.init(.customer, "问题\($0) " + String(repeating: "长", count: 60)), .init(.assistant, "回答\($0)")]
        }
        return prompt
    }

    @Test func `a model that counts more tokens than we do gets shorter prompts`() async throws {
        let upstream = try await FakeUpstream.start()
        upstream.configure { $0.usage.input = 100_000 }
        let calibrations = TokenCalibrations()
        let provider = try OpenAIProviderTests.provider(upstream.base, contextTokens: 6000, calibrations: calibrations)
        for _ in 0..<2 {
            _ = try await provider.reply(to: Self.long(60), within: OpenAIProviderTests.patient) { _ in }
        }
        #expect(calibrations.snapshot().map(\.factor) == [1.8])
        #expect(calibrations.snapshot().map(\.samples) == [2])
        #expect(upstream.calls.count == 2)
        #expect(upstream.calls[1].body.utf8.count < upstream.calls[0].body.utf8.count)
        try await upstream.stop()
    }

    @Test func `an overflow is remembered`() async throws {
        let upstream = try await FakeUpstream.start()
        upstream.configure { $0.next = [Behaviour("overflow400")].compactMap { $0 } }
        let calibrations = TokenCalibrations()
        let provider = try OpenAIProviderTests.provider(upstream.base, contextTokens: 6000, calibrations: calibrations)
        let collector = ReplyCollector()
        _ = try await provider.reply(to: Self.long(60), within: OpenAIProviderTests.patient) { collector.take($0) }
        #expect(!collector.text.isEmpty)
        #expect(upstream.calls.count == 2)
        #expect(upstream.calls[1].body.utf8.count < upstream.calls[0].body.utf8.count)
        #expect(calibrations.snapshot().first?.samples ?? 0 >= 1)
        try await upstream.stop()
    }

    @Test func `a native stream's usage, told with every event, counts once`() async throws {
        let upstream = try await FakeUpstream.start()
        let calibrations = TokenCalibrations()
        let provider = try DashScopeProviderTests.provider(upstream.root, calibrations: calibrations)
        _ = try await provider.reply(to: Self.long(10), within: OpenAIProviderTests.patient) { _ in }
        #expect(calibrations.snapshot().map(\.samples) == [1])
        try await upstream.stop()
    }
}
