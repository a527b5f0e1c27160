/// What is known of English words: which carry no meaning of their own, and what stem the others share.
enum EnglishWords {
    /// Words of grammar. They count neither for nor against an article: else "what is X" would match everything.
    static let functionWords: Set<String> = [
        "a", "an", "the", "this", "that", "these", "those", "it", "its", "it's", "there", "here", "i", "i'm", "i'd",
        "i've",
        "i'll", "me", "my", "mine", "you", "your", "you're", "yours", "u", "ur", "we", "we're", "our", "us", "they",
        "their", "them", "he", "she", "him", "her", "his", "is", "are", "am", "was", "were", "be", "been", "being",
        "isn't",
        "aren't", "wasn't", "do", "does", "did", "doing", "done", "don't", "doesn't", "didn't", "can", "can't",
        "cannot",
        "could", "couldn't", "will", "won't", "would", "wouldn't", "shall", "should", "shouldn't", "may", "might",
        "must",
        "has", "have", "had", "haven't", "hasn't", "having", "of", "in", "on", "at", "to", "for", "from", "by", "with",
        "about", "as", "into", "onto", "than", "then", "so", "and", "or", "but", "if", "not", "no", "what", "what's",
        "whats", "which", "who", "who's", "whom", "whose", "when", "where", "where's", "why", "how", "how's", "please",
        "pls", "plz", "hi", "hello", "hey", "thanks", "thank", "ok", "okay", "yes", "any", "some", "just", "also",
        "too",
        "very", "really", "exactly", "actually", "dear", "sir", "madam", "let", "let's", "s", "t", "m", "re", "ve",
        "ll",
        "d", "whether", "there's", "that's", "because", "while", "during", "again", "ever", "still", "yet", "such",
        "like", "tell", "explain", "describe", "say", "says", "know", "want", "wanna", "gonna", "gotta", "got", "get",
        "gets", "getting", "need", "needs",
    ]

    /// Words that fit almost any question. They help to rank, and weigh little when it is asked whether the articles
    /// answer at all.
    static let weakWords: Set<String> = [
        "use", "using", "used", "uses", "work", "works", "working", "make", "makes", "made", "give", "show", "help",
        "support", "supports", "supported", "supporting", "provide", "offer", "possible", "able", "way", "ways",
        "thing",
        "things", "something", "anything", "everything", "find", "see", "go", "going", "come", "take", "put", "set",
        "do",
        "new", "good", "best", "better", "more", "most", "much", "many", "lot", "other", "another", "one", "two", "all",
        "each", "every", "only", "same", "different", "kind", "type", "question", "questions", "answer", "issue",
        "problem", "problems", "info", "information", "detail", "details", "mean", "means", "meaning", "happen",
        "happens", "happening", "try", "trying", "tried", "now", "today", "currently", "right", "out", "up", "down",
        "off",
        "over", "between", "after", "before", "without", "within", "first", "long", "guys", "people", "someone",
        "anyone",
        "allow", "allowed", "allows", "include", "included", "includes", "exist", "exists", "available", "required",
        "require", "requires", "start", "started", "sell", "sells", "selling", "sold",
    ]

    /// Words that people use whatever they speak about. Known to the articles they count like others; unknown, they are
    /// taken for another way of putting it, and not for a subject that the articles lack, as "mortgage" would be.
    static let everydayWords: Set<String> = [
        // Time.
        "second", "minute", "hour", "day", "week", "weekend", "month", "year", "yesterday", "tomorrow", "tonight",
        "morning", "afternoon", "evening", "night", "ago", "since", "until", "till", "soon", "later", "late", "early",
        "always", "never", "often", "sometimes", "usually", "already", "once", "twice", "last", "next", "previous",
        "recent", "recently", "suddenly", "immediately", "moment", "monday", "tuesday", "wednesday", "thursday",
        "friday", "saturday", "sunday",
        // How many, how much.
        "three", "four", "five", "six", "seven", "eight", "nine", "ten", "dozen", "hundred", "thousand", "few", "less",
        "least", "enough", "several", "both", "half", "double", "whole", "pair", "couple", "bit", "piece", "number",
        "amount", "almost", "nearly", "quite", "rather", "maybe", "perhaps", "probably", "even", "else", "instead",
        "together", "alone", "extra", "per", "around", "against", "through", "under", "above", "below", "behind",
        "near", "far", "inside", "outside", "back", "away", "ahead", "forward", "across", "along", "towards",
        // Doing and being.
        "be", "become", "begin", "began", "stop", "stopped", "keep", "kept", "hold", "held", "bring", "brought",
        "carry", "leave", "left", "let", "stay", "stayed", "wait", "waiting", "turn", "turned", "move", "moved", "run",
        "came", "went", "gone", "took", "taken", "gave", "given", "put", "show", "shown", "seem", "seems", "look",
        "looks", "looking", "feel", "think", "thought", "believe", "hope", "wish", "guess", "wonder", "wondering",
        "remember", "forgot", "understand", "ask", "asked", "told", "said", "talk", "speak", "hear", "heard", "call",
        "called", "write", "wrote", "written", "read", "like", "love", "hate", "prefer", "decide", "plan", "manage",
        "fix", "break", "broke", "finish", "finished", "end", "ended", "open", "close", "check", "handle", "deal",
        "care", "worry", "mind", "happened", "turns", "fill", "touch", "pull", "push", "drop", "pick", "throw", "hit",
        "sit", "stand", "walk", "live", "eat", "sleep", "hire", "hired", "join", "joined", "meet", "bought", "arrive",
        // Whom and what in general.
        "person", "man", "woman", "guy", "boy", "girl", "kid", "child", "children", "friend", "family", "mother",
        "father", "mum", "mom", "dad", "son", "daughter", "brother", "sister", "wife", "husband", "aunt", "uncle",
        "parents", "boss", "neighbour", "neighbor", "nobody", "everybody", "everyone", "somebody", "nothing", "stuff",
        "place", "side", "part", "case", "reason", "idea", "fact", "point", "name", "word", "list", "line", "top",
        "bottom", "front", "middle", "home", "house", "room", "door", "table", "wall", "street", "road", "town",
        "city", "country", "world", "life", "business", "hand", "head", "eye", "face", "money",
        // What kind of.
        "old", "young", "big", "large", "huge", "small", "little", "tiny", "short", "high", "low", "full", "empty",
        "easy", "hard", "difficult", "simple", "quick", "slow", "wrong", "bad", "worse", "worst", "nice", "great",
        "fine", "sure", "real", "true", "ready", "own", "certain", "normal", "special", "strange", "weird", "angry",
        "sorry", "happy", "annoying", "annoyed", "impossible", "urgent", "important", "main", "actual", "proper",
        "properly", "completely", "totally", "unfortunately", "finally", "simply", "black", "white", "red", "blue",
        "green", "yellow",
    ]

    static func isEveryday(_ word: ArraySlice<UInt32>) -> Bool { everydayKeys.contains(Term.word(stem(word))) }
    static func isFunctionWord(_ word: ArraySlice<UInt32>) -> Bool { functionKeys.contains(Term.word(word)) }
    static func isWeak(_ word: ArraySlice<UInt32>) -> Bool { weakKeys.contains(Term.word(word)) }

    private static let functionKeys = keys(functionWords)
    private static let weakKeys = keys(weakWords)
    private static let everydayKeys = Set(
        everydayWords.map { Term.word(stem($0.unicodeScalars.map(\.value)[...])) })

    private static func keys(_ words: Set<String>) -> Set<Term> {
        Set(words.map { Term.word($0.unicodeScalars.map(\.value)[...]) })
    }

    /// The stem of a comparable word: plural, `-ing`, `-ed`, and a final `e` go (the first steps of Porter's algorithm).
    ///
    /// A light stem on purpose: `installing`, `installed`, `installs` meet, `general` and `generate` do not. Words of
    /// other alphabets and short words stay as they are.
    static func stem(_ word: ArraySlice<UInt32>) -> ArraySlice<UInt32> {
        guard word.count > 3, word.allSatisfy({ $0 >= 0x61 && $0 <= 0x7A || $0 == 0x27 }) else { return word }
        var stem = word
        if stem.hasSuffix("'s") { stem = stem.dropLast(2) }
        if stem.hasSuffix("ies") {
            stem = stem.count > 4 ? stem.dropLast(3) + [0x79] : stem.dropLast(1)
        } else if stem.hasSuffix("sses") || stem.hasSuffix("shes") || stem.hasSuffix("ches") || stem.hasSuffix("xes") {
            stem = stem.dropLast(2)
        } else if stem.hasSuffix("s"), !stem.hasSuffix("ss"), !stem.hasSuffix("us"), !stem.hasSuffix("is") {
            stem = stem.dropLast()
        }
        if stem.hasSuffix("ing"), stem.count > 5, hasVowel(stem.dropLast(3)) {
            stem = undoubled(stem.dropLast(3))
        } else if stem.hasSuffix("ed"), !stem.hasSuffix("eed"), !stem.hasSuffix("embed"), stem.count > 4,
            hasVowel(stem.dropLast(2))
        {
            stem = undoubled(stem.dropLast(2))
        }
        if stem.hasSuffix("y"), stem.count > 3 { stem = stem.dropLast() + [0x69] }
        if stem.hasSuffix("e"), stem.count > 3 { stem = stem.dropLast() }
        return stem
    }

    private static func hasVowel(_ word: ArraySlice<UInt32>) -> Bool {
        word.contains { [0x61, 0x65, 0x69, 0x6F, 0x75, 0x79].contains($0) }
    }

    /// `stopp` → `stop`, but `install` and `pass` keep their pair.
    private static func undoubled(_ word: ArraySlice<UInt32>) -> ArraySlice<UInt32> {
        guard word.count > 3, let last = word.last, word.dropLast().last == last, ![0x6C, 0x73, 0x7A].contains(last)
        else {
            return word
        }
        return word.dropLast()
    }
}

extension ArraySlice<UInt32> {
    fileprivate func hasSuffix(_ suffix: StaticString) -> Bool {
        suffix.withUTF8Buffer { suffix in
            count >= suffix.count && zip(self.suffix(suffix.count), suffix).allSatisfy { $0 == UInt32($1) }
        }
    }
}
