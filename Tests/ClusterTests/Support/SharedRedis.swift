import Cluster
import Foundation
import Testing

/// The Redis that all tests share, each under an installation name of its own.
enum SharedRedis {
    static let comment: Comment = "CHAT_API_TEST_REDIS is not set: run `make test`, or Scripts/with-servers swift test"

    static var settings: RedisSettings? {
        guard
            let text = ProcessInfo.processInfo.environment["CHAT_API_TEST_REDIS"],
            let parts = URLComponents(string: text), let host = parts.host
        else { return nil }
        return RedisSettings(
            host: host, port: parts.port ?? 6379, user: parts.user, password: parts.password,
            database: Int(parts.path.drop { $0 == "/" }) ?? 0)
    }

    static var isThere: Bool { settings != nil }
}
