import Domain
import Foundation
import Testing

@testable import Storage

/// The figures counted over again in the plainest way: every conversation from its whole history in the raw tables, each figure
/// by a search of its own. It shares no code with what keeps the figures up, and no rows.
struct StatisticsRecount {
    /// What is compared: counts, and every single length of time.
    struct Sheet: Equatable {
        var counts: [StatisticsCount: Int64] = [:]
        var times: [StatisticsTime: [Int64]] = [:]
    }

    private(set) var quarters: [PeriodKey: Sheet] = [:]
    private(set) var standing: [StandingKey: Int64] = [:]
    private(set) var waitingSince: [Timestamp] = []
    private(set) var lastActions: [Int64: Timestamp] = [:]

    /// Something that happened, in the order of seq.
    private struct Happening {
        var seq: Int64
        var at: Timestamp
        var kind: String
        var actor: String
        var actorId: Int64?
        var payload: [String: Any]
        var messageKind: String?
        var tokens: (Int64, Int64, Int64?)?

        private var changes: [String: Any] { payload["changes"] as? [String: Any] ?? [:] }
        var status: String? { changes["status"] as? String }
        var priority: String? { changes["priority"] as? String }
        private var owner: [String: Any]? { changes["owner"] as? [String: Any] }
        var ownerKind: String? { owner?["kind"] as? String }
        var ownerId: Int64? { (owner?["id"] as? NSNumber)?.int64Value }
        var reason: String? { payload["reason"] as? String }

        /// A message that the contact could see, by `sender`.
        func isWord(of sender: String) -> Bool {
            kind == "message.created" && actor == sender && messageKind != "note"
        }
        var isMessage: Bool { kind == "message.created" }
        var isOver: Bool { status == "resolved" || status == "closed" }
        var isAnswer: Bool {
            kind == "message.completed" && payload["finishReason"] as? String != "partial"
                && payload["isAnswered"] as? Bool == true
        }
    }

    init(of driver: any DatabaseDriver) async throws {
        struct Case: Sendable {
            var id: Int64
            var workspace: Int64
            var inbox: Int64
        }
        let cases = try await driver.read { connection in
            try connection.rows("SELECT id, workspace_id, inbox_id FROM conversations ORDER BY id", []) {
                Case(id: $0.integer(0), workspace: $0.integer(1), inbox: $0.integer(2))
            }
        }
        for item in cases {
            let rows = try await driver.read { connection in
                try connection.rows(
                    """
                    SELECT e.seq, e.created_at, e.kind, e.actor_kind, e.actor_id, e.payload, m.kind, r.input_tokens, \
                    r.output_tokens, r.cost_micros FROM events e LEFT JOIN messages m ON m.id = e.message_id \
                    LEFT JOIN reply_receipts r ON r.message_id = e.message_id WHERE e.conversation_id = ? ORDER BY e.seq
                    """, [.integer(item.id)]
                ) { row in
                    (
                        row.integer(0), row.integer(1), row.text(2), row.text(3), row.optionalInteger(4),
                        row.optionalText(5), row.optionalText(6), row.optionalInteger(7), row.integer(8),
                        row.optionalInteger(9)
                    )
                }
            }
            let story = try rows.map { row in
                Happening(
                    seq: row.0, at: Timestamp(milliseconds: row.1), kind: row.2, actor: row.3, actorId: row.4,
                    payload: try row.5.map {
                        try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
                    } ?? [:],
                    messageKind: row.6, tokens: row.7.map { ($0, row.8, row.9) })
            }
            add(story, workspace: Identifier(item.workspace), inbox: Identifier(item.inbox))
        }
        quarters = quarters.mapValues { sheet in
            Sheet(counts: sheet.counts.filter { $0.value != 0 }, times: sheet.times.mapValues { $0.sorted() })
        }
        standing = standing.filter { $0.value != 0 }
        waitingSince.sort()
    }

    private mutating func add(
        _ story: [Happening], workspace: Identifier<Workspace>, inbox: Identifier<Inbox>
    ) {
        for happening in story where happening.actor == "agent" {
            if let id = happening.actorId { lastActions[id] = max(lastActions[id] ?? happening.at, happening.at) }
        }
        guard let begin = story.first(where: \.isMessage) else { return }

        func keys(_ at: Timestamp, _ agent: Int64?) -> [PeriodKey] {
            let start = Timestamp(milliseconds: at.milliseconds - at.milliseconds % 900_000)
            let all: [(StatisticsScope, Int64?)] = [(.workspace, 0), (.inbox, inbox.rawValue), (.agent, agent)]
            return all.compactMap { scope, id in
                id.map {
                    PeriodKey(workspaceId: workspace, scope: scope, span: .quarter, startsAt: start, scopeId: $0)
                }
            }
        }
        func count(_ what: StatisticsCount, _ at: Timestamp, _ agent: Int64? = nil, _ more: Int64 = 1) {
            for key in keys(at, agent) { quarters[key, default: Sheet()].counts[what, default: 0] += more }
        }
        func time(_ what: StatisticsTime, _ from: Timestamp, _ to: Timestamp, _ agent: Int64? = nil) {
            for key in keys(to, agent) {
                quarters[key, default: Sheet()].times[what, default: []].append(to.milliseconds - from.milliseconds)
            }
        }
        /// What held right before `seq`, or at the end.
        func last(before seq: Int64?, _ value: (Happening) -> String?) -> String? {
            story.filter { $0.seq < seq ?? .max }.compactMap(value).last
        }
        func agent(_ happening: Happening) -> Int64? { happening.actor == "agent" ? happening.actorId : nil }

        count(.created, begin.at)
        let priority = last(before: begin.seq, \.priority) ?? "normal"
        let priorities: [String: StatisticsCount] = [
            "low": .createdLow, "high": .createdHigh, "urgent": .createdUrgent,
        ]
        count(priorities[priority] ?? .createdNormal, begin.at)

        // Messages.
        for message in story where message.isMessage {
            if message.messageKind == "note" {
                count(message.actor == "agent" ? .notes : .systemMessages, message.at, agent(message))
                continue
            }
            switch message.actor {
            case "contact": count(.contactMessages, message.at)
            case "agent": count(.agentMessages, message.at, message.actorId)
            case "ai": count(.assistantMessages, message.at)
            default: count(.systemMessages, message.at)
            }
        }

        // Replies of the assistant.
        for end in story {
            if end.kind == "message.completed" {
                if end.payload["finishReason"] as? String == "partial" {
                    count(.repliesPartial, end.at)
                } else {
                    count(end.isAnswer ? .repliesAnswered : .repliesUnanswered, end.at)
                    if end.payload["hasSources"] as? Bool != true { count(.repliesWithoutSources, end.at) }
                }
            } else if end.kind == "message.updated", end.actor == "ai" {
                count(.repliesCancelled, end.at)
            } else {
                continue
            }
            guard let tokens = end.tokens else { continue }
            count(.inputTokens, end.at, nil, tokens.0)
            count(.outputTokens, end.at, nil, tokens.1)
            if let micros = tokens.2 {
                count(.costMicros, end.at, nil, micros)
                count(.pricedReplies, end.at)
            }
        }

        // Owners.
        func isHandoff(_ happening: Happening) -> Bool {
            guard let next = happening.ownerKind, happening.kind == "conversation.updated" else { return false }
            return next != "ai" && last(before: happening.seq, \.ownerKind) == "ai"
        }
        for change in story where change.seq > begin.seq && change.kind == "conversation.updated" {
            if isHandoff(change) {
                let reason: StatisticsCount =
                    switch (change.actor, change.reason) {
                    case ("contact", _): .handoffContact
                    case ("agent", _): .handoffStaff
                    case ("ai", "requested"): .handoffRequested
                    case ("ai", "unanswered"): .handoffUnanswered
                    case ("ai", "failure"): .handoffFailure
                    case ("ai", "consent"): .handoffConsent
                    case ("ai", "topic"): .handoffTopic
                    case ("ai", "content_filter"): .handoffContentFilter
                    case ("ai", "budget"): .handoffBudget
                    case ("ai", "timeout"): .handoffTimeout
                    case ("ai", "repeated"): .handoffRepeated
                    case ("ai", "anger"): .handoffAnger
                    case ("ai", "model"): .handoffModel
                    case ("ai", "claimed"): .handoffClaimed
                    default: .handoffOther
                    }
                count(reason, change.at)
            }
            if change.ownerKind == "agent", let id = change.ownerId {
                let before = story.last { $0.seq < change.seq && $0.ownerKind != nil }
                if before?.ownerKind != "agent" || before?.ownerId != id { count(.taken, change.at, id) }
            }
        }

        // Responses.
        let firstQuestion = story.first { $0.isWord(of: "contact") }
        let firstHuman = firstQuestion.flatMap { asked in
            story.first { $0.seq > asked.seq && $0.isWord(of: "agent") }
        }
        if let asked = firstQuestion {
            if let firstHuman { time(.firstResponse, asked.at, firstHuman.at, firstHuman.actorId) }
            if let reply = story.first(where: { $0.seq > asked.seq && $0.isWord(of: "ai") }) {
                time(.firstAssistantReply, asked.at, reply.at)
            }
        }
        /// The contact's first word before `seq` that nobody had replied to by then.
        func unanswered(before seq: Int64) -> Timestamp? {
            let reply = story.last {
                $0.seq < seq && ($0.isWord(of: "agent") || $0.isWord(of: "ai") || ($0.isOver && $0.seq > 1))
            }
            return story.first { $0.seq > (reply?.seq ?? 0) && $0.seq < seq && $0.isWord(of: "contact") }?.at
        }
        /// Since when the contact waited for a human right before `seq`.
        func waiting(before seq: Int64) -> Timestamp? {
            let stop = story.last {
                $0.seq < seq
                    && ($0.isWord(of: "agent") || $0.isOver || $0.status == "snoozed"
                        || ($0.ownerKind == "ai" && $0.kind == "conversation.updated"))
            }
            for happening in story where happening.seq > (stop?.seq ?? 0) && happening.seq < seq {
                if happening.isWord(of: "contact"), last(before: happening.seq, \.ownerKind) != "ai" {
                    return happening.at
                }
                if isHandoff(happening), ["open", "pending"].contains(last(before: happening.seq, \.status)) {
                    if let since = unanswered(before: happening.seq) { return since }
                    if happening.actor != "agent" { return happening.at }
                }
            }
            return nil
        }
        for reply in story where reply.isWord(of: "agent") && reply.seq != firstHuman?.seq {
            if let since = waiting(before: reply.seq) { time(.nextResponse, since, reply.at, reply.actorId) }
        }

        // Statuses.
        func isHuman(_ happening: Happening) -> Bool { isHandoff(happening) || happening.isWord(of: "agent") }
        for change in story where change.kind == "conversation.updated" && change.seq > begin.seq {
            guard let status = change.status, let before = last(before: change.seq, \.status), status != before else {
                continue
            }
            if status == "resolved" { count(.resolved, change.at, agent(change)) }
            if status == "closed" { count(.closed, change.at, agent(change)) }
            let wasOver = before == "resolved" || before == "closed"
            if wasOver, !change.isOver { count(.reopened, change.at) }
            guard change.isOver, !wasOver else { continue }
            let reopening = story.last {
                $0.seq < change.seq && $0.status == "open"
                    && ["resolved", "closed"].contains(last(before: $0.seq, \.status))
            }
            let opened = reopening.flatMap { $0.seq > begin.seq ? $0 : nil }
            time(.resolution, opened?.at ?? begin.at, change.at, agent(change))
            let episode = story.filter { $0.seq > (opened?.seq ?? 0) && $0.seq < change.seq }
            if episode.contains(where: \.isAnswer), !episode.contains(where: isHuman) {
                count(.resolvedByAssistant, change.at)
            }
        }
        if story.contains(where: \.isAnswer), !story.contains(where: isHuman) {
            count(.answeredWithoutHuman, begin.at)
        }

        // Now.
        func add(_ name: String, _ more: Int64 = 1) {
            standing[StandingKey(workspaceId: workspace, inboxId: inbox, name: name), default: 0] += more
        }
        add("\(last(before: nil, \.status) ?? "open").\(last(before: nil, \.priority) ?? "normal")")
        if let since = waiting(before: .max) {
            add("waiting")
            waitingSince.append(since)
        }
        for happening in story where isHandoff(happening) && happening.seq > begin.seq {
            let reason = HandoffReason(
                actor: Actor.Kind(rawValue: happening.actor) ?? .system, reason: happening.reason)
            add("handoff.\(reason.rawValue)")
        }
    }
}
