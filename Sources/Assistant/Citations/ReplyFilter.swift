/// What a model writes on its way to the customer.
///
/// Numbers of sources are kept when the source exists and dropped when not; links and images are kept only when their
/// address stands in a source, because a model can be talked into carrying data out in one; markers and invisible
/// characters go. Telephone numbers and the like that stand nowhere are masked, and a reply that begins to quote the
/// model's rules ends there. The same code runs over every piece as it streams, so the finished text is exactly the deltas joined, and
/// does not depend on where the stream was cut. What may still become one of these is held back until it shows.
public struct ReplyFilter: Sendable {
    /// The text that was let through so far.
    public private(set) var text = ""
    /// Whether the model said that the sources hold no answer.
    public private(set) var saidUnknown = false
    /// Whether the text was cut at the limit of a message.
    public private(set) var wasCut = false

    /// Scalars of the longest message that the contract allows.
    public static let maximumScalars = 16_000

    /// What was masked.
    public var withheld: [String] {
        details.masked.map(\.rawValue).sorted() + (rules.hasLeaked ? ["rules"] : [])
    }
    /// Whether the model began to quote its rules, and was cut off.
    public var hasLeaked: Bool { rules.hasLeaked }

    private let sourceCount: Int
    private let addresses: SourceAddresses
    private let limit: Int
    private var used: Set<Int> = []
    private var pending: [Unicode.Scalar] = []
    private var length = 0
    private var lineIsEmpty = true
    /// Backticks that opened the code that we are in; 0 outside. Numbers in brackets are no citations there.
    private var codeTicks = 0
    private var blanks = 0
    /// What stood before the pending text, as far as it may be part of a host's name.
    private var before: ArraySlice<Unicode.Scalar> = []
    private var mode = Mode.text
    private var output = String.UnicodeScalarView()
    private var details: DetailFilter
    private var rules: RuleGuard
    private let language: Language
    /// The scalar before, for the joiner that holds emoji together.
    private var joinable = false

    private enum Mode {
        case text
        /// Inside an address that is too long to be any source's.
        case droppingAddress
        /// Inside the brackets of a link whose address is too long, so many of them open.
        case droppingDestination(depth: Int)
    }

    /// - Parameter passages: the sources, the first of which is number 1.
    public init(passages: [Passage], maximumScalars: Int = maximumScalars) {
        self.init(
            passages: passages, conversation: [], rules: RuleWords(""), language: .english, limit: maximumScalars)
    }

    /// For a reply to `prompt`: what stands in its sources and its conversation may stand in the reply.
    /// - Parameter rules: of the prompt, when they are prepared already.
    init(_ prompt: ReplyPrompt, rules: RuleWords? = nil) {
        let turns = (prompt.turns + prompt.interlude).map(\.text)
        self.init(
            passages: prompt.passages, conversation: [prompt.question, prompt.summary ?? ""] + turns,
            rules: rules?.text == prompt.system ? rules ?? RuleWords("") : RuleWords(prompt.system),
            language: prompt.language, limit: Self.maximumScalars)
    }

    private init(passages: [Passage], conversation: [String], rules: RuleWords, language: Language, limit: Int) {
        sourceCount = passages.count
        addresses = SourceAddresses(passages, conversation: conversation)
        details = DetailFilter(
            known: KnownDetails(
                sources: passages.flatMap { [$0.path, $0.text] }, conversation: conversation))
        self.rules = RuleGuard(rules)
        self.language = language
        self.limit = limit
    }

    /// The same sources, and nothing taken yet.
    private init(like other: ReplyFilter) {
        sourceCount = other.sourceCount
        addresses = other.addresses
        details = other.details
        rules = other.rules
        language = other.language
        limit = other.limit
    }

    /// Numbers of the sources that the text cites, ascending.
    public var citedNumbers: [Int] { used.sorted() }

    /// Whether the reply is no answer: it says so and cites nothing.
    public var isUnknown: Bool { saidUnknown && used.isEmpty }

    /// Takes the next piece.
    /// - Returns: what can be shown of it, perhaps nothing.
    public mutating func push(_ piece: String) -> String {
        for scalar in piece.unicodeScalars {
            // The joiner that holds emoji together stays; between letters it would only split words.
            if scalar.value == 0x200D ? !joinable : Characters.isInvisible(scalar.value) { continue }
            joinable = Self.isJoinable(scalar)
            // Space is held back, so an endless run of it must not pile up.
            blanks = ReplyScanner.isBlank(scalar) ? blanks + 1 : 0
            if blanks <= ReplyScanner.longestSpace { pending.append(scalar) }
        }
        return pass(drain(final: false), isFinal: false)
    }

    /// The reply ended.
    /// - Returns: what had been held back.
    public mutating func finish() -> String {
        pass(drain(final: true), isFinal: true)
    }

    private mutating func pass(_ scalars: String.UnicodeScalarView, isFinal: Bool) -> String {
        let hadLeaked = rules.hasLeaked
        let passed = rules.push(details.push(scalars, isFinal: isFinal), isFinal: isFinal)
        var shown = String.UnicodeScalarView()
        shown.append(contentsOf: passed)
        if rules.hasLeaked, !hadLeaked {
            if !text.isEmpty || !shown.isEmpty { shown.append(contentsOf: "…\n\n".unicodeScalars) }
            shown.append(contentsOf: Texts.rulesAreOurs(in: language).unicodeScalars)
        }
        text.unicodeScalars.append(contentsOf: shown)
        return String(shown)
    }

    private static func isJoinable(_ scalar: Unicode.Scalar) -> Bool {
        // Pictures, their variants and skin colours; the scripts of India, whose letters it shapes.
        Characters.isPicture(scalar.value) || scalar.value == 0xFE0F || (0x900...0xDFF).contains(scalar.value)
    }

    // MARK: Scanning

    private mutating func drain(final: Bool) -> String.UnicodeScalarView {
        output = String.UnicodeScalarView()
        var index = 0
        scanning: while index < pending.count {
            let scanner = ReplyScanner(pending, at: index, after: before, isFinal: final, inCode: codeTicks > 0)
            switch mode {
            case .droppingAddress:
                guard let rest = scanner.addressRest() else { break scanning }
                index += rest.length
                if rest.isEnd { mode = .text }
            case .droppingDestination(let depth):
                (index, mode) = skipDestination(from: index, depth: depth)
            case .text:
                guard let length = step(scanner) else { break scanning }
                index += length
            }
        }
        if index > 0 {
            // The last one always: letters before "www." matter whatever they are. And what stands before a host, perhaps an `@`.
            let recent = (before + pending[..<index]).suffix(ReplyScanner.longestHost + 2)
            before = recent.suffix(2 + recent.dropLast().reversed().prefix(while: ReplyScanner.isHostScalar).count)
        }
        pending.removeFirst(index)
        return output
    }

    /// Handles what stands at the scanner's place.
    /// - Returns: how much was consumed, or nil when it cannot be told yet.
    private mutating func step(_ scanner: ReplyScanner) -> Int? {
        switch scanner.construct(sourceCount: sourceCount, addresses: addresses) {
        case .wait: return nil
        case .plain(let count):
            emit(scanner.slice(count))
            return count
        case .space(let count, let beforeMarker):
            if beforeMarker || (length == 0 && output.isEmpty) { return count }
            emit(scanner.slice(count))
            if codeTicks < 3, scanner.slice(count).count(where: { $0 == "\n" }) > 1 { codeTicks = 0 }
            return count
        case .trailingSpace(let count): return count
        case .citation(let numbers, let count, let breaksDefinition):
            let startsLine = lineIsEmpty
            for number in numbers where number >= 1 && number <= sourceCount {
                used.insert(number)
                emit(Array("[\(number)]".unicodeScalars)[...])
            }
            return count + (breaksDefinition && startsLine ? 1 : 0)
        case .unknownMarker(let count):
            saidUnknown = true
            return count
        case .inner(let slice, let count):
            emit(filtered(slice)[...])
            return count
        case .codeMark(let count):
            codeTicks = codeTicks == 0 ? count : codeTicks == count ? 0 : codeTicks
            emit(scanner.slice(count))
            return count
        case .dropped(let count): return count
        case .longAddress(let count):
            mode = .droppingAddress
            return count
        case .longDestination(let slice, let count):
            emit(filtered(slice)[...])
            mode = .droppingDestination(depth: 1)
            return count
        }
    }

    private func skipDestination(from start: Int, depth: Int) -> (Int, Mode) {
        var depth = depth
        var index = start
        while index < pending.count {
            let scalar = pending[index]
            index += 1
            if scalar == "(" { depth += 1 }
            if scalar == ")" { depth -= 1 }
            if depth == 0 || scalar == "\n" { return (index, .text) }
        }
        return (index, .droppingDestination(depth: depth))
    }

    /// Runs the text of a link through the same rules.
    private mutating func filtered(_ slice: ArraySlice<Unicode.Scalar>) -> [Unicode.Scalar] {
        var inner = ReplyFilter(like: self)
        inner.pending = Array(slice)
        let result = inner.drain(final: true)
        used.formUnion(inner.used)
        saidUnknown = saidUnknown || inner.saidUnknown
        return Array(result)
    }

    private mutating func emit(_ scalars: ArraySlice<Unicode.Scalar>) {
        for scalar in scalars {
            guard length < limit else {
                wasCut = true
                return
            }
            output.append(scalar)
            length += 1
            if scalar == "\n" {
                lineIsEmpty = true
            } else if !ReplyScanner.isLinePrefix(scalar) {
                lineIsEmpty = false
            }
        }
    }
}
