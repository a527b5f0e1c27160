import Domain
import Testing

@testable import Storage

@Suite(.databases) struct CalibrationTests {
    private static func calibration(
        _ provider: String, _ model: String, _ factor: Double, _ samples: Int = 3
    )
        -> TokenCalibration
    {
        TokenCalibration(provider: provider, model: model, factor: factor, samples: samples)
    }

    @Test(arguments: TestDatabase.all)
    func whatWasLearntOfModelsIsKeptAndReplaced(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        #expect(try await fixture.store.read { try $0.tokenCalibrations() }.isEmpty)
        try await fixture.store.write {
            try $0.keep([Self.calibration("openai", "gpt-x", 0.9), Self.calibration("dashscope", "qwen-plus", 1.2345)])
        }
        fixture.clock.advance(milliseconds: 1)
        try await fixture.store.write { try $0.keep([Self.calibration("openai", "gpt-x", 1.1, 4)]) }
        // The newest first, to a thousandth.
        #expect(
            try await fixture.store.read { try $0.tokenCalibrations() } == [
                Self.calibration("openai", "gpt-x", 1.1, 4), Self.calibration("dashscope", "qwen-plus", 1.235),
            ])
        // Names that differ in nothing but case are two models.
        try await fixture.store.write { try $0.keep([Self.calibration("openai", "GPT-X", 0.7)]) }
        #expect(try await fixture.store.read { try $0.tokenCalibrations() }.count == 3)
    }

    @Test(arguments: TestDatabase.all)
    func ofManyModelsTheNewestAreRead(on database: TestDatabase) async throws {
        let fixture = try await StoreFixture(on: database)
        for batch in 0..<4 {
            fixture.clock.advance(milliseconds: 1)
            try await fixture.store.write { transaction in
                try transaction.keep((0..<20).map { Self.calibration("p\(batch)", "m\($0)", 1) })
            }
        }
        let kept = try await fixture.store.read { try $0.tokenCalibrations() }
        #expect(kept.count == TokenCalibration.maximumKept)
        #expect(kept.prefix(60).allSatisfy { $0.provider != "p0" })
    }
}
