/// Masks what a model may have made up or been talked into: telephone and account numbers, e-mail addresses and keys that
/// stand in nothing the reply rests on.
///
/// Conservative on purpose. Prices, dates, times and short numbers pass whatever they are; a number is looked at from ten
/// digits in a row, or in the shape of a telephone or card number.
struct DetailFilter: Sendable {
    enum Masked: String, Sendable, CaseIterable {
        case number, email, secret
    }

    /// Never longer than what it stands for.
    static let mask = Array("•••".unicodeScalars)

    private(set) var masked: Set<Masked> = []
    private let known: KnownDetails
    private var pending: [Unicode.Scalar] = []
    /// What stood before the pending text: as much as the part of an e-mail address before its `@` may have.
    private var before: [Unicode.Scalar] = []
    /// Inside a number or key that is too long to be looked at as a whole.
    private var isDropping = Dropping.nothing

    private enum Dropping { case nothing, digits, key }

    private static let longestMailbox = 64

    init(known: KnownDetails) {
        self.known = known
    }

    mutating func push(_ scalars: some Sequence<Unicode.Scalar>, isFinal: Bool) -> [Unicode.Scalar] {
        pending += scalars
        var output: [Unicode.Scalar] = []
        var index = 0
        scanning: while index < pending.count {
            if isDropping != .nothing {
                guard isDropped(pending[index]) else {
                    isDropping = .nothing
                    continue
                }
                index += 1
                continue
            }
            let scanner = DetailScanner(
                text: pending, start: index, previous: index > 0 ? pending[index - 1] : before.last ?? " ",
                isFinal: isFinal)
            let count: Int
            switch scanner.detail {
            case .wait: break scanning
            case .none:
                output.append(pending[index])
                count = 1
            case .number(let groups):
                count = take(groups, at: index, into: &output)
            case .email(let length):
                count = length
                let address = mailbox(before: index) + pending[index..<index + length].map { $0 == "＠" ? "@" : $0 }
                if known.containsEmail(Self.string(address)) {
                    output += pending[index..<index + length]
                } else {
                    masked.insert(.email)
                    output += ["@"] + Self.mask
                }
            case .key(let length):
                count = length
                if known.containsKey(Self.string(pending[index..<index + length])) {
                    output += pending[index..<index + length]
                } else {
                    masked.insert(.secret)
                    output += Self.mask
                    if length >= DetailScanner.longestKey { isDropping = .key }
                }
            case .account(let length):
                count = length
                let digits = pending[index..<index + length].filter { Characters.isDigit($0.value) }
                if known.containsNumber(Self.string(digits)) {
                    output += pending[index..<index + length]
                } else {
                    masked.insert(.number)
                    output += Self.mask
                }
            }
            index += count
        }
        before = Array((before + pending[..<index]).suffix(Self.longestMailbox))
        pending.removeFirst(index)
        return output
    }

    private func isDropped(_ scalar: Unicode.Scalar) -> Bool {
        switch isDropping {
        case .nothing: false
        case .digits: Characters.isDigit(scalar.value)
        case .key:
            Characters.isDigit(scalar.value) || Characters.isASCIILetter(scalar.value) || scalar == "-" || scalar == "_"
        }
    }

    private func mailbox(before index: Int) -> [Unicode.Scalar] {
        let recent = (before + pending[..<index]).suffix(Self.longestMailbox)
        return recent.reversed().prefix(while: DetailScanner.isMailboxScalar).reversed()
    }

    private static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    // MARK: Numbers

    /// Passes groups of digits on, those masked that form a number nobody knows.
    private mutating func take(
        _ groups: [DetailScanner.Group], at start: Int, into output: inout [Unicode.Scalar]
    ) -> Int {
        var place = start
        var index = 0
        while index < groups.count {
            output += pending[place..<place + groups[index].gap]
            place += groups[index].gap
            let count = sensitiveGroups(groups[index...], isInternational: isPlus(before: place))
            guard count > 0 else {
                output += groups[index].digits
                place += groups[index].digits.count
                index += 1
                continue
            }
            var length = 0
            for offset in 0..<count {
                length += (offset == 0 ? 0 : groups[index + offset].gap) + groups[index + offset].digits.count
            }
            let digits = groups[index..<index + count].flatMap(\.digits)
            if known.containsNumber(Self.string(digits)) {
                output += pending[place..<place + length]
            } else {
                masked.insert(.number)
                output += Self.mask
                if place + length - start >= DetailScanner.longestNumber { isDropping = .digits }
            }
            place += length
            index += count
        }
        return place - start
    }

    private func isPlus(before place: Int) -> Bool {
        (place > 0 ? pending[place - 1] : before.last ?? " ") == "+"
    }

    private static let longestPlain = 9
    /// Lengths of groups of telephone numbers: 138 0013 8000, (555) 010-9999, 010-12345678, 0755-1234567, 400-1234-567.
    private static let telephones: [[Int]] = [[3, 4, 4], [3, 3, 4], [3, 4, 3], [3, 8], [4, 7], [4, 8]]

    /// How many of the first groups form a number that only who knows it may write; 0 when they do not.
    private func sensitiveGroups(_ groups: ArraySlice<DetailScanner.Group>, isInternational: Bool) -> Int {
        guard let first = groups.first else { return 0 }
        let lengths = groups.map(\.digits.count)
        if isInternational {
            // +86 138 0013 8000: as far as it goes.
            var (count, digits) = (0, 0)
            while count < lengths.count, digits + lengths[count] <= 15 {
                digits += lengths[count]
                count += 1
            }
            if digits >= 8 { return count }
        }
        if first.digits.count > Self.longestPlain { return 1 }
        // Cards and accounts: 6222 0202 0000 1234 567, 3782 822463 10005. Years in a row are none.
        let fours = lengths.prefix { $0 == 4 }.count
        if fours >= 3, !groups.prefix(fours).allSatisfy({ Self.isYear($0.digits) }) {
            let tail = fours < lengths.count && lengths[fours] < 4 ? 1 : 0
            return fours + tail
        }
        if lengths.starts(with: [4, 6, 5]) { return 3 }
        for shape in Self.telephones where lengths.starts(with: shape) {
            // 0755-1234567 is a telephone number; 2024-1234567 is not.
            guard shape.count > 2 || first.digits.first == "0" else { continue }
            return shape.count
        }
        return 0
    }

    private static func isYear(_ digits: [Unicode.Scalar]) -> Bool {
        digits.starts(with: ["1", "9"]) || digits.starts(with: ["2", "0"])
    }
}
