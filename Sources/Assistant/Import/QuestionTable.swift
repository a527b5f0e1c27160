import Domain

/// Questions and answers in a table: a row is an article, and the first row says what the columns are.
enum QuestionTable {
    private enum Column: CaseIterable {
        case key, title, question, answer, locale, status
    }

    static func articles(_ text: String) throws(ImportProblems) -> [ImportedText] {
        let table = try CSVTable(text)
        guard let header = table.rows.first else { throw ImportProblems("the file is empty") }
        var columns: [Column: Int] = [:]
        for (index, cell) in header.cells.enumerated() {
            guard let column = names[comparable(cell)] else { continue }
            guard columns[column] == nil else {
                throw ImportProblems(line: header.line, "two columns are named like \(cell.prefix(40))")
            }
            columns[column] = index
        }
        guard columns[.answer] != nil, columns[.question] != nil || columns[.title] != nil else {
            throw ImportProblems(
                line: header.line,
                "the first row must name the columns: question or title, and answer (问题 or 标题, and 答案)")
        }
        var articles: [ImportedText] = []
        var problems: [ImportProblem] = []
        var lines: [String: Int] = [:]
        for row in table.rows.dropFirst() {
            do throws(ImportProblem) {
                let article = try article(row, columns, width: header.cells.count)
                guard let key = article.key else { continue }
                if let earlier = lines[key] {
                    throw ImportProblem(
                        line: row.line, "this is known by the same name as what stands in line \(earlier)")
                }
                lines[key] = row.line
                articles.append(article)
            } catch {
                problems.append(error)
            }
        }
        guard problems.isEmpty else { throw ImportProblems(problems) }
        guard !articles.isEmpty else { throw ImportProblems("no row has a question and an answer") }
        return articles
    }

    private static func article(
        _ row: CSVTable.Row, _ columns: [Column: Int], width: Int
    ) throws(ImportProblem) -> ImportedText {
        func cell(_ column: Column) -> String {
            columns[column].flatMap { row.cells.indices.contains($0) ? row.cells[$0] : nil } ?? ""
        }
        guard row.cells.dropFirst(width).allSatisfy(\.isEmpty) else {
            throw ImportProblem(
                line: row.line,
                "the row has \(row.cells.count) cells and the first one \(width); text with separators needs quotes")
        }
        var questions: [String] = []
        for part in cell(.question).split(whereSeparator: { $0 == "|" || $0 == "｜" || $0.isNewline }) {
            let question = Sentences.trimmed(String(part))
            if !question.isEmpty, !questions.contains(question) { questions.append(question) }
        }
        let title = cell(.title).isEmpty ? questions.first ?? "" : cell(.title)
        guard !title.isEmpty else { throw ImportProblem(line: row.line, "the question is missing") }
        guard !cell(.answer).isEmpty else { throw ImportProblem(line: row.line, "the answer is missing") }
        var locale: LocaleTag?
        if !cell(.locale).isEmpty {
            locale = languages[cell(.locale).lowercased()].flatMap(LocaleTag.init) ?? LocaleTag(cell(.locale))
            guard locale != nil else {
                throw ImportProblem(line: row.line, "the locale must be a language tag such as en or zh-CN")
            }
        }
        let status = StatusWord.status(cell(.status))
        guard status != nil || cell(.status).isEmpty else {
            throw ImportProblem(line: row.line, "the status must be draft or published")
        }
        return ImportedText(
            title: title, content: cell(.answer), locale: locale?.text, questions: questions, status: status,
            key: cell(.key).isEmpty ? title : cell(.key), line: row.line)
    }

    private static func comparable(_ name: String) -> String {
        String(
            String.UnicodeScalarView(
                name.lowercased().unicodeScalars.filter {
                    !Characters.isSpace($0.value) && !Characters.isInvisible($0.value) && $0 != "_" && $0 != "-"
                }))
    }

    private static let names: [String: Column] = {
        let all: [(Column, [String])] = [
            (.key, ["id", "key", "编号", "編號"]),
            (.title, ["title", "subject", "标题", "標題", "主题", "主題", "名称"]),
            (
                .question,
                [
                    "question", "questions", "q", "query", "问题", "問題", "提问", "问", "问句", "标准问题", "用户问题", "常见问题",
                ]
            ),
            (
                .answer,
                ["answer", "answers", "a", "content", "reply", "答案", "回答", "答", "回复", "內容", "内容", "答复", "正文"]
            ),
            (.locale, ["locale", "language", "lang", "语言", "語言", "语种"]),
            (.status, ["status", "状态", "狀態"]),
        ]
        var names: [String: Column] = [:]
        for (column, words) in all { for word in words { names[word] = column } }
        return names
    }()

    /// Languages by the names that people write into tables.
    private static let languages = [
        "中文": "zh", "简体中文": "zh-CN", "繁体中文": "zh-TW", "繁體中文": "zh-TW", "chinese": "zh", "english": "en", "英文": "en",
        "英语": "en",
    ]
}
