import Domain
import HTTPTypes
import Hummingbird
import Identity
import Logging
import NIOCore
import Storage

/// What an `Idempotency-Key` means to a POST.
public enum IdempotencyRule: Sendable, Hashable {
    /// The key is not looked at. Contract: sign-in, tickets, API keys; messages have their `client_message_id`.
    case ignored
    /// The request is carried out once, and whoever repeats it gets the same answer.
    case answerKept
    /// The same, for a handler that reads the body itself: it adds what it has read to the claim, by
    /// ``IdempotencyClaim/cover(_:)``, before its first command.
    case answerKeptByContent
    /// The request is carried out once. Its answer holds a secret that is shown once and kept nowhere, so whoever repeats
    /// it is told so.
    case answerShownOnce
}

/// Carries out POSTs that have a key once, however often and to however many nodes they are sent.
///
/// The first command of a handler writes the key's row in its own transaction; see ``IdempotencyClaim``. The answer is
/// added to the row before the client gets it. From this follows:
///
/// - A request that was refused, or whose handler wrote nothing, keeps nothing: a repetition is judged anew.
/// - A process that dies between the two commits leaves a row without an answer. Whoever repeats the request is asked to
///   wait as long as the answer may still come, and then told that it was carried out and what it was answered is not
///   known; the request is not carried out again.
/// - Answers that are streams (`text/event-stream`) are not kept, and the key of a request that asks for one is ignored.
struct Idempotency: Sendable {
    /// How long an answer may be on its way. After that the process that owes it has died.
    static let answerSeconds: Int64 = 60
    /// Length of a key, in bytes of visible ASCII.
    static let keyBytes = 1...255
    /// Answers above this are not kept. None of the API's own come near it.
    static let maximumAnswerBytes = 1 << 20

    let store: ChatStore
    let digests: RequestDigests
    let rule: IdempotencyRule
    /// Method and pattern.
    let route: String
    /// The route's usual success.
    let status: HTTPResponse.Status

    /// - Parameters:
    ///   - body: what was read of it.
    ///   - handle: the route's handler.
    func respond<Answered: Encodable & Sendable>(
        to call: Call, body: ByteBuffer?, _ handle: () async throws -> Answer<Answered>
    ) async throws -> Response {
        guard let name = try name(in: call.incoming.headers) else { return try await handle().response(status) }
        let key = IdempotencyKey(name, of: route, by: call.access)
        let digest = digest(of: call.incoming.request, body)
        if rule != .answerKeptByContent, let record = try await store.read({ try $0.idempotencyRecord(key) }) {
            return try replay(record, digest)
        }
        let claim = IdempotencyClaim(key, requestDigest: digest)
        let answer: Answer<Answered>
        do {
            answer = try await IdempotencyClaim.$current.withValue(claim) { try await handle() }
        } catch let repeated as RepeatedRequest {
            return try replay(repeated.record, claim.requestDigest)
        }
        guard claim.close() else { return answer.response(status) }
        return await keep(answer, of: key, call)
    }

    private func name(in headers: HTTPFields) throws -> String? {
        let lines = headers[values: .idempotencyKey]
        guard rule != .ignored, !lines.isEmpty,
            !(headers[.accept]?.lowercased().contains("text/event-stream") ?? false)
        else { return nil }
        guard lines.count == 1, let name = lines.first, Self.keyBytes.contains(name.utf8.count),
            name.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw ValidationProblems(
                field: "Idempotency-Key", code: "invalid_value",
                message: "must be 1 to \(Self.keyBytes.upperBound) visible ASCII characters, given once")
        }
        return name
    }

    /// Of what has to be the same.
    private func digest(of request: Request, _ body: ByteBuffer?) -> [UInt8] {
        digests.digest(
            of: [request.method.rawValue, request.uri.path, request.uri.query ?? ""].map { Array($0.utf8) }
                + [body.map { Array($0.readableBytesView) } ?? []])
    }

    /// The command is on disk, so the client hears of it also when its answer cannot be kept.
    private func keep<Answered: Encodable & Sendable>(
        _ answer: Answer<Answered>, of key: IdempotencyKey, _ call: Call
    ) async -> Response {
        let rendered = answer.rendered(status)
        let isKept = rule != .answerShownOnce && (rendered.bytes?.count ?? .max) <= Self.maximumAnswerBytes
        let kept = IdempotencyRecord.Answer(
            status: rendered.status.code,
            headers: Dictionary(
                rendered.headers.map { ($0.name.rawName, $0.value) }, uniquingKeysWith: { "\($0), \($1)" }),
            body: isKept ? rendered.bytes : nil)
        do {
            try await store.write { try $0.keepAnswer(kept, of: key) }
        } catch {
            call.incoming.logger.warning(
                "an answer could not be kept for its Idempotency-Key", metadata: ["error": "\(error)"])
        }
        return rendered.response
    }

    private func replay(_ record: IdempotencyRecord, _ digest: [UInt8]) throws -> Response {
        guard record.requestDigest == digest else { throw Refusal.idempotencyConflict }
        guard let answer = record.answer else {
            guard record.claimedAt.adding(seconds: Self.answerSeconds) > store.clock.now() else {
                throw Problem(
                    .conflict, detail: "the request was carried out, but its answer was lost: look what is there")
            }
            throw Problem(
                .unavailable, retryAfter: Problem.retryUnavailableSeconds,
                detail: "the request with this key is being carried out, try again")
        }
        guard let body = answer.body else {
            throw Problem(.conflict, detail: "the request was carried out before, and its answer is shown only once")
        }
        var headers: HTTPFields = [.idempotencyReplayed: "true"]
        for (name, value) in answer.headers {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        return Response(
            status: HTTPResponse.Status(code: answer.status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}
