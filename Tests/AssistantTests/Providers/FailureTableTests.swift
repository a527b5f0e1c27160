import Foundation
import Testing

@testable import Assistant

@Suite struct FailureTableTests {
    typealias Kind = ProviderFailure.Kind

    static func kind(
        _ vendor: ModelVendor, _ status: Int?, code: String? = nil, type: String? = nil, _ message: String = "x"
    ) -> Kind {
        FailureTable.of(vendor).kind(ModelError(message: message, type: type, code: code), status: status)
    }

    @Test(arguments: [
        (400, "invalid_request_error", "InvalidParameter", "x", Kind.badRequest, Kind.badRequest),
        (400, "invalid_request_error", "context_length_exceeded", "x", .contextOverflow, .contextOverflow),
        (400, "", "400", "This model's maximum context length is 4096 tokens", .contextOverflow, .contextOverflow),
        (401, "invalid_request_error", "invalid_api_key", "x", .account, .account),
        (403, "", "", "region", .account, .account),
        (404, "", "model_not_found", "x", .config, .config),
        (404, "", "", "", .config, .config),
        (429, "", "rate_limit_exceeded", "unauthorized to go this fast", .rateLimit, .rateLimit),
        (429, "", "", "the key is unauthorized", .rateLimit, .rateLimit),
        (429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota", .account, .rateLimit),
        (429, "", "insufficient_quota", "Free allocated quota exceeded.", .account, .account),
        (429, "", "", "", .rateLimit, .rateLimit),
        (500, "", "", "", .server, .server),
        (502, "", "", "<html>", .server, .server),
        (408, "", "", "", .badRequest, .badRequest),
        (413, "", "", "", .contextOverflow, .contextOverflow),
    ])
    func `classifies by code, then by status`(
        _ status: Int, _ type: String, _ code: String, _ message: String, _ openAI: Kind, _ dashScope: Kind
    ) {
        let error = ModelError(message: message, type: type.isEmpty ? nil : type, code: code.isEmpty ? nil : code)
        #expect(FailureTable.of(.openAI).kind(error, status: status) == openAI)
        #expect(FailureTable.of(.dashScope).kind(error, status: status) == dashScope)
    }

    /// The whole of the vendor's list: native code, and the compatible mode's where there is one.
    @Test(
        arguments: [
            (
                400, ["InvalidParameter", "BadRequest.EmptyInput", "BadRequest.TooLarge", "invalid_request_error"],
                Kind.badRequest
            ),
            (
                400,
                [
                    "DataInspectionFailed", "data_inspection_failed", "FaqRuleBlocked", "CustomRoleBlocked",
                    "IPInfringementSuspect", "InternalError.Algo.DataInspectionFailed",
                ], .contentFilter
            ),
            (400, ["Arrearage"], .account),
            (401, ["InvalidApiKey", "invalid_api_key", "NOT AUTHORIZED"], .account),
            (
                403,
                [
                    "AccessDenied", "AccessDenied.Unpurchased", "Model.AccessDenied", "Workspace.AccessDenied",
                    "AllocationQuota.FreeTierOnly",
                ], .account
            ),
            (404, ["ModelNotFound", "model_not_found", "model_not_supported", "WorkSpaceNotFound"], .config),
            (
                429,
                [
                    "Throttling", "Throttling.RateQuota", "LimitRequests", "limit_requests", "Throttling.BurstRate",
                    "limit_burst_rate", "Throttling.AllocationQuota", "insufficient_quota",
                ], .rateLimit
            ),
            (429, ["CommodityNotPurchased", "PrepaidBillOverdue", "PostpaidBillOverdue"], .account),
            (
                500,
                ["InternalError", "InternalError.Timeout", "SystemError", "ModelServiceFailed", "RequestTimeOut"],
                .server
            ),
            (503, ["ModelServingError", "ModelUnavailable"], .server),
        ] as [(Int, [String], Kind)])
    func `knows DashScope's codes, wherever their status stands`(_ status: Int, _ codes: [String], _ kind: Kind) {
        for code in codes {
            #expect(Self.kind(.dashScope, status, code: code) == kind, "\(code)")
            // In a stream the status is a comment's, or 200, or what a client made up. The code decides.
            if code == "invalid_request_error" { continue }
            for other in [nil, 200, 400, 429, 500] {
                #expect(Self.kind(.dashScope, other, code: code) == kind, "\(code)")
            }
        }
    }

    @Test func `a quota that is for ever is no rate limit`() {
        for code in ["Throttling.AllocationQuota", "insufficient_quota"] {
            #expect(Self.kind(.dashScope, 429, code: code, "Allocated quota exceeded, please increase") == .rateLimit)
            #expect(Self.kind(.dashScope, 429, code: code, "Free allocated quota exceeded.") == .account)
            #expect(Self.kind(.dashScope, 429, code: code, "Your plan is used up") == .account)
        }
        #expect(Self.kind(.openAI, 429, code: "insufficient_quota") == .account)
        #expect(Self.kind(.other, 429, code: "insufficient_quota") == .account)
        #expect(Self.kind(.other, 429, code: "Throttling.AllocationQuota") == .rateLimit)
    }

    @Test func `a prompt that is too long is told by its words where the code is a general one`() {
        let range = "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]"
        #expect(Self.kind(.dashScope, 400, code: "InvalidParameter", range) == .contextOverflow)
        #expect(Self.kind(.dashScope, 400, code: "InternalError.Algo.InvalidParameter", range) == .contextOverflow)
        #expect(Self.kind(.dashScope, 400, code: "InternalError.Algo.InvalidParameter", "temperature") == .badRequest)
        #expect(Self.kind(.other, 500, code: "500", type: "exceed_context_size_error") == .contextOverflow)
        #expect(Self.kind(.other, 500, "the request exceeds the available context size") == .contextOverflow)
        #expect(
            Self.kind(.other, 400, code: "400", type: "BadRequestError", "maximum context length") == .contextOverflow)
        // Words about length do not make an account's trouble a long prompt.
        #expect(Self.kind(.openAI, 401, code: "invalid_api_key", "context length") == .account)
        #expect(Self.kind(.openAI, 429, "context length") == .rateLimit)
    }

    @Test func `finds an error however its body is framed`() {
        let bodies = [
            "{\"error\":{\"message\":\"m\",\"code\":\"c\"}}", "{\"code\":\"c\",\"message\":\"m\"}",
            "[{\"error\":{\"message\":\"m\",\"code\":\"c\"}}]",
            "id:1\nevent:error\n:HTTP_STATUS/400\ndata:{\"code\":\"c\",\"message\":\"m\",\"request_id\":\"r\"}\n\n",
            "data: {\"error\":{\"message\":\"m\",\"code\":\"c\"}}",
        ]
        for body in bodies {
            #expect(ModelError.read(Array(body.utf8))?.code == "c")
            #expect(ModelError.read(Array(body.utf8))?.message == "m")
        }
        #expect(ModelError.read(Array(bodies[3].utf8))?.requestId == "r")
        // A key that stands twice is no reason to understand nothing.
        #expect(ModelError.read(Array("{\"code\":\"c\",\"code\":\"c\",\"message\":\"m\"}".utf8))?.code == "c")
        #expect(ModelError.read(Array("{\"error\":{\"code\":429}}".utf8))?.code == "429")
        #expect(ModelError.read(Array("{\"error\":\"no such model\"}".utf8))?.message == "no such model")
        #expect(ModelError.read(Array("{\"detail\":\"Not Found\"}".utf8))?.message == "Not Found")
        for body in ["<html>502</html>", "", "null", "[]", "{}", "7"] {
            #expect(ModelError.read(Array(body.utf8)) == nil)
        }
    }

    @Test func `reads Retry-After in every form`() {
        let now = Date(timeIntervalSince1970: 784_111_777)  // Sun, 06 Nov 1994 08:49:37 GMT
        func wait(_ milliseconds: String?, _ seconds: String?) -> Duration? {
            RetryAfter.read(milliseconds: milliseconds, seconds: seconds, now: now)
        }
        #expect(wait("1500", "9") == .milliseconds(1500))
        #expect(wait(nil, "2") == .seconds(2))
        #expect(wait(nil, "0.5") == .milliseconds(500))
        #expect(wait(nil, "Sun, 06 Nov 1994 08:49:47 GMT") == .seconds(10))
        #expect(wait(nil, "Sun, 06 Nov 1994 08:49:07 GMT") == .zero)
        #expect(wait(nil, "100000") == .seconds(120))
        #expect(wait(nil, "1e300") == .seconds(120))
        for bad in ["", "soon", "-1", "nan", "inf", "Sun, 99 Foo 1994 08:49:47 GMT"] { #expect(wait(nil, bad) == nil) }
        #expect(wait(nil, nil) == nil)
    }
}
