import Foundation

/// Where a verb prints and asks.
struct Console: Sendable {
    var print: @Sendable (String) -> Void
    var printError: @Sendable (String) -> Void
    /// The first line of standard input, without its end; nil when there is none.
    var readLine: @Sendable () -> String?
    /// Asks on the terminal, without showing what is typed; nil when there is no terminal.
    var askSecretly: @Sendable (_ prompt: String) -> String?

    /// That of the process.
    static let process = Console(
        print: { write($0, to: .standardOutput) },
        printError: { write($0, to: .standardError) },
        readLine: { Swift.readLine(strippingNewline: true) },
        askSecretly: HiddenInput.ask)

    private static func write(_ text: String, to handle: FileHandle) {
        // A closed pipe is no reason to fail: whoever closed it has read enough.
        try? handle.write(contentsOf: Data("\(text)\n".utf8))
    }
}
