import NIOCore
import NIOEmbedded
import Testing

@testable import Realtime

@Suite("Timer wheel")
struct TimerWheelTests {
    final class Target: DeadlineTarget {
        var passed: [UInt8] = []
        var onPass: (UInt8) -> Void = { _ in }

        func deadlinePassed(_ tag: DeadlineTag) {
            passed.append(tag.rawValue)
            onPass(tag.rawValue)
        }
    }

    let loop = EmbeddedEventLoop()
    let wheel: TimerWheel
    let target = Target()

    init() {
        wheel = TimerWheel(eventLoop: loop, granularity: .milliseconds(100), slots: 8)
    }

    @discardableResult
    private func set(_ tag: UInt8, _ milliseconds: Int64) -> TimerWheel.Deadline {
        wheel.set(DeadlineTag(rawValue: tag), after: .milliseconds(milliseconds), for: target)
    }

    private func advance(_ milliseconds: Int64) {
        loop.advanceTime(by: .milliseconds(milliseconds))
    }

    @Test(
        "fires no deadline early and each within one granularity",
        arguments: [1, 99, 100, 101, 799, 800, 801, 5_000, 25_000, 3_600_000])
    func firesInTime(delay: Int64) {
        advance(37)
        set(1, delay)
        advance(delay - 1)
        #expect(target.passed == [])
        advance(101)
        #expect(target.passed == [1])
        #expect(wheel.count == 0)
        advance(delay * 3)
        #expect(target.passed == [1])
    }

    @Test("fires deadlines of different rounds of one slot in their own round")
    func keepsRoundsApart() {
        set(1, 800)
        set(2, 1600)
        set(3, 2400)
        advance(900)
        #expect(target.passed == [1])
        advance(800)
        #expect(target.passed == [1, 2])
        advance(800)
        #expect(target.passed == [1, 2, 3])
    }

    @Test("a cancelled deadline does not fire, and cancelling twice or too late does no harm")
    func cancels() {
        let first = set(1, 500)
        let second = set(2, 500)
        wheel.cancel(first)
        wheel.cancel(first)
        #expect(wheel.count == 1)
        advance(600)
        #expect(target.passed == [2])
        let third = set(3, 500)
        wheel.cancel(first)
        wheel.cancel(second)
        #expect(!wheel.postpone(second, to: .seconds(1)))
        advance(600)
        #expect(target.passed == [2, 3])
        wheel.cancel(third)
    }

    @Test("a postponed deadline fires at its new time only, sooner or later")
    func postpones() {
        let deadline = set(1, 1_000)
        for _ in 0..<50 {
            advance(900)
            #expect(wheel.postpone(deadline, to: .milliseconds(1_000)))
        }
        #expect(target.passed == [])
        #expect(wheel.postpone(deadline, to: .milliseconds(200)))
        advance(300)
        #expect(target.passed == [1])
    }

    @Test("a deadline may set, cancel and postpone others while it fires")
    func allowsReentrance() {
        let cancelled = set(2, 500)
        let moved = set(3, 500)
        target.onPass = { [wheel, target] tag in
            guard tag == 1 else { return }
            wheel.cancel(cancelled)
            wheel.postpone(moved, to: .milliseconds(500))
            _ = wheel.set(DeadlineTag(rawValue: 4), after: .milliseconds(0), for: target)
        }
        // Slots are last in, first out, so that this one fires before the two that it changes.
        set(1, 500)
        advance(599)
        #expect(target.passed == [1])
        advance(101)
        #expect(target.passed == [1, 4])
        advance(400)
        #expect(target.passed == [1, 4, 3])
        target.onPass = { _ in }
    }

    @Test("time that passes while nothing is pending costs nothing and delays nothing")
    func restsWhenEmpty() {
        set(1, 100)
        advance(1_000)
        advance(10_000_000)
        set(2, 300)
        advance(299)
        #expect(target.passed == [1])
        advance(101)
        #expect(target.passed == [1, 2])
    }

    @Test("a loop that was busy for longer than a turn fires everything that is due, once")
    func catchesUp() {
        for tag in 1...40 { set(UInt8(tag), Int64(tag) * 100) }
        var slots = DeadlineSlots<Int>(slots: 8)
        let keys = (1...40).map { slots.insert($0, at: UInt64($0)) }
        var due: [DeadlineSlots<Int>.Key] = []
        slots.sweep(to: 25, into: &due)
        #expect(Set(due.compactMap { slots.takeDue($0) }) == Set(1...25))
        #expect(slots.count == 15)
        #expect(keys.filter { slots.isPending($0) }.count == 15)
        advance(4_100)
        #expect(target.passed.sorted() == Array(1...40))
    }

    @Test("a target is held until its deadline has fired, and let go then")
    func letsTargetsGo() {
        weak var weakTarget: Target?
        do {
            let target = Target()
            weakTarget = target
            _ = wheel.set(DeadlineTag(rawValue: 1), after: .milliseconds(100), for: target)
        }
        #expect(weakTarget != nil)
        advance(200)
        #expect(weakTarget == nil)
    }

    /// By sorted keys: a dictionary's own order differs from run to run.
    private static func pick<Value>(_ model: [Int: Value], _ random: inout SplitMix) -> (Int, Value)? {
        guard let key = model.keys.sorted().randomElement(using: &random), let value = model[key] else { return nil }
        return (key, value)
    }

    @Test("agrees with a plain list over a seeded run of settings, changes and time")
    func agreesWithAModel() {
        var random = SplitMix(state: 0xC0FFEE)
        var slots = DeadlineSlots<Int>(slots: 16)
        var model: [Int: (key: DeadlineSlots<Int>.Key, tick: UInt64)] = [:]
        var dead: [DeadlineSlots<Int>.Key] = []
        var now: UInt64 = 0
        for id in 0..<20_000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let tick = now + UInt64.random(in: 0...100, using: &random)
                model[id] = (slots.insert(id, at: tick), max(tick, now + 1))
            case 5..<7:
                if let (id, entry) = Self.pick(model, &random) {
                    let removed = slots.remove(entry.key)
                    #expect(removed == id)
                    dead.append(entry.key)
                    model[id] = nil
                }
            case 7:
                if let (id, entry) = Self.pick(model, &random) {
                    let tick = now + UInt64.random(in: 0...60, using: &random)
                    let moved = slots.move(entry.key, to: tick)
                    #expect(moved)
                    model[id]?.tick = max(tick, now + 1)
                }
            case 8:
                if let key = dead.randomElement(using: &random) {
                    let removed = slots.remove(key)
                    let moved = slots.move(key, to: now + 5)
                    #expect(removed == nil && !moved)
                }
            default:
                if let next = slots.nextOccupiedTick, let first = model.values.map(\.tick).min() {
                    #expect(next <= first)
                }
                now += UInt64.random(in: 1...40, using: &random)
                var due: [DeadlineSlots<Int>.Key] = []
                slots.sweep(to: now, into: &due)
                let fired = Set(due.compactMap { slots.takeDue($0) })
                #expect(fired == Set(model.filter { $0.value.tick <= now }.keys))
                for id in fired { model[id] = nil }
            }
            #expect(slots.count == model.count)
        }
    }
}
