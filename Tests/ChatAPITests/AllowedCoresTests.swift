import NIOCore
import Testing

@testable import ChatAPI

@Suite("Allowed cores")
struct AllowedCoresTests {
    @Test(
        "The list of the scheduler is counted",
        arguments: [("0", 1), ("1", 1), ("0-1", 2), ("0-3,8", 5), ("0-3,8-11,31", 9)])
    func countsTheList(list: String, number: Int) {
        let status = "Name:\tchat-api\nCpus_allowed:\tff\nCpus_allowed_list:\t\(list)\nMems_allowed_list:\t0\n"
        #expect(AllowedCores.number(inStatus: status) == number)
    }

    @Test("What is not understood counts for nothing", arguments: ["", "x", "3-1", "1-2-3", "-", "0-99999999999"])
    func refusesOthers(list: String) {
        #expect(AllowedCores.number(inStatus: "Cpus_allowed_list:\t\(list)\n") == nil)
        #expect(AllowedCores.number(inStatus: "Cpus_allowed:\t1\n") == nil)
    }

    @Test("There is at least one, and never more than the machine has")
    func isBoundedByTheMachine() {
        #expect((1...System.coreCount).contains(AllowedCores.count))
    }
}
