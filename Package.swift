// swift-tools-version: 6.2
import PackageDescription

/// One posture for every target: Swift 6 language mode, explicit existentials, imports visible and internal by default.
let posture: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

extension Target {
    static func library(_ name: String, _ dependencies: [Dependency]) -> Target {
        .target(name: name, dependencies: dependencies, swiftSettings: posture)
    }

    static func tests(_ name: String, _ dependencies: [Dependency]) -> Target {
        .testTarget(name: name, dependencies: dependencies, swiftSettings: posture)
    }
}

extension Target.Dependency {
    static let logging: Self = .product(name: "Logging", package: "swift-log")
    static let metrics: Self = .product(name: "Metrics", package: "swift-metrics")
    static let nio: Self = .product(name: "NIO", package: "swift-nio")
    static let nioCore: Self = .product(name: "NIOCore", package: "swift-nio")
    static let nioPosix: Self = .product(name: "NIOPosix", package: "swift-nio")
    static let nioEmbedded: Self = .product(name: "NIOEmbedded", package: "swift-nio")
    static let nioHTTP1: Self = .product(name: "NIOHTTP1", package: "swift-nio")
    static let nioHTTP2: Self = .product(name: "NIOHTTP2", package: "swift-nio-http2")
    static let nioWebSocket: Self = .product(name: "NIOWebSocket", package: "swift-nio")
    static let nioHTTPTypes: Self = .product(name: "NIOHTTPTypes", package: "swift-nio-extras")
    static let nioHTTPTypesHTTP1: Self = .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras")
    static let httpTypes: Self = .product(name: "HTTPTypes", package: "swift-http-types")
    static let hummingbird: Self = .product(name: "Hummingbird", package: "hummingbird")
    static let hummingbirdCore: Self = .product(name: "HummingbirdCore", package: "hummingbird")
    static let hummingbirdTesting: Self = .product(name: "HummingbirdTesting", package: "hummingbird")
    static let grdb: Self = .product(name: "GRDB", package: "GRDB.swift")
    /// SQLite's own functions, as GRDB links them.
    static let sqlite: Self = .product(name: "GRDBSQLite", package: "GRDB.swift")
    static let jwt: Self = .product(name: "JWTKit", package: "jwt-kit")
    static let crypto: Self = .product(name: "Crypto", package: "swift-crypto")
    static let cryptoExtras: Self = .product(name: "CryptoExtras", package: "swift-crypto")
    static let asyncHTTPClient: Self = .product(name: "AsyncHTTPClient", package: "async-http-client")
    static let configuration: Self = .product(name: "Configuration", package: "swift-configuration")
    static let argumentParser: Self = .product(name: "ArgumentParser", package: "swift-argument-parser")
    static let serviceLifecycle: Self = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let unixSignals: Self = .product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let nioSSL: Self = .product(name: "NIOSSL", package: "swift-nio-ssl")
    static let collections: Self = .product(name: "DequeModule", package: "swift-collections")
}

let package = Package(
    name: "chat-api",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "chat-api", targets: ["ChatAPI"])],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    ],
    targets: [
        // Values, rules and state machines. No I/O, clocks passed in.
        .library("Domain", []),
        // The JSON that clients see: views, envelopes, public identifiers.
        .library("Wire", ["Domain", .cryptoExtras, .crypto]),
        // Repositories in the domain's verbs, event log, group commit. Speaks to one of the drivers.
        .library("Storage", ["Domain", .logging, .metrics, .collections, .crypto]),
        .library("StorageSQLite", ["Domain", "Storage", "EmbeddedFiles", .logging, .grdb, .sqlite]),
        // MariaDB Connector/C, which speaks to MySQL 8 and MariaDB.
        .systemLibrary(
            name: "CMariaDB", pkgConfig: "libmariadb",
            providers: [.apt(["libmariadb-dev"]), .brew(["mariadb-connector-c"])]),
        .library("StorageMySQL", ["Domain", "Storage", "EmbeddedFiles", "CMariaDB", .logging]),
        // Tasks on event loops.
        .library("EventLoops", [.nioCore]),
        // What nodes tell each other: doorbell, shared counters, in one process or over Redis.
        .library("Cluster", ["Domain", .nioCore, .nioPosix, .nioSSL, .logging, .collections]),
        // Who somebody is: passwords, tokens, tickets.
        .library("Identity", ["Domain", "Storage", "Wire", .jwt, .crypto, .cryptoExtras, .logging]),
        // Provider clients, context, handoff rules, knowledge retrieval, reply jobs.
        .library(
            "Assistant",
            [
                "Domain", "Storage", "EmbeddedFiles", "EventLoops", .asyncHTTPClient, .nioCore, .nioPosix, .nioHTTP1,
                .nioHTTP2, .logging, .metrics,
            ]),
        // WebSocket upgrade, connection state machine, hub.
        .library(
            "Realtime",
            [
                "Domain", "Storage", "Wire", "Cluster", "EventLoops", .nioCore, .nioPosix, .nioHTTP1, .nioWebSocket,
                .nioHTTPTypes, .nioHTTPTypesHTTP1, .httpTypes, .hummingbirdCore, .logging, .metrics, .collections,
                .crypto,
            ]),
        .library(
            "HTTPAPI",
            [
                "Domain", "Storage", "Wire", "Cluster", "Identity", "Realtime", "Assistant", "EmbeddedFiles",
                "EventLoops", .hummingbird, .hummingbirdCore,
                .nioCore, .httpTypes, .logging, .metrics,
            ]),
        .library("Observability", [.logging, .metrics]),
        // Files inside the binary (`#embed`): web pages, migrations, sample knowledge.
        .target(name: "CEmbeddedFiles", exclude: ["files"]),
        .library("EmbeddedFiles", ["CEmbeddedFiles"]),
        .executableTarget(
            name: "ChatAPI",
            dependencies: [
                "Domain", "Wire", "Storage", "StorageSQLite", "StorageMySQL", "Cluster", "Identity", "Assistant",
                "Realtime", "HTTPAPI", "Observability", "EmbeddedFiles", .hummingbird, .logging, .metrics,
                .configuration, .argumentParser,
                .serviceLifecycle, .unixSignals, .nioCore, .nioPosix, .asyncHTTPClient, .hummingbirdCore, .crypto,
            ],
            swiftSettings: posture),

        // A model provider on TCP that answers and fails as it is told, for Swift tests and, as a process, for system tests.
        .target(
            name: "ModelUpstream", dependencies: [.nioCore, .nioPosix, .nioHTTP1], path: "Tests/ModelUpstream",
            swiftSettings: posture),
        .executableTarget(
            name: "model-upstream", dependencies: ["ModelUpstream", .nioPosix, .argumentParser],
            path: "Tests/ModelUpstreamServer", swiftSettings: posture),
        // What the search in the knowledge base is worth, over the questions in Bench/knowledge.
        .executableTarget(
            name: "RetrievalFigures", dependencies: ["Assistant"], path: "Bench/retrieval", swiftSettings: posture),
        // What Hummingbird itself takes for a request, to measure the routes by.
        .executableTarget(
            name: "bare-route",
            dependencies: [.hummingbird, .httpTypes, .logging, .nioCore, .nioPosix, .argumentParser],
            path: "Bench/Peers/hummingbird", swiftSettings: posture),
        // Valgrind's client requests, and a fixed script whose instructions are counted: see Scripts/count-instructions.
        .target(name: "CCallgrind", path: "Bench/callgrind", publicHeadersPath: "include"),
        .executableTarget(
            name: "instruction-script",
            dependencies: [
                "CCallgrind", "Domain", "Wire", "Storage", "StorageSQLite", "Realtime", "Assistant", .nioCore,
                .nioEmbedded, .logging,
            ],
            path: "Bench/instructions", swiftSettings: posture),
        .tests("DomainTests", ["Domain", "Wire"]),
        .tests("IdentityTests", ["Identity", "Domain", .jwt, .crypto]),
        .tests("ObservabilityTests", ["Observability", .logging, .metrics]),
        .tests(
            "StorageTests",
            [
                "Domain", "Storage", "StorageSQLite", "StorageMySQL", "Assistant", "RetrievalFigures", .logging, .grdb,
            ]),
        // The oracle of the Redis codec's differential test.
        .systemLibrary(name: "CHiredis", path: "Tests/CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .tests(
            "ClusterTests",
            ["Cluster", "Domain", "CHiredis", .nioCore, .nioPosix, .nioEmbedded, .nioSSL, .logging]),
        .tests(
            "AssistantTests",
            [
                "Domain", "Storage", "StorageSQLite", "Assistant", "ModelUpstream", "RetrievalFigures",
                "Observability", .nioCore, .nioPosix, .nioEmbedded, .nioHTTP1, .nioHTTP2, .asyncHTTPClient, .logging,
                .metrics,
            ]),
        .tests(
            "RealtimeTests",
            [
                "Domain", "Wire", "Storage", "StorageSQLite", "Realtime", .nioCore, .nioPosix, .nioEmbedded, .nioHTTP1,
                .nioWebSocket, .hummingbird, .hummingbirdCore, .serviceLifecycle, .httpTypes, .logging,
            ]),
        .tests(
            "HTTPAPITests",
            [
                "Domain", "Wire", "Storage", "StorageSQLite", "Identity", "Assistant", "Realtime", "HTTPAPI",
                "Observability", .hummingbird, .hummingbirdTesting, .nioCore, .nioPosix, .httpTypes, .crypto, .logging,
                .metrics,
            ]),
        .tests(
            "ChatAPITests",
            [
                "ChatAPI", "Domain", "Wire", "Storage", "StorageSQLite", "StorageMySQL", "Cluster", "Assistant",
                "Realtime", "HTTPAPI", "Observability",
                .logging,
            ]),
    ]
)
