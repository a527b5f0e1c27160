import Foundation
import Logging
import Observability
import Testing

@Suite struct SecretRedactionTests {
    @Test(arguments: [
        "authorization", "Authorization", "password", "new_password", "currentPassword", "token", "access_token",
        "accessToken",
        "session-token", "ticket", "secret", "client_secret", "JWT_SECRET", "jwt", "cookie", "Set-Cookie", "api_key",
        "apiKey",
        "x-api-key", "ENCRYPTION_KEY", "credentials", "passphrase", "token_hash", "bearer", "ACCESSTOKEN",
    ]) func secretFieldsAreHidden(_ key: String) {
        #expect(SecretRedaction.hides(key: key))
    }

    @Test(arguments: [
        "", "request_id", "status", "first_token_ms", "token_count", "tokens", "input_tokens", "token_type",
        "ai_tokens_total",
        "idempotency_key", "key", "author", "secretary", "ticketing", "user", "context_token_limit", "message_key",
    ]) func otherFieldsAreNot(_ key: String) {
        #expect(!SecretRedaction.hides(key: key))
    }

    @Test func hiddenFieldsAreHiddenAtEveryDepthAndOfEveryKind() throws {
        let capture = try LogCapture()
        let output = capture.output
        let logger = Logger(label: "test") { JSONLogHandler(label: $0, output: output) }
        logger.info(
            "x",
            metadata: [
                "password": "hunter2", "token": .stringConvertible(987_654_321), "secret": ["a": "hunter2"],
                "ticket": ["hunter2"],
                "headers": ["Authorization": "Bearer hunter2", "accept": "text/html"],
            ])
        let text = try capture.text()
        #expect(!text.contains("hunter2"))
        #expect(!text.contains("987654321"))
        #expect(text.contains("text/html"))
        let fields = try #require(try capture.objects().first)
        #expect(fields["password"] as? String == "[redacted]")
    }

    @Test(arguments: [
        ("/ws/chat/s1?ticket=abc123&x=1", "/ws/chat/s1?ticket=[redacted]&x=1"),
        ("/ws?x=1&TICKET=abc", "/ws?x=1&TICKET=[redacted]"),
        ("session_token=abc; Path=/", "session_token=[redacted]; Path=/"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer [redacted]"),
        (#"{"password":"hun ter2"}"#, #"{"password":"[redacted] ter2"}"#),
        (#"{"access_token" : "abc","n":1}"#, #"{"access_token" : "[redacted]","n":1}"#),
        ("key ck_0123456789abcdefghij used", "key [redacted] used"),
        ("sk-0123456789abcdefghijk", "[redacted]"),
        ("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln!", "got [redacted]!"),
        ("a token=1 and token=2", "a token=[redacted] and token=[redacted]"),
    ]) func secretsInsideTextAreHidden(_ text: String, _ shown: String) throws {
        let capture = try LogCapture()
        let output = capture.output
        let logger = Logger(label: "test") { JSONLogHandler(label: $0, output: output) }
        logger.info("\(text)", metadata: ["path": .string(text), "list": [.string(text)]])
        let fields = try #require(try capture.objects().first)
        #expect(fields["message"] as? String == shown)
        #expect(fields["path"] as? String == shown)
        #expect((fields["list"] as? [String])?.first == shown)
    }

    @Test(arguments: [
        "the token expired", "wrong password: try again", "ticket", "token=", "eyJ", "ck_x",
        "task-0123456789abcdefghijklmn",
        "bearer", "basket=full", "maxtokens=5",
    ]) func ordinaryTextIsLeftAlone(_ text: String) throws {
        let capture = try LogCapture()
        let output = capture.output
        let logger = Logger(label: "test") { JSONLogHandler(label: $0, output: output) }
        logger.info("\(text)")
        #expect(try capture.objects().first?["message"] as? String == text)
    }
}
