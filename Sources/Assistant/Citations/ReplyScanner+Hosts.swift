// Addresses without one of the schemes that everybody knows, and without any.

extension ReplyScanner {
    /// `://…` behind a scheme that is none of those above, or one that is written in a way that only a browser reads.
    func scheme(_ addresses: SourceAddresses) -> Construct {
        var end = start + 1
        var slashes = 0
        while end < text.count, slashes < 2, end - start < 6 {
            if text[end] == "/" { slashes += 1 } else if text[end] != "\\" { return .plain(1) }
            end += 1
        }
        guard slashes == 2 else { return end - start >= 6 || isFinal ? .plain(1) : .wait }
        let longest = max(addresses.longest, 8) + Self.longestMarks
        while end < text.count, end - start <= longest, Self.isAddressScalar(text[end]) { end += 1 }
        if end - start > longest { return .longAddress(end - start) }
        guard end < text.count || isFinal else { return .wait }
        let length = trimmedLength(from: start, to: end)
        return addresses.containsTail(text[start..<start + length]) ? .plain(length) : .dropped(max(length, 3))
    }

    // MARK: Hosts without a scheme

    /// Ends of hosts' names that programs make links of. None of them is an English word.
    private static let topDomains: Set<String> = [
        "com", "net", "org", "cn", "io", "co", "info", "biz", "xyz", "top", "dev", "shop", "site", "online", "store",
        "club", "vip", "link", "click", "cc", "tv", "ru", "uk", "de", "fr", "jp", "kr", "eu", "hk", "tw", "sg", "icu",
        "mobi",
    ]
    static let longestHost = 128

    static func isHostScalar(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x80
            && (Characters.isASCIILetter(scalar.value) || Characters.isDigit(scalar.value) || scalar == "-"
                || scalar == ".")
    }

    /// What follows a host's first dot: more labels, and perhaps a port and a path.
    private enum HostEnd {
        case none
        case wait
        case host(end: Int, pathEnd: Int)
        case long(Int)
    }

    /// `evil.com/x` in running text: many programs make a link of it. What stands before the dot has been shown.
    func bareHost(_ addresses: SourceAddresses) -> Construct {
        guard Characters.isDigit(previous.value) || Characters.isASCIILetter(previous.value) || previous.value >= 0x80,
            previous.properties.isAlphabetic || Characters.isDigit(previous.value)
        else { return .plain(1) }
        switch hostEnd(longest: max(addresses.longest, Self.longestHost)) {
        case .none: return .plain(1)
        case .wait: return .wait
        case .long(let length): return .longAddress(length)
        case .host(let end, let pathEnd):
            let before = hostBefore
            // E-mail addresses are looked at by themselves.
            if before.isMail { return .plain(1) }
            let host = before.name + text[start..<end]
            let isKnown =
                pathEnd == end ? addresses.containsHost(host) : addresses.containsBare(host + text[end..<pathEnd])
            return isKnown ? .plain(pathEnd - start) : .dropped(pathEnd - start)
        }
    }

    private func hostEnd(longest: Int) -> HostEnd {
        var end = start
        var label: [Unicode.Scalar] = []
        while end < text.count, text[end] == ".", end - start < Self.longestHost {
            var next = end + 1
            label = []
            while next < text.count, Self.isHostScalar(text[next]), text[next] != ".", next - end <= 64 {
                label.append(text[next])
                next += 1
            }
            if next == text.count, !isFinal { return .wait }
            // A full stop, or dots in a row.
            if label.isEmpty { break }
            end = next
        }
        let name = String(String.UnicodeScalarView(label.isEmpty ? lastLabel(before: end) : label[...])).lowercased()
        guard end > start, Self.topDomains.contains(name) else { return .none }
        var path = end
        if path < text.count, text[path] == "/" || text[path] == "?" || text[path] == ":" || text[path] == "#" {
            if text[path] == ":" {
                guard path + 1 < text.count || isFinal else { return .wait }
                guard path + 1 < text.count, Characters.isDigit(text[path + 1].value) else {
                    return .host(end: end, pathEnd: end)
                }
            }
            while path < text.count, path - start <= longest, Self.isAddressScalar(text[path]) { path += 1 }
            if path - start > longest { return .long(path - start) }
            guard path < text.count || isFinal else { return .wait }
            path = max(end, start + trimmedLength(from: start, to: path))
        }
        return .host(end: end, pathEnd: path)
    }

    private func lastLabel(before end: Int) -> ArraySlice<Unicode.Scalar> {
        guard let dot = text[start..<end].lastIndex(of: ".") else { return [] }
        return text[(dot + 1)..<end]
    }

    /// The part of a host's name that stands before the place.
    /// - Returns: `isMail` when it is the host of an e-mail address.
    private var hostBefore: (name: [Unicode.Scalar], isMail: Bool) {
        var host: [Unicode.Scalar] = []
        var isMail = false
        func take(_ scalars: some BidirectionalCollection<Unicode.Scalar>) -> Bool {
            for scalar in scalars.reversed() {
                isMail = scalar == "@"
                guard Self.isHostScalar(scalar), host.count < Self.longestHost else { return false }
                host.append(scalar)
            }
            return true
        }
        if take(text[..<start]) { _ = take(before) }
        return (host.reversed(), isMail)
    }

    /// The host, and the address without a scheme, that begin in front of the dot at the place, in a text that is all there.
    func bareAddress() -> (host: [Unicode.Scalar], address: [Unicode.Scalar])? {
        guard text[start] == ".", case .host(let end, let pathEnd) = hostEnd(longest: Self.longestDestination) else {
            return nil
        }
        let host = hostBefore.name
        guard !host.isEmpty, !host.contains(".") else { return nil }
        return (host + text[start..<end], host + text[start..<pathEnd])
    }

    /// The length of what follows a scheme at the place, in a text that is all there; nil where no scheme ends.
    func schemeTailLength() -> Int? {
        guard text[start] == ":", text[start...].starts(with: [":", "/", "/"]) else { return nil }
        var end = start
        while end < text.count, Self.isAddressScalar(text[end]) { end += 1 }
        return trimmedLength(from: start, to: end)
    }
}
