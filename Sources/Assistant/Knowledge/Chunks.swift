/// A piece of an article that is searched and shown to a model as one.
struct Chunk: Equatable {
    var headings: [String]
    var text: String
}

/// Cuts articles into chunks: by heading, then by paragraph, then by sentence.
///
/// A question with its answer, and any short article, is one chunk: cutting it would part the answer from what it answers.
enum Chunks {
    /// Most that a chunk holds, in Chinese characters; other characters count a third (1500 Latin letters).
    static let size = 500.0
    /// What a chunk repeats of the one before it, so that a thought on the border is whole in one of them (15 %).
    static let overlap = 75.0
    /// An article with questions and no headings is a question with its answer, and stays whole up to this size.
    static let answerSize = 1500.0

    static func all(of article: KnowledgeArticle) -> [Chunk] {
        let blocks = MarkdownBlock.all(in: article.content)
        let text = Sentences.trimmed(article.content)
        let hasHeadings = blocks.contains { if case .heading = $0 { true } else { false } }
        let whole = !hasHeadings && !article.questions.isEmpty ? answerSize : size
        if measure(text) <= whole { return [Chunk(headings: [], text: text)] }

        var chunks: [Chunk] = []
        var headings: [(level: Int, text: String)] = []
        var section: [String] = []
        func close() {
            for text in pack(section) { chunks.append(Chunk(headings: headings.map(\.text), text: text)) }
            section = []
        }
        for block in blocks {
            switch block {
            case .heading(let level, let text):
                close()
                headings.removeAll { $0.level >= level }
                if text != article.title { headings.append((level, text)) }
            case .block(let text):
                section.append(text)
            }
        }
        close()
        return chunks.isEmpty ? [Chunk(headings: [], text: String(text.prefix(Int(size))))] : chunks
    }

    /// Size in Chinese characters.
    static func measure(_ text: String) -> Double {
        text.unicodeScalars.reduce(0) { $0 + (Characters.isUnspaced($1.value) ? 1 : 1.0 / 3) }
    }

    /// Joins the blocks of one section into texts of at most ``size``.
    private static func pack(_ blocks: [String]) -> [String] {
        var texts: [String] = []
        var current = ""
        var used = 0.0
        for part in blocks.flatMap(split) {
            let length = measure(part)
            if used > 0, used + length > size {
                texts.append(current)
                current = tail(of: current)
                used = measure(current)
                if used + length > size {
                    current = ""
                    used = 0
                }
            }
            current += (current.isEmpty ? "" : "\n\n") + part
            used += length
        }
        if !current.isEmpty { texts.append(current) }
        return texts
    }

    /// A block that is too long by itself, in sentences; a sentence too long by itself, in plain cuts.
    private static func split(_ block: String) -> [String] {
        guard measure(block) > size else { return [block] }
        var parts: [String] = []
        var current = ""
        var used = 0.0
        func close() {
            if !current.isEmpty { parts.append(current) }
            current = ""
            used = 0
        }
        for sentence in Sentences.all(in: block).flatMap(cut) {
            let length = measure(sentence)
            if used + length > size { close() }
            let spaced = current.last.map { $0.isASCII && !$0.isWhitespace } ?? false
            current += (spaced ? " " : "") + sentence
            used += length
        }
        close()
        return parts
    }

    private static func cut(_ sentence: String) -> [String] {
        guard measure(sentence) > size else { return [sentence] }
        var parts: [String] = []
        var current = String.UnicodeScalarView()
        var used = 0.0
        for scalar in sentence.unicodeScalars {
            let length = Characters.isUnspaced(scalar.value) ? 1 : 1.0 / 3
            if used + length > size {
                parts.append(String(current))
                current = String.UnicodeScalarView()
                used = 0
            }
            current.append(scalar)
            used += length
        }
        parts.append(String(current))
        return parts
    }

    /// The last sentences of `text`, up to ``overlap``.
    private static func tail(of text: String) -> String {
        if text.contains("```") { return "" }
        var kept: [String] = []
        var used = 0.0
        for sentence in Sentences.all(in: text).reversed() {
            used += measure(sentence)
            if used > overlap { break }
            kept.insert(sentence, at: 0)
        }
        return kept.joined(separator: kept.first?.last?.isASCII ?? false ? " " : "")
    }
}
