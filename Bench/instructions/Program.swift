import CCallgrind
import Dispatch
import Domain
import Foundation

/// `instruction-script STEP`: does one step of a fixed script under callgrind, and tells how many operations it counted.
///
/// The same seeds, clocks, texts and order in every run, so that the number of instructions is the same too. What prepares a
/// step is not counted. `Scripts/count-instructions` runs it; see there. Without arguments it lists the steps.
@main enum Program {
    static func main() {
        guard CommandLine.arguments.count == 2 else {
            for step in Step.allCases { print(step.rawValue) }
            return
        }
        // Not by an asynchronous main: its first thread ends in libdispatch with a call that Valgrind 3.19 does not survive.
        let hasEnded = DispatchSemaphore(value: 0)
        Task.detached {
            do {
                try await run(CommandLine.arguments[1])
            } catch {
                FileHandle.standardError.write(Data("instruction-script: \(error)\n".utf8))
                exit(1)
            }
            hasEnded.signal()
        }
        hasEnded.wait()
    }

    private static func run(_ name: String) async throws {
        guard let step = Step(rawValue: name) else { throw ScriptFault("there is no step \(name)") }
        let operations = try await step.run()
        guard operations > 0 else { throw ScriptFault("\(name) did nothing") }
        print(#"{"step": "\#(name)", "operations": \#(operations), "valgrind": \#(callgrind_depth() > 0)}"#)
    }
}

/// The parts of the server whose instructions are counted. Names stand in `Bench/instructions.json`.
enum Step: String, CaseIterable {
    case encodeForStaff = "encode-staff"
    case encodeForContact = "encode-contact"
    case decode
    case commit
    case commitSixteen = "commit-16"
    case fanOut = "fan-out-1000"
    case message
    case retrieval

    /// - Returns: operations that were counted.
    func run() async throws -> Int {
        switch self {
        case .encodeForStaff: EncodingStep(viewer: .staff).run()
        case .encodeForContact: EncodingStep(viewer: .contact).run()
        case .decode: try await DecodingStep().run()
        case .commit: try await CommitStep(batch: 1, rounds: 32).run()
        case .commitSixteen: try await CommitStep(batch: 16, rounds: 8).run()
        case .fanOut: try await FanOutStep().run()
        case .message: try await MessageStep().run()
        case .retrieval: try RetrievalStep().run()
        }
    }
}

/// Counting, between ``open()`` and ``close()``: of all threads, and once in a process.
enum Window {
    static func open() { callgrind_start() }
    static func close() { callgrind_stop() }
}

/// The script could not do what it is for.
struct ScriptFault: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
