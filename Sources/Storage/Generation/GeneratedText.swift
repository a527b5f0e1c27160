/// What people in generated conversations are called and say. Made up of syllables: no real person is meant.
enum GeneratedText {
    static let labels = [
        "billing", "shipping", "returns", "bug", "vip", "urgent-call", "feedback", "account", "refund", "warranty",
        "delivery", "payment", "invoice", "login", "upgrade", "press", "partner", "legal", "spam", "退款",
    ]
    static let subjects = [
        "Question about my order", "Where is my parcel", "Refund for a broken lamp", "Cannot sign in",
        "Invoice is wrong",
        "Change of address", "Delivery is late", "Warranty claim", "退款问题", "订单没有收到", "Cancel my subscription",
        "Size does not fit", "Payment failed", "Feature request", "Thank you", "Damaged on arrival",
    ]
    static let sentences = [
        "Hello, I have a question about my last order.", "Could you please tell me when it will arrive?",
        "I tried that already and it did not help.", "Thank you, that answers my question.",
        "The lamp that you sent is broken.", "请问我的订单什么时候发货?", "Your parcel left our warehouse yesterday.",
        "We have sent you a new one, it will be there on Friday.", "Please give me your order number.",
        "I am sorry for the trouble. Your money is on its way back.", "谢谢,我明白了。",
        "It says that my password is wrong, but I have not changed it.",
    ]
    private static let starts = [
        "An", "Be", "Ca", "Do", "El", "Fa", "Gi", "Ha", "Is", "Jo", "Ka", "Li", "Ma", "No", "Pe", "Ro", "Sa", "Ti",
        "Ul", "Vi",
    ]
    private static let middles = ["la", "ri", "no", "ta", "vi", "mo", "se", "da", "lu", "ke"]
    private static let ends = ["", "n", "s", "ra", "ko", "lin", "ster", "mann", "ez", "ova"]

    /// One of 2000 first names; the low ones are the common ones.
    static func firstName(_ index: Int) -> String { syllables(index) }

    /// One of 20 000 family names.
    static func familyName(_ index: Int) -> String {
        syllables(index % 2000) + middles[index / 2000 % middles.count]
    }

    static func agentName(_ index: Int) -> String { "\(firstName(index * 37)) \(familyName(index * 101))" }

    private static func syllables(_ index: Int) -> String {
        let index = abs(index)
        return starts[index % starts.count] + middles[index / starts.count % middles.count]
            + ends[index / (starts.count * middles.count) % ends.count]
    }
}

/// A small generator with a seed, so that the same data come out each time: https://prng.di.unimi.it/splitmix64.c
struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// From 0 up to 1.
    mutating func fraction() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// Below `count`, the lower the likelier: half of the choices fall on about a fifth.
    mutating func skewed(_ count: Int) -> Int {
        let fraction = fraction()
        return min(count - 1, Int(fraction * fraction * fraction * Double(count)))
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[skewed(elements.count)]
    }

    mutating func happens(_ probability: Double) -> Bool { fraction() < probability }
}
