import Glibc

/// When the messages of an open loop are meant to be sent, whatever the server does meanwhile.
struct Schedule {
    /// The next intended time, in nanoseconds.
    private(set) var due: UInt64
    private let gap: Double
    private let isEven: Bool
    private var carried = 0.0
    private var state: UInt64

    /// Messages per second in all: from one in a quarter of an hour to more than a core can send.
    private static let rates = 0.001...10_000_000.0

    init(from begin: UInt64, rate: Double, spacing: String?, seed: UInt64?) throws(Refused) {
        guard Self.rates.contains(rate) else { throw Refused("the rate must be \(Self.rates)") }
        guard spacing == nil || spacing == "poisson" || spacing == "even" else {
            throw Refused("the spacing must be poisson or even")
        }
        due = begin
        gap = 1e9 / rate
        isEven = spacing == "even"
        state = (seed ?? 0x5EED) | 1
    }

    mutating func advance() {
        var pause = gap
        if !isEven {
            // xorshift64*: good enough for pauses, and the same in every run with the same seed.
            state ^= state >> 12
            state ^= state << 25
            state ^= state >> 27
            let unit = (Double((state &* 0x2545_F491_4F6C_DD1D) >> 11) + 0.5) / 9_007_199_254_740_992
            pause = -log(unit) * gap
        }
        // Fractions of a nanosecond are carried, so that the rate is exact in the long run.
        carried += pause
        let whole = carried.rounded(.down)
        carried -= whole
        due &+= UInt64(min(whole, 3.6e12))
    }
}
