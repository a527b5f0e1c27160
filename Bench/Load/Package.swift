// swift-tools-version: 6.2
import PackageDescription

/// The same posture as the server's package.
let posture: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "bench-load",
    products: [.executable(name: "bench-load", targets: ["bench-load"])],
    targets: [
        // What Glibc's module does not show to Swift: epoll with nanoseconds, memmem, the timer slack.
        .target(name: "CLinux"),
        .target(name: "Load", dependencies: ["CLinux"], swiftSettings: posture),
        .testTarget(name: "LoadTests", dependencies: ["Load"], path: "Tests/LoadTests", swiftSettings: posture),
        .executableTarget(name: "bench-load", dependencies: ["Load"], swiftSettings: posture),
    ]
)
