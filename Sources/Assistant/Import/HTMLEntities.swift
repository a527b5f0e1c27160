/// Character references of HTML: by number, and by the names that texts use.
enum HTMLEntities {
    /// Bytes of the longest name that is looked up.
    private static let longestName = 10

    /// - Parameter inAttribute: there a name needs its semicolon, because addresses have `&copy=2` in them.
    static func decode(_ bytes: ArraySlice<UInt8>, inAttribute: Bool) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var place = bytes.startIndex
        while place < bytes.endIndex {
            guard bytes[place] == UInt8(ascii: "&"),
                let (text, length) = reference(bytes[place...], needsSemicolon: inAttribute)
            else {
                result.append(bytes[place])
                place += 1
                continue
            }
            result += text.utf8
            place += length
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func reference(
        _ bytes: ArraySlice<UInt8>, needsSemicolon: Bool
    ) -> (text: String, length: Int)? {
        let window = bytes.dropFirst().prefix(longestName + 2)
        if window.first == UInt8(ascii: "#") { return number(bytes) }
        let letters = window.prefix {
            Characters.isASCIILetter(UInt32($0)) || Characters.isDigit(UInt32($0))
        }
        let name = String(decoding: letters, as: UTF8.self)
        let isClosed = window.dropFirst(letters.count).first == UInt8(ascii: ";")
        if isClosed, let scalar = names[name] { return (String(scalar), letters.count + 2) }
        guard !isClosed, !needsSemicolon, let known = legacy.first(where: { name.hasPrefix($0) }),
            let scalar = names[known]
        else { return nil }
        return (String(scalar), known.utf8.count + 1)
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> (text: String, length: Int)? {
        let rest = bytes.dropFirst(2)
        let isHex = rest.first == UInt8(ascii: "x") || rest.first == UInt8(ascii: "X")
        let digits = (isHex ? rest.dropFirst() : rest).prefix(while: { byte in
            Characters.isDigit(UInt32(byte)) || (isHex && (0x61...0x66).contains(byte | 0x20))
        })
        guard !digits.isEmpty else { return nil }
        let value = UInt32(String(decoding: digits.prefix(8), as: UTF8.self), radix: isHex ? 16 : 10) ?? 0
        let isClosed = bytes[digits.endIndex...].first == UInt8(ascii: ";")
        let length = digits.endIndex - bytes.startIndex + (isClosed ? 1 : 0)
        return (String(scalar(value)), length)
    }

    /// 13.2.5.80: numbers of Windows-1252 mean what they mean there; what is no character is the replacement one.
    private static func scalar(_ value: UInt32) -> Unicode.Scalar {
        if (0x80...0x9F).contains(value) { return windows1252[Int(value) - 0x80] }
        guard value != 0, let scalar = Unicode.Scalar(value) else { return "\u{FFFD}" }
        return scalar
    }

    private static let windows1252 = Array(
        "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8D}Ž\u{8F}\u{90}‘’“”•–—˜™š›œ\u{9D}žŸ".unicodeScalars)

    /// Names that work without a semicolon.
    private static let legacy = ["nbsp", "quot", "amp", "lt", "gt", "copy", "reg", "middot", "laquo", "raquo"]

    private static let names: [String: Unicode.Scalar] = {
        var names: [String: Unicode.Scalar] = [
            "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "hellip": "…", "mdash": "—", "ndash": "–",
            "lsquo": "‘", "rsquo": "’", "sbquo": "‚", "ldquo": "“", "rdquo": "”", "bdquo": "„", "lsaquo": "‹",
            "rsaquo": "›", "bull": "•", "trade": "™", "euro": "€", "larr": "←", "uarr": "↑", "rarr": "→", "darr": "↓",
            "harr": "↔", "rArr": "⇒", "lArr": "⇐", "hArr": "⇔", "le": "≤", "ge": "≥", "ne": "≠", "asymp": "≈",
            "infin": "∞",
            "minus": "−", "check": "✓", "cross": "✗", "star": "☆", "starf": "★", "ensp": "\u{2002}", "emsp": "\u{2003}",
            "thinsp": "\u{2009}", "zwnj": "\u{200C}", "zwj": "\u{200D}", "lrm": "\u{200E}", "rlm": "\u{200F}",
            "dagger": "†", "Dagger": "‡", "permil": "‰", "prime": "′", "Prime": "″", "oelig": "œ", "OElig": "Œ",
            "scaron": "š", "Scaron": "Š", "Yuml": "Ÿ", "fnof": "ƒ", "circ": "ˆ", "tilde": "˜", "sum": "∑", "radic": "√",
            "part": "∂", "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "Delta": "Δ", "mu": "μ", "pi": "π",
            "sigma": "σ", "omega": "ω", "Omega": "Ω", "lambda": "λ", "num": "#", "excl": "!", "quest": "?",
            "colon": ":",
            "semi": ";", "comma": ",", "period": ".", "lpar": "(", "rpar": ")", "lsqb": "[", "rsqb": "]", "lbrace": "{",
            "rbrace": "}", "commat": "@", "percnt": "%", "dollar": "$", "plus": "+", "equals": "=", "sol": "/",
            "bsol": "\\",
            "lowbar": "_", "ast": "*", "grave": "`", "vert": "|", "Tab": "\t", "NewLine": "\n",
        ]
        // ISO 8859-1 from 0xA0 on, in its order.
        let latin = """
            nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute \
            micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring \
            AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml \
            times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil \
            egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash \
            ugrave uacute ucirc uuml yacute thorn yuml
            """
        for (value, name) in zip(UInt32(0xA0)..., latin.split(separator: " ")) {
            names[String(name)] = Unicode.Scalar(value)
        }
        return names
    }()
}
