extension KnowledgeIndex {
    /// The pieces that answer `question` best.
    ///
    /// - Parameters:
    ///   - previous: what the customer asked just before. A question that is short or says "it" is read together with it,
    ///     when that finds more than the question alone.
    ///   - language: of the question; told from its text when nil, and English when that does not tell.
    ///   - limit: most pieces returned.
    public func search(
        _ question: String, after previous: String? = nil, in language: Language? = nil, limit: Int
    ) -> KnowledgeAnswer {
        guard !entries.isEmpty, limit > 0 else { return .nothing }
        let words = QuestionWords(question)
        let language = language ?? Language.detect(in: question) ?? .english
        let query = KnowledgeQuery(words, in: self)
        let alone = answer(query, question, words, language, limit)
        guard alone.answerability < .answerable, let previous, FollowUp.isLikely(question, words) else { return alone }
        let before = KnowledgeQuery(QuestionWords(previous), in: self, factor: Ranking.previousWeight)
        let together = answer(query.joined(with: before), question, words, language, limit)
        return together.answerability > alone.answerability ? together : alone
    }

    private func answer(
        _ query: KnowledgeQuery, _ question: String, _ words: QuestionWords, _ language: Language, _ limit: Int
    ) -> KnowledgeAnswer {
        let ranked = rank(query, question, language)
        guard let best = ranked.first else { return .nothing }
        // The best piece for showing need not be the one that covers most, when one is in another language.
        let coverage = ranked.prefix(limit).map(\.coverage).max() ?? best.coverage
        let likeness = ranked.prefix(limit).map(\.likeness).max() ?? best.likeness
        var answerability: Answerability =
            coverage >= Ranking.answerable ? .answerable : coverage >= Ranking.weak ? .weak : .none
        if !query.isSpecific { answerability = likeness >= Ranking.sameQuestion ? .answerable : .none }
        let terms = words.terms
        var perArticle: [Int64: Int] = [:]
        var passages: [Passage] = []
        for candidate in ranked where passages.count < limit {
            let entry = entries[candidate.chunk]
            perArticle[entry.articleId, default: 0] += 1
            if perArticle[entry.articleId, default: 0] > Ranking.chunksPerArticle { continue }
            passages.append(
                Passage(
                    articleId: entry.articleId, title: entry.title, headings: entry.headings, text: entry.text,
                    excerpt: Excerpt.of(entry.text, for: terms), locale: entry.locale,
                    score: (candidate.score * 1000).rounded() / 1000))
        }
        return KnowledgeAnswer(
            passages: passages, answerability: answerability, coverage: (coverage * 1000).rounded() / 1000)
    }

    private struct Candidate {
        var chunk: Int
        var score: Double
        var coverage: Double
        var likeness: Double
    }

    private func rank(_ query: KnowledgeQuery, _ question: String, _ language: Language) -> [Candidate] {
        let (scores, total) = wordScores(query)
        var best = Best(limit: Ranking.candidates)
        for chunk in scores.indices where scores[chunk] > 0 {
            best.offer(chunk, score: Double(scores[chunk]) * factor(of: chunk, language))
        }
        var likeness: [Int: Double] = [:]
        for near in questions.nearest(to: question, limit: Ranking.likelyQuestions) {
            for chunk in questions.chunks[near.entry].prefix(Ranking.chunksPerArticle) {
                likeness[Int(chunk)] = max(likeness[Int(chunk)] ?? 0, near.likeness)
            }
        }
        let chunks = Set(best.ranked.map(\.number)).union(likeness.keys)
        let candidates = chunks.map { chunk in
            let coverage = coverage(of: query, by: chunk)
            let alike = likeness[chunk] ?? 0
            let words = total > 0 ? Double(scores[chunk]) / total : 0
            let score =
                Ranking.wordsShare * words + Ranking.coverageShare * coverage
                + Ranking.phraseShare * phraseShare(of: query, in: chunk)
                // Any two questions share some pairs; only what is above that tells.
                + Ranking.likenessShare * max(0, (alike - 0.4) / 0.6)
            return Candidate(
                chunk: chunk, score: min(1, score * factor(of: chunk, language)), coverage: coverage, likeness: alike)
        }
        return candidates.sorted { ($1.score, $0.chunk) < ($0.score, $1.chunk) }
    }

    private func factor(of chunk: Int, _ language: Language) -> Double {
        entries[chunk].language == language ? 1 : Ranking.otherLanguage
    }

    /// BM25F of every chunk, and the most that a chunk could reach.
    private func wordScores(_ query: KnowledgeQuery) -> (scores: [Float], total: Double) {
        var scores = [Float](repeating: 0, count: entries.count)
        var total = 0.0
        for (row, weight) in query.scored {
            let worth = weight * self.weight(ofTermIn: postings.count(of: row))
            total += worth
            postings.each(of: row) { posting in
                let norm = norms[posting.chunk]
                let frequency =
                    Ranking.titleWeight * Float(posting.inTitle) / norm.title
                    + Ranking.bodyWeight * Float(posting.inBody) / norm.body
                scores[posting.chunk] += Float(worth) * frequency / (Ranking.saturation + frequency)
            }
        }
        return (scores, total)
    }

    private func coverage(of query: KnowledgeQuery, by chunk: Int) -> Double {
        var covered = 0.0
        var total = 0.0
        for unit in query.units {
            total += unit.weight
            var best = 0.0
            for way in unit.ways where way.strength > best {
                if way.rows.allSatisfy({ postings.contains($0, in: chunk) }) { best = way.strength }
            }
            covered += unit.weight * best
        }
        return total > 0 ? covered / total : 0
    }

    private func phraseShare(of query: KnowledgeQuery, in chunk: Int) -> Double {
        guard !query.phrases.isEmpty else { return 0 }
        let range = entries[chunk].comparable
        let found = query.phrases.count { phrase in
            comparable[range].withUnsafeBytes { text in
                phrase.withUnsafeBytes { ComparablePhrase.contains($0, in: text) }
            }
        }
        return Double(found) / Double(query.phrases.count)
    }
}
