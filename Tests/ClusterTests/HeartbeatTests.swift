import NIOCore
import Testing

@testable import Cluster

@Suite struct HeartbeatTests {
    @Test func aBusIsNotHealthyBeforeABeatWasHeard() {
        var heart = Heartbeat()
        #expect(heart.health == .unhealthy("not connected yet"))
        let first = heart.beat()
        #expect(first == 1)
        #expect(heart.health != .healthy)
        heart.hear(first)
        #expect(heart.health == .healthy)
    }

    @Test func oneUnheardBeatIsForgivenTwoAreNot() {
        var heart = Heartbeat()
        heart.hear(heart.beat())
        _ = heart.beat()
        _ = heart.beat()
        #expect(heart.health == .healthy)
        let fourth = heart.beat()
        #expect(heart.health == .unhealthy("two beats in a row were not heard"))
        heart.hear(fourth)
        #expect(heart.health == .healthy)
    }

    @Test func aBeatThatComesLateDoesNotCount() {
        var heart = Heartbeat()
        let beats = (0..<5).map { _ in heart.beat() }
        heart.hear(beats[2])
        #expect(heart.health != .healthy)
        heart.hear(beats[3])
        #expect(heart.health == .healthy)
    }

    @Test func aBeatFromBeforeALossProvesNothing() {
        var heart = Heartbeat()
        heart.hear(heart.beat())
        let before = heart.beat()
        heart.lose("the connection was closed")
        heart.hear(before)
        #expect(heart.health == .unhealthy("the connection was closed"))
        // The reason stays the one that was first.
        for _ in 0..<5 { _ = heart.beat() }
        #expect(heart.health == .unhealthy("the connection was closed"))
        heart.hear(heart.beat())
        #expect(heart.health == .healthy)
    }

    @Test func beatsThatWereNeverSentAreNotHeard() {
        var heart = Heartbeat()
        heart.hear(1)
        heart.hear(.max)
        heart.hear(0)
        #expect(heart.health != .healthy)
    }

    @Test func refusedWritesAreUnhealthyThoughBeatsAreHeard() {
        var heart = Heartbeat()
        heart.hear(heart.beat())
        heart.written(refusal: "OOM")
        #expect(heart.health == .unhealthy("OOM"))
        heart.hear(heart.beat())
        #expect(heart.health == .unhealthy("OOM"))
        heart.written(refusal: nil)
        #expect(heart.health == .healthy)
    }
}

@Suite struct BackoffTests {
    @Test func pausesDoubleUpToTheLongestWithChance() {
        var random = SplitMix(seed: 5)
        var backoff = Backoff(first: .milliseconds(50), longest: .seconds(2))
        for most in [50, 100, 200, 400, 800, 1600, 2000, 2000, 2000] {
            let pause = backoff.pause(using: &random)
            #expect(pause >= .microseconds(Int64(most) * 500) && pause <= .milliseconds(Int64(most)))
        }
        for _ in 0..<1000 { #expect(backoff.pause(using: &random) <= .seconds(2)) }
        backoff.reset()
        #expect(backoff.pause(using: &random) <= .milliseconds(50))
    }

    @Test func pausesOfManyNodesDiffer() {
        var random = SplitMix(seed: 6)
        let pauses = (0..<20).map { _ in
            var backoff = Backoff(first: .milliseconds(50), longest: .seconds(2))
            return backoff.pause(using: &random).nanoseconds
        }
        #expect(Set(pauses).count == 20)
    }

    @Test func absurdPausesDoNotTrap() {
        var random = SplitMix(seed: 7)
        var backoff = Backoff(first: .nanoseconds(.max), longest: .nanoseconds(.min))
        for _ in 0..<100 { #expect(backoff.pause(using: &random).nanoseconds > 0) }
        backoff = Backoff(first: .zero, longest: .zero)
        for _ in 0..<100 { #expect(backoff.pause(using: &random) <= .nanoseconds(1)) }
    }
}
