import ArgumentParser
import Foundation
import ModelUpstream
import NIOPosix

/// The fake model as a process: `model-upstream --port 0` prints one line, `{"port":…,"control_port":…}`, and serves until
/// SIGTERM, or until its standard input closes, so that it does not outlive who started it.
@main
struct ModelUpstreamCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model-upstream",
        abstract: "A model provider that answers and fails as it is told.",
        discussion: "Prints its ports as one line of JSON. Ends on SIGTERM, or when its standard input closes.")

    @Option(help: "Port of the models; 0 for any that is free.")
    var port = 0

    @Option(help: "Port on which it takes orders; 0 for any that is free.")
    var controlPort = 0

    func run() async throws {
        // Tokens are to be on time even while orders are read.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let upstream = try await FakeUpstream.start(port: port, group: group)
        let control = try await ControlServer.start(upstream, port: controlPort)
        print("{\"port\":\(upstream.port),\"control_port\":\(control.port)}")
        fflush(nil)
        Thread.detachNewThread {
            while FileHandle.standardInput.availableData.count > 0 {}
            ModelUpstreamCommand.exit()
        }
        try await control.wait()
    }
}
