extension KnowledgeIndex {
    /// The pieces that answer `question` best.
    ///
    /// - Parameters:
    ///   - previous: what the customer asked just before. A question that is short or says "it" is read together with it,
    ///     when that finds more than the question alone.
    ///   - language: of the question; told from its text when nil, and English when that does not tell.
    ///   - limit: most pieces returned.
    ///   - synonyms: a workspace's own words, beside the built-in ones.
    public func search(
        _ question: String, after previous: String? = nil, in language: Language? = nil, limit: Int,
        synonyms: SynonymTable? = nil
    ) -> KnowledgeAnswer {
        guard !places.isEmpty, limit > 0 else { return .nothing }
        let words = QuestionWords(question, synonyms: synonyms)
        let language = language ?? Language.detect(in: question) ?? .english
        let query = KnowledgeQuery(words, in: self)
        let alone = answer(query, question, words, language, limit)
        guard let previous, !previous.isEmpty else { return alone }
        let leaning = FollowUp(question, words)
        guard leaning > .no else { return alone }
        let before = KnowledgeQuery(QuestionWords(previous, synonyms: synonyms), in: self)
        let together = answer(query.leaning(on: before), question, words, language, limit)
        if together.answerability > alone.answerability { return together }
        // It can be answered by itself, so what was asked before only decides between what answers it.
        guard leaning == .yes, alone.answerability != .none else { return alone }
        return KnowledgeAnswer(
            passages: together.passages, answerability: alone.answerability, coverage: alone.coverage)
    }

    private func answer(
        _ query: KnowledgeQuery, _ question: String, _ words: QuestionWords, _ language: Language, _ limit: Int
    ) -> KnowledgeAnswer {
        let ranked = rank(query, question, language)
        guard let best = ranked.first else { return .nothing }
        // The best piece for showing need not be the one that covers most, when one is in another language.
        let coverage = ranked.prefix(limit).map(\.coverage).max() ?? best.coverage
        let evidence = ranked.prefix(limit).map(\.evidence).max() ?? best.evidence
        let likeness = ranked.prefix(limit).map(\.likeness).max() ?? best.likeness
        var answerability: Answerability =
            evidence < Ranking.weak ? .none : coverage < Ranking.answerable ? .weak : .answerable
        if !query.isSpecific { answerability = likeness >= Ranking.sameQuestion ? .answerable : .none }
        let terms = words.terms
        var perArticle: [Int64: Int] = [:]
        var passages: [Passage] = []
        for candidate in ranked where passages.count < limit {
            let article = article(of: candidate.chunk)
            let content = content(of: candidate.chunk)
            perArticle[article.id, default: 0] += 1
            if perArticle[article.id, default: 0] > Ranking.chunksPerArticle { continue }
            passages.append(
                Passage(
                    articleId: article.id, title: article.title, headings: content.headings, text: content.text,
                    excerpt: Excerpt.of(content.text, for: terms), locale: article.locale,
                    score: (candidate.score * 1000).rounded() / 1000))
        }
        return KnowledgeAnswer(
            passages: passages, answerability: answerability, coverage: (coverage * 1000).rounded() / 1000)
    }

    private struct Candidate {
        var chunk: Int
        var score: Double
        /// Share of the question's meaning that the piece holds.
        var coverage: Double
        /// The same, where what only its text holds and no title, heading or question counts half.
        var evidence: Double
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
            for chunk in chunksOfQuestion[near.number].prefix(Ranking.chunksPerArticle) {
                likeness[chunk] = max(likeness[chunk] ?? 0, near.likeness)
            }
        }
        let chunks = Set(best.ranked.map(\.number)).union(likeness.keys)
        let candidates = chunks.map { chunk in
            let (coverage, evidence) = coverage(of: query, by: chunk)
            let alike = likeness[chunk] ?? 0
            let words = total > 0 ? Double(scores[chunk]) / total : 0
            let score =
                Ranking.wordsShare * words + Ranking.coverageShare * coverage
                + Ranking.phraseShare * phraseShare(of: query, in: chunk)
                // Any two questions share some pairs; only what is above that tells.
                + Ranking.likenessShare * max(0, (alike - 0.4) / 0.6)
            return Candidate(
                chunk: chunk, score: min(1, score * factor(of: chunk, language)), coverage: coverage,
                evidence: evidence, likeness: alike)
        }
        return candidates.sorted { ($1.score, $0.chunk) < ($0.score, $1.chunk) }
    }

    private func factor(of chunk: Int, _ language: Language) -> Double {
        norms[chunk].language == language ? 1 : Ranking.otherLanguage
    }

    /// BM25F of every chunk, and the most that a chunk could reach.
    private func wordScores(_ query: KnowledgeQuery) -> (scores: [Float], total: Double) {
        var scores = [Float](repeating: 0, count: places.count)
        var total = 0.0
        var best = Sums(count: places.count)
        var own = Sums(count: places.count)
        for wordings in query.scored {
            if wordings.count == 1 {
                total += add(wordings[0]) { scores[$0] += $1 }
                continue
            }
            // Of several wordings only the best counts, or a text that uses them all would seem to say more.
            var worth = 0.0
            for wording in wordings {
                worth = max(worth, add(wording) { own.add($1, to: $0) })
                own.drain { best.raise($0, to: $1) }
            }
            best.drain { scores[$0] += $1 }
            total += worth
        }
        return (scores, total)
    }

    private func add(_ wording: [(row: UInt32, weight: Double)], to sum: (Int, Float) -> Void) -> Double {
        var total = 0.0
        for (row, weight) in wording {
            let worth = weight * self.weight(ofTermIn: postings.count(of: row))
            total += worth
            postings.each(of: row) { chunk, count in
                let norm = norms[chunk]
                let frequency =
                    Ranking.titleWeight * Float(count.inTitle) / norm.title
                    + Ranking.bodyWeight * Float(count.inBody) / norm.body
                sum(chunk, Float(worth) * frequency / (Ranking.saturation + frequency))
            }
        }
        return total
    }

    /// A sum for every chunk, of which few are not zero.
    private struct Sums {
        private var sums: [Float]
        private var touched: [Int] = []

        init(count: Int) { sums = [Float](repeating: 0, count: count) }

        mutating func add(_ value: Float, to chunk: Int) {
            if sums[chunk] == 0 { touched.append(chunk) }
            sums[chunk] += value
        }

        mutating func raise(_ chunk: Int, to value: Float) {
            if sums[chunk] == 0 { touched.append(chunk) }
            sums[chunk] = max(sums[chunk], value)
        }

        /// Calls `body` with each chunk and its sum, and forgets them.
        mutating func drain(_ body: (Int, Float) -> Void) {
            for chunk in touched {
                if sums[chunk] > 0 { body(chunk, sums[chunk]) }
                sums[chunk] = 0
            }
            touched.removeAll(keepingCapacity: true)
        }
    }

    private func coverage(of query: KnowledgeQuery, by chunk: Int) -> (coverage: Double, evidence: Double) {
        var covered = 0.0
        var shown = 0.0
        var total = 0.0
        for (number, unit) in query.units.enumerated() {
            if number == query.required, number > 0, covered == 0 { return (0, 0) }
            total += unit.weight
            var best = 0.0
            var bestShown = 0.0
            for way in unit.ways where way.strength > bestShown {
                let places = way.rows.map { postings.count(of: $0, in: chunk) }
                guard !places.contains(nil) else { continue }
                best = max(best, way.strength)
                let isShown = places.allSatisfy { $0?.inTitle ?? 0 > 0 }
                bestShown = max(bestShown, way.strength * (isShown ? 1 : Ranking.textEvidence))
            }
            covered += unit.weight * best
            shown += unit.weight * bestShown
        }
        return total > 0 ? (covered / total, shown / total) : (0, 0)
    }

    private func phraseShare(of query: KnowledgeQuery, in chunk: Int) -> Double {
        guard !query.phrases.isEmpty else { return 0 }
        let comparable = content(of: chunk).comparable
        let found = query.phrases.count { phrase in
            comparable.withUnsafeBytes { text in
                phrase.withUnsafeBytes { ComparablePhrase.contains($0, in: text) }
            }
        }
        return Double(found) / Double(query.phrases.count)
    }
}
