/// What is counted. The raw values stand in rows.
public enum StatisticsCount: UInt8, Sendable, CaseIterable {
    case created = 1
    case resolved = 2
    case closed = 3
    case reopened = 4

    case contactMessages = 5
    case agentMessages = 6
    case assistantMessages = 7
    case systemMessages = 8
    case notes = 9

    case createdLow = 10
    case createdNormal = 11
    case createdHigh = 12
    case createdUrgent = 13

    case handoffRequested = 14
    case handoffUnanswered = 15
    case handoffFailure = 16
    case handoffContact = 17
    case handoffStaff = 18
    case handoffOther = 19

    case repliesAnswered = 20
    case repliesUnanswered = 21
    case repliesPartial = 22
    case repliesCancelled = 23
    case repliesWithoutSources = 24
    /// Conversations that the assistant has answered and no human was needed in: booked to their beginning, and taken back.
    case answeredWithoutHuman = 25
    case resolvedByAssistant = 26

    case inputTokens = 27
    case outputTokens = 28
    /// Millionths of the price's currency.
    case costMicros = 29
    /// Replies whose cost is known.
    case pricedReplies = 30

    /// Conversations that came to an agent.
    case taken = 31

    case handoffConsent = 32
    case handoffTopic = 33
    case handoffContentFilter = 34
    case handoffBudget = 35
    case handoffTimeout = 36
    case handoffRepeated = 37
    case handoffAnger = 38
    case handoffModel = 39
    case handoffClaimed = 40

    public static func created(_ priority: Conversation.Priority) -> StatisticsCount {
        switch priority {
        case .low: .createdLow
        case .normal: .createdNormal
        case .high: .createdHigh
        case .urgent: .createdUrgent
        }
    }
}

/// Why a conversation went from the assistant to humans: the assistant's own reasons, see ``Handoff/Reason``, and what others
/// did. The raw values stand in rows.
public enum HandoffReason: String, Sendable, Codable, CaseIterable {
    case requested
    case consent
    case topic
    case contentFilter = "content_filter"
    case budget
    case unanswered
    case failure
    case timeout
    case repeated
    case anger
    case model
    case claimed
    /// The contact asked by a button.
    case contact
    /// A member of staff took it or gave it to somebody.
    case staff
    case other

    public var count: StatisticsCount {
        switch self {
        case .requested: .handoffRequested
        case .consent: .handoffConsent
        case .topic: .handoffTopic
        case .contentFilter: .handoffContentFilter
        case .budget: .handoffBudget
        case .unanswered: .handoffUnanswered
        case .failure: .handoffFailure
        case .timeout: .handoffTimeout
        case .repeated: .handoffRepeated
        case .anger: .handoffAnger
        case .model: .handoffModel
        case .claimed: .handoffClaimed
        case .contact: .handoffContact
        case .staff: .handoffStaff
        case .other: .handoffOther
        }
    }

    public init(_ reason: Handoff.Reason) {
        switch reason {
        case .requested: self = .requested
        case .consent: self = .consent
        case .topic: self = .topic
        case .contentFilter: self = .contentFilter
        case .budget: self = .budget
        case .failure: self = .failure
        case .timeout: self = .timeout
        case .unanswered: self = .unanswered
        case .repeated: self = .repeated
        case .anger: self = .anger
        case .model: self = .model
        case .claimed: self = .claimed
        }
    }

    /// By who did it and what reason the event names.
    public init(actor: Actor.Kind, reason: String?) {
        switch actor {
        case .contact: self = .contact
        case .agent: self = .staff
        case .system: self = .other
        case .ai: self = reason.flatMap(Handoff.Reason.init).map(HandoffReason.init) ?? .other
        }
    }
}

/// What is measured. The raw values stand in rows.
public enum StatisticsTime: UInt8, Sendable, CaseIterable {
    case firstResponse = 1
    case firstAssistantReply = 2
    case nextResponse = 3
    case resolution = 4
}

/// Counts and times that can be added up.
public struct Tally: Sendable, Equatable {
    private var counts: [Int64]
    private var times: [DurationHistogram]

    private static let countPlaces = Int(StatisticsCount.allCases.map(\.rawValue).max() ?? 0) + 1
    private static let timePlaces = Int(StatisticsTime.allCases.map(\.rawValue).max() ?? 0) + 1

    public init() {
        counts = Array(repeating: 0, count: Self.countPlaces)
        times = Array(repeating: DurationHistogram(), count: Self.timePlaces)
    }

    public subscript(_ count: StatisticsCount) -> Int64 { counts[Int(count.rawValue)] }
    public subscript(_ time: StatisticsTime) -> DurationHistogram { times[Int(time.rawValue)] }

    public mutating func add(_ more: Int64 = 1, to count: StatisticsCount) { counts[Int(count.rawValue)] &+= more }
    public mutating func add(_ milliseconds: Int64, to time: StatisticsTime) {
        times[Int(time.rawValue)].add(milliseconds)
    }

    public mutating func add(_ other: Tally) {
        for place in counts.indices { counts[place] &+= other.counts[place] }
        for place in times.indices where !other.times[place].isEmpty { times[place].add(other.times[place]) }
    }

    /// Whether nothing is counted and nothing measured.
    public var isEmpty: Bool { counts.allSatisfy { $0 == 0 } && times.allSatisfy(\.isEmpty) }

    public var handoffs: Int64 { HandoffReason.allCases.reduce(0) { $0 + self[$1.count] } }
    public var messages: Int64 {
        self[.contactMessages] + self[.agentMessages] + self[.assistantMessages] + self[.systemMessages]
    }

    // MARK: As bytes

    /// Number and value of each count that is not zero, in the order of the numbers.
    public var countBytes: [UInt8] {
        var bytes: [UInt8] = []
        for (place, value) in counts.enumerated() where value != 0 {
            Varint.append(UInt64(place), to: &bytes)
            Varint.append(signed: value, to: &bytes)
        }
        return bytes
    }

    /// Number, sum and buckets of each time that was measured, in the order of the numbers. A bucket is the distance from the
    /// one before and its count.
    public var timeBytes: [UInt8] {
        var bytes: [UInt8] = []
        for (place, histogram) in times.enumerated() where !histogram.isEmpty {
            Varint.append(UInt64(place), to: &bytes)
            Varint.append(UInt64(clamping: histogram.sum), to: &bytes)
            Varint.append(UInt64(histogram.buckets.count { $0 > 0 }), to: &bytes)
            var last = 0
            for (bucket, count) in histogram.buckets.enumerated() where count > 0 {
                Varint.append(UInt64(bucket - last), to: &bytes)
                Varint.append(UInt64(count), to: &bytes)
                last = bucket
            }
        }
        return bytes
    }

    /// Adds what ``countBytes`` and ``timeBytes`` wrote. Numbers that this build does not know are passed over; what a
    /// damaged row holds beyond sense is left out.
    public mutating func add(countBytes: [UInt8], timeBytes: [UInt8] = []) {
        var reader = Varint.Reader(countBytes)
        while let place = reader.next(), let value = reader.nextSigned() {
            if let place = Int(exactly: place), counts.indices.contains(place) { counts[place] &+= value }
        }
        reader = Varint.Reader(timeBytes)
        while let place = reader.next(), let sum = reader.next(), let size = reader.next() {
            let known = Int(exactly: place).flatMap { times.indices.contains($0) ? $0 : nil }
            if let known { times[known].add(sum: Int64(clamping: sum)) }
            var (left, bucket) = (size, 0)
            while left > 0, let distance = reader.next(), let count = reader.next() {
                left -= 1
                bucket = bucket &+ Int(clamping: distance)
                if let known { times[known].add(Int64(clamping: count), toBucket: bucket) }
            }
        }
    }
}

/// Whole numbers in as few bytes as they need: seven bits each, the lowest first, the top bit when more follow.
enum Varint {
    static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Small negative numbers stay short: 0, −1, 1, −2 …
    static func append(signed value: Int64, to bytes: inout [UInt8]) {
        append(UInt64(bitPattern: (value << 1) ^ (value >> 63)), to: &bytes)
    }

    struct Reader {
        private let bytes: [UInt8]
        private var place = 0

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
        }

        /// Nil at the end, or where a number breaks off.
        mutating func next() -> UInt64? {
            var (value, shift): (UInt64, UInt64) = (0, 0)
            while place < bytes.count, shift < 64 {
                let byte = bytes[place]
                place += 1
                value |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return value }
                shift += 7
            }
            return nil
        }

        mutating func nextSigned() -> Int64? {
            next().map { Int64(bitPattern: $0 >> 1) ^ -Int64(bitPattern: $0 & 1) }
        }
    }
}
